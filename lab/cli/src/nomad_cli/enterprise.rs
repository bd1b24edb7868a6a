//! What belongs to Nomad Enterprise: the agents of the Community Edition refuse it, each command in its own words.

use serde_json::json;

use super::command::{Arity, Command, Fault, General, Outcome, Setting, fail};
use super::session::Session;
use crate::stand_in::Takes;

const FORM: [Setting; 2] =
    [("json", Takes::Bool, "As JSON."), ("t", Takes::Text, "As a Go template has it.")];
const ONE_QUOTA: Arity = Arity::Counted(1, 1, "This command takes one argument: <quota>");
const ONE_POLICY: Arity = Arity::Counted(1, 1, "This command takes one argument: <name>");

const fn command(name: &'static str, synopsis: &'static str, run: fn(&Session<'_>) -> Outcome) -> Command {
    Command {
        name,
        synopsis,
        usage: "[options]",
        flags: &[],
        general: General::Client,
        arity: Arity::Any,
        run,
    }
}

pub(super) const LICENSE_GET: Command =
    command("license get", "Retrieve the current Nomad Enterprise License", |session| {
        let told = asked(session, "/v1/operator/license", &[]).to_string();
        // The Community Edition answers that there is no content.
        let is_empty = told == "Unexpected response code: 204";
        fail(format!(
            "Error getting license: {}",
            if is_empty { "Nomad Enterprise only endpoint" } else { &told }
        ))
    });
pub(super) const QUOTA_DELETE: Command = Command {
    usage: "[options] <quota>",
    arity: ONE_QUOTA,
    ..command("quota delete", "Delete a quota specification", |session| {
        let path = format!("/v1/quota/{}", session.argument(0));
        let deleted = session.api()?.delete(&path, &[]).err().unwrap_or_else(unknown);
        fail(format!("Error deleting quota: {deleted}"))
    })
};
pub(super) const QUOTA_INSPECT: Command = Command {
    usage: "[options] <quota>",
    flags: &FORM,
    arity: ONE_QUOTA,
    ..command("quota inspect", "Inspect a quota specification", one_quota)
};
pub(super) const QUOTA_LIST: Command = Command {
    flags: &FORM,
    arity: Arity::NONE,
    ..command("quota list", "List quota specifications", |session| {
        fail(format!("Error retrieving quotas: {}", asked(session, "/v1/quotas", &[])))
    })
};
pub(super) const QUOTA_STATUS: Command = Command {
    usage: "[options] <quota>",
    flags: &FORM,
    arity: ONE_QUOTA,
    ..command("quota status", "Display a quota's status and current usage", one_quota)
};
pub(super) const RECOMMENDATION_APPLY: Command = Command {
    usage: "[options] <recommendation_ids>",
    arity: SOME_RECOMMENDATIONS,
    ..command("recommendation apply", "Apply one or more Nomad recommendations", |session| {
        change(session, "Apply", "applying")
    })
};
pub(super) const RECOMMENDATION_DISMISS: Command = Command {
    usage: "[options] <recommendation_ids>",
    arity: SOME_RECOMMENDATIONS,
    ..command("recommendation dismiss", "Dismiss one or more Nomad recommendations", |session| {
        change(session, "Dismiss", "dismissing")
    })
};
pub(super) const RECOMMENDATION_INFO: Command = Command {
    usage: "[options] <recommendation_id>",
    flags: &FORM,
    arity: Arity::Counted(1, 1, "This command takes one argument: <recommendation_id>"),
    ..command("recommendation info", "Display an individual Nomad recommendation", |session| {
        let path = format!("/v1/recommendation/{}", session.argument(0));
        fail(format!("Error reading recommendation: {}", asked(session, &path, &[])))
    })
};
pub(super) const RECOMMENDATION_LIST: Command = Command {
    flags: &FORM,
    ..command("recommendation list", "Display all Nomad recommendations", |session| {
        told_and_passed_over(session, "recommendation list");
        fail(format!("Error listing recommendations: {}", asked(session, "/v1/recommendations", &[])))
    })
};
pub(super) const SENTINEL_DELETE: Command = Command {
    usage: "[options] <name>",
    arity: ONE_POLICY,
    ..command("sentinel delete", "Delete an existing Sentinel policy", |session| {
        let path = format!("/v1/sentinel/policy/{}", session.argument(0));
        let deleted = session.api()?.delete(&path, &[]).err().unwrap_or_else(unknown);
        fail(format!("Error deleting Sentinel policy: {deleted}"))
    })
};
pub(super) const SENTINEL_LIST: Command =
    command("sentinel list", "Display all Sentinel policies", |session| {
        told_and_passed_over(session, "sentinel list");
        fail(format!("Error listing Sentinel policies: {}", asked(session, "/v1/sentinel/policies", &[])))
    });
pub(super) const SENTINEL_READ: Command = Command {
    usage: "[options] <name>",
    flags: &[("raw", Takes::Bool, "The policy alone.")],
    arity: ONE_POLICY,
    ..command("sentinel read", "Inspects an existing Sentinel policies", |session| {
        let path = format!("/v1/sentinel/policy/{}", session.argument(0));
        fail(format!("Error querying Sentinel policy: {}", asked(session, &path, &[])))
    })
};

const SOME_RECOMMENDATIONS: Arity =
    Arity::Counted(1, usize::MAX, "This command takes at least one argument: <recommendation_id>");

fn one_quota(session: &Session<'_>) -> Outcome {
    let query = [("prefix", session.argument(0))];
    fail(format!("Error retrieving quota: {}", asked(session, "/v1/quotas", &query)))
}

fn change(session: &Session<'_>, field: &str, doing: &str) -> Outcome {
    let body = json!({ field: session.arguments() });
    let changed = session.api()?.post("/v1/recommendations/apply", &[], &body).err().unwrap_or_else(unknown);
    fail(format!("Error {doing} recommendations: {changed}"))
}

/// Arguments that there should not be, which are told and passed over.
fn told_and_passed_over(session: &Session<'_>, name: &str) {
    if !session.arguments().is_empty() {
        session.warn("This command takes no arguments");
        session.warn(format!("For additional help try 'nomad {name} -help'"));
    }
}

/// Why there is no answer.
fn asked(session: &Session<'_>, path: &str, query: &[(&str, &str)]) -> Fault {
    match session.api() {
        Ok(api) => Fault::Told(api.get(path, query).err().unwrap_or_else(unknown)),
        Err(fault) => fault,
    }
}

/// What is said of an answer all the same: a server of Nomad Enterprise gave it.
fn unknown() -> String {
    "the lab's nomad shows nothing of Nomad Enterprise".to_owned()
}
