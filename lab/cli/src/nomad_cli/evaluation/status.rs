//! `nomad eval status`

use serde_json::Value as Json;

use super::placement_failures;
use crate::nomad_cli::allocation::placement;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::lookup::{self, TOO_SHORT};
use crate::nomad_cli::monitor;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{age, limit, moment_of, or, pairs, table, uuid_prefix};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "eval status",
    synopsis: "Display evaluation status and placement failure reasons",
    usage: "[options] <evaluation>",
    flags: &[
        ("monitor", Takes::Bool, "Follow it to its end."),
        ("verbose", Takes::Bool, "Show everything."),
        ("ui", Takes::Bool, "Say where the browser finds it."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument"),
    run,
};

/// The one evaluation that an identifier means.
fn chosen(session: &Session<'_>) -> Result<Json, Fault> {
    let api = session.api()?;
    let prefix = session.argument(0);
    if prefix.len() == 1 {
        return fail(TOO_SHORT);
    }
    let doing = "Error querying evaluation";
    let found = api.get("/v1/evaluations", &[("prefix", uuid_prefix(prefix))]).map_err(Fault::of(doing))?;
    match items(&found) {
        [] => fail(format!("No evaluation(s) with prefix or id {prefix:?} found")),
        [only] => api
            .get(&format!("/v1/evaluation/{}", only.text("ID")), &[("related", "true")])
            .map_err(Fault::of(doing)),
        several => fail(format!(
            "Prefix matched multiple evaluations\n\n{}",
            lookup::evaluations(several, session.id_length())
        )),
    }
}

fn run(session: &Session<'_>) -> Outcome {
    let evaluation = chosen(session)?;
    if session.is_set("monitor") {
        return monitor::evaluation(session, evaluation.text("ID"));
    }
    if session.is_formatted() {
        return session.formatted(&evaluation, "*api.Evaluation");
    }
    show(session, &evaluation)
}

/// Shows one evaluation.
pub(in crate::nomad_cli) fn show(session: &Session<'_>, evaluation: &Json) -> Outcome {
    let length = session.id_length();
    session.say(basics(session, evaluation)?);
    let related = evaluation.list("RelatedEvals");
    if !related.is_empty() {
        let mut lines = vec!["ID|Priority|Triggered By|Node ID|Status|Description".to_owned()];
        lines.extend(related.iter().map(|one| {
            format!(
                "{}|{}|{}|{}|{}|{}",
                limit(one.text("ID"), length),
                one.number("Priority"),
                one.text("TriggeredBy"),
                or(limit(one.text("NodeID"), length), "<none>"),
                one.text("Status"),
                one.text("StatusDescription")
            )
        }));
        session.say(format!("\n{}\n{}", session.bold("Related Evaluations"), table(&lines)));
    }
    annotations(session, evaluation);
    placed(session, evaluation);
    let failed = evaluation.entries("FailedTGAllocs");
    if !failed.is_empty() {
        session.say(format!("\n{}", session.bold("Failed Placements")));
        for (group, metrics) in failed {
            let count = metrics.number("CoalescedFailures") + 1;
            let noun = if count > 1 { "allocations" } else { "allocation" };
            session.say(format!("Task Group {group:?} (failed to place {count} {noun}):"));
            session.say(placement::reasons(metrics, false, "  "));
            session.say("");
        }
        let blocked = evaluation.text("BlockedEval");
        if !blocked.is_empty() {
            let blocked = limit(blocked, length);
            session.say(format!("Evaluation {blocked:?} waiting for additional capacity to place remainder"));
        }
    }
    let path = format!("/ui/evaluations?currentEval={}", evaluation.text("ID"));
    session.hint("View evaluation details", &path);
    Ok(0)
}

fn basics(session: &Session<'_>, evaluation: &Json) -> Result<String, Fault> {
    let (length, is_verbose) = (session.id_length(), session.is_set("verbose"));
    let now = session.api()?.client().machine().clock.now();
    let text = |field: &str| evaluation.text(field);
    let id = |field: &str| or(limit(text(field), length), "<none>").to_owned();
    let failures = if matches!(text("Status"), "blocked" | "pending") {
        "N/A - In Progress".to_owned()
    } else {
        placement_failures(evaluation)
    };
    let mut lines = vec![
        format!("ID|{}", id("ID")),
        format!("Create Time|{}", age(evaluation.number("CreateTime"), is_verbose, now)),
        format!("Modify Time|{}", age(evaluation.number("ModifyTime"), is_verbose, now)),
        format!("Status|{}", text("Status")),
        format!("Status Description|{}", or(text("StatusDescription"), text("Status"))),
        format!("Type|{}", text("Type")),
        format!("TriggeredBy|{}", text("TriggeredBy")),
    ];
    if !text("JobID").is_empty() {
        lines.push(format!("Job ID|{}", text("JobID")));
        lines.push(format!("Namespace|{}", text("Namespace")));
    }
    if !text("NodeID").is_empty() && text("TriggeredBy").starts_with("node-") {
        lines.push(format!("Node ID|{}", id("NodeID")));
    }
    lines.push(format!("Priority|{}", evaluation.number("Priority")));
    lines.push(format!("Placement Failures|{failures}"));
    if let Some(until) = moment_of(evaluation.at("WaitUntil")) {
        lines.push(format!("Wait Until|{}", crate::nomad_cli::wording::time_text(until)));
    }
    lines.push(format!("Previous Eval|{}", id("PreviousEval")));
    lines.push(format!("Next Eval|{}", id("NextEval")));
    lines.push(format!("Blocked Eval|{}", id("BlockedEval")));
    Ok(pairs(&lines))
}

fn annotations(session: &Session<'_>, evaluation: &Json) {
    let groups = evaluation.at("PlanAnnotations").entries("DesiredTGUpdates");
    if groups.is_empty() {
        return;
    }
    const COLUMNS: [(&str, &str); 12] = [
        ("Ignore", "Ignore"),
        ("Place", "Place"),
        ("Stop", "Stop"),
        ("InPlace", "InPlaceUpdate"),
        ("Destructive", "DestructiveUpdate"),
        ("Migrate", "Migrate"),
        ("Canary", "Canary"),
        ("Preemptions", "Preemptions"),
        ("Reschedule Now", "RescheduleNow"),
        ("Reschedule Later", "RescheduleLater"),
        ("Disconnect", "Disconnect"),
        ("Reconnect", "Reconnect"),
    ];
    let shown = if session.is_set("verbose") { &COLUMNS[..] } else { &COLUMNS[..5] };
    let titles: Vec<&str> = shown.iter().map(|(title, _)| *title).collect();
    let mut lines = vec![format!("Task Group|{}", titles.join("|"))];
    for (name, group) in groups {
        let counts: Vec<String> = shown.iter().map(|(_, field)| group.number(field).to_string()).collect();
        lines.push(format!("{name}|{}", counts.join("|")));
    }
    session.say(format!("\n{}\n{}", session.bold("Plan Annotations"), table(&lines)));
}

fn placed(session: &Session<'_>, evaluation: &Json) {
    let Ok(api) = session.api() else { return };
    let path = format!("/v1/evaluation/{}/allocations", evaluation.text("ID"));
    let Ok(found) = api.get(&path, &[]) else { return };
    if items(&found).is_empty() {
        return;
    }
    let now = api.client().machine().clock.now();
    let list = crate::nomad_cli::allocation::list::placed(items(&found), session.id_length(), now);
    session.say(format!("\n{}\n{list}", session.bold("Placed Allocations")));
}
