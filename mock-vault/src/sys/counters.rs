//! `sys/internal/counters`: how many clients and entities there are.

use serde_json::json;
use time::{Date, OffsetDateTime, Time};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::settings::Counting;
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("enabled").or_text("default"),
    Field::number("retention_months"),
    Field::number("default_report_months"),
];
const RANGE: &[Field] =
    &[Field::any("start_time"), Field::any("end_time"), Field::number("limit_namespaces")];

/// Before all times that can be asked for.
const NEVER: &str = "0001-01-01T00:00:00Z";

const PRESENT_MONTH: &str = "end_time parameter can only be used to specify a date until the end of previous month. The value \
    provided for this parameter was in the current month or in the future date and was therefore ignored. The response \
    includes data until the end of the previous month.";

/// The endpoints of the counters.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("internal/counters/config", &[FIELDS], &[(Read, read), (Update, write)]),
    Endpoint::new("internal/counters/entities", &[], &[(Read, entities)]),
    Endpoint::new("internal/counters/requests", &[], &[(Read, requests)]),
    Endpoint::new("internal/counters/activity", &[RANGE], &[(Read, activity)]),
    Endpoint::new("internal/counters/activity/monthly", &[], &[(Read, |_, _| nothing())]),
    Endpoint::new("internal/counters/activity/export", &[RANGE], &[(Read, |_, _| nothing())]),
];

fn read(state: &mut State, _: &Call<'_>) -> Outcome {
    let counting = state.settings.counting.get();
    let enabled = match counting.enabled.as_str() {
        "enable" => "enable",
        "disable" => "disable",
        _ => "default-disabled",
    };
    respond(json!({
        "billing_start_timestamp": NEVER, "enabled": enabled, "minimum_retention_months": 0,
        "queries_available": false, "reporting_enabled": false, "retention_months": counting.retention_months,
    }))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let mut counting: Counting = state.settings.counting.get().clone();
    if fields.has("enabled") {
        counting.enabled = match fields.text("enabled") {
            enabled @ ("default" | "enable" | "disable") => enabled.to_owned(),
            other => return Err(Refusal::Invalid(format!("unrecognized value for \"enabled\": {other}"))),
        };
    }
    if fields.has("retention_months") {
        counting.retention_months = fields.number("retention_months");
        if counting.retention_months < 0 {
            return Err(Refusal::invalid("retention_months must be greater than or equal to 0"));
        }
    }
    state.settings.counting.set(counting);
    Ok(Reply::Nothing)
}

fn entities(state: &mut State, _: &Call<'_>) -> Outcome {
    respond(json!({"counters": {"entities": {"total": state.identity.entities.len()}}}))
}

fn requests(_: &mut State, _: &Call<'_>) -> Outcome {
    Err(Refusal::Plain { status: 404, text: "The functionality has been removed on this path".into() })
}

/// Nobody is counted, as on a server of the Community Edition that is set up no further.
fn activity(_: &mut State, call: &Call<'_>) -> Outcome {
    let none = json!({
        "entity_clients": 0, "non_entity_clients": 0, "clients": 0, "secret_syncs": 0, "acme_clients": 0,
    });
    let response = Response::of(json!({
        "by_namespace": [], "end_time": lab_world::format_rfc3339(end_of_last_month(call.now())), "months": [],
        "start_time": NEVER, "total": none,
    }));
    Response { warnings: vec![PRESENT_MONTH.to_owned()], ..response }.ok()
}

fn end_of_last_month(now: OffsetDateTime) -> OffsetDateTime {
    let first = Date::from_calendar_date(now.year(), now.month(), 1).unwrap_or(now.date());
    first.with_time(Time::MIDNIGHT).assume_utc() - time::Duration::SECOND
}

fn nothing() -> Outcome {
    Response::raw(204, "application/json", "").ok()
}
