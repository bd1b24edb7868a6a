//! `tidy`: throwing away what is long over.

use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Response, respond};
use crate::pki::engine::Pki;

const FIELDS: &[Field] = &[
    Field::flag("tidy_cert_store"),
    Field::flag("tidy_revoked_certs"),
    Field::flag("tidy_revocation_list"),
    Field::flag("tidy_revoked_cert_issuer_associations"),
    Field::flag("tidy_expired_issuers"),
    Field::flag("tidy_move_legacy_ca_bundle"),
    Field::flag("tidy_acme"),
    Field::flag("tidy_revocation_queue"),
    Field::flag("tidy_cross_cluster_revoked_certs"),
    Field::seconds("safety_buffer").or_number(259_200),
    Field::seconds("issuer_safety_buffer").or_number(31_536_000),
    Field::seconds("acme_account_safety_buffer").or_number(2_592_000),
    Field::seconds("revocation_queue_safety_buffer").or_number(172_800),
    Field::text("pause_duration").or_text("0s"),
];

/// The endpoints of tidying.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("tidy", &[FIELDS], &[(Update, tidy)]),
    Endpoint::new("tidy-cancel", &[], &[(Update, status)]),
    Endpoint::new("tidy-status", &[], &[(Read, status)]),
];

fn tidy(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let asked = [
        "tidy_cert_store",
        "tidy_revoked_certs",
        "tidy_revocation_list",
        "tidy_revoked_cert_issuer_associations",
        "tidy_expired_issuers",
        "tidy_move_legacy_ca_bundle",
        "tidy_acme",
        "tidy_revocation_queue",
        "tidy_cross_cluster_revoked_certs",
    ];
    if !asked.iter().any(|name| fields.flag(name)) {
        let warning = "Manual tidy requested but no tidy operations were set. Enable at least one tidy operation to be run (one of \
            tidy_cert_store / tidy_revoked_certs / tidy_revoked_cert_issuer_associations / tidy_expired_issuers / \
            tidy_move_legacy_ca_bundle / tidy_revocation_queue / tidy_cross_cluster_revoked_certs / tidy_acme).";
        return Response { status: Some(202), ..Response::warning(warning) }.ok();
    }
    let limit = call.now() - fields.duration("safety_buffer");
    if fields.flag("tidy_cert_store") {
        remove(pki, limit, false);
    }
    if fields.flag("tidy_revoked_certs") || fields.flag("tidy_revocation_list") {
        remove(pki, limit, true);
        pki.rebuild_crls(call.environment);
    }
    if fields.flag("tidy_expired_issuers") {
        expired_issuers(pki, call.now(), fields.duration("issuer_safety_buffer"));
    }
    let warning = "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.";
    Response { status: Some(202), ..Response::warning(warning) }.ok()
}

fn remove(pki: &mut Pki, limit: OffsetDateTime, revoked: bool) {
    let over: Vec<String> = pki
        .certificates
        .iter()
        .filter(|(_, stored)| stored.not_after < limit && stored.revoked.is_some() == revoked)
        .map(|(serial, _)| serial.clone())
        .collect();
    for serial in over {
        pki.certificates.remove(&serial);
    }
}

/// The default issuer stays, however old it is.
fn expired_issuers(pki: &mut Pki, now: OffsetDateTime, buffer: Duration) {
    let default = pki.defaults.get().issuer.clone();
    let over: Vec<String> = pki
        .issuers
        .values()
        .filter(|issuer| issuer.id != default && issuer.certificate.0.not_after() + buffer < now)
        .map(|issuer| issuer.id.clone())
        .collect();
    for id in over {
        pki.issuers.remove(&id);
    }
    pki.rebuild_chains();
}

/// Tidying is done within its request, so that nothing is ever running.
fn status(_: &mut Pki, _: &Call<'_>) -> Outcome {
    respond(json!({
        "state": "Inactive", "error": null, "time_started": null, "time_finished": null, "message": null,
        "cert_store_deleted_count": null, "revoked_cert_deleted_count": null, "missing_issuer_cert_count": null,
    }))
}
