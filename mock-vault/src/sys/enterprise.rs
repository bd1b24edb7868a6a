//! Paths that only an Enterprise server serves: the Community Edition says so.

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, respond};
use crate::state::State;

const NAME: &[Field] = &[Field::text("name")];

/// The endpoints of what is not there.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("control-group/authorize", &[], &[(Update, refuse)]).open(),
    Endpoint::new("control-group/request", &[], &[(Update, refuse)]).open(),
    Endpoint::new("license/status", &[], &[(Read, refuse)]),
    Endpoint::new("namespaces/?", &[], &[(List, refuse)]),
    Endpoint::new(
        "namespaces/{name+}",
        &[NAME],
        &[(Read, refuse), (Update, refuse), (Patch, refuse), (Delete, refuse)],
    )
    .open(),
    Endpoint::new("policies/egp/?", &[], &[(List, refuse)]),
    Endpoint::new("policies/egp/{name}", &[NAME], &[(Read, refuse), (Update, refuse), (Delete, refuse)])
        .open(),
    Endpoint::new("policies/rgp/?", &[], &[(List, refuse)]),
    Endpoint::new("policies/rgp/{name}", &[NAME], &[(Read, refuse), (Update, refuse), (Delete, refuse)])
        .open(),
    Endpoint::new("mfa/method/?", &[], &[(List, refuse)]),
    Endpoint::new("quotas/lease-count/?", &[], &[(List, refuse)]),
    Endpoint::new(
        "quotas/lease-count/{name}",
        &[NAME],
        &[(Read, refuse), (Update, refuse), (Delete, refuse)],
    )
    .open(),
    Endpoint::new("replication/performance/status", &[], &[(Read, refuse)]),
    Endpoint::new("replication/dr/status", &[], &[(Read, refuse)]),
    Endpoint::new(
        "managed-keys/{type}/{name}",
        &[NAME],
        &[(Read, refuse), (Update, refuse), (Delete, refuse)],
    )
    .open(),
    Endpoint::new("reporting/scan", &[], &[(Update, refuse)]).open(),
    Endpoint::new("config/group-policy-application", &[], &[(Read, refuse), (Update, refuse)]).open(),
    Endpoint::new(
        "replication/status",
        &[],
        &[(Read, |_, _| respond(serde_json::json!({"mode": "disabled"})))],
    ),
    Endpoint::new("activation-flags", &[], &[(Read, |_, _| respond(serde_json::json!({"activated": []})))]),
];

fn refuse(_: &mut State, _: &Call<'_>) -> Outcome {
    Err(Refusal::Plain { status: 404, text: "enterprise-only feature".into() })
}
