//! `nomad job plan`

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::diff::Diff;
use super::file::JobFile;
use crate::nomad_cli::allocation::placement;
use crate::nomad_cli::command::{Arity, Command, General, Outcome};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::table;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "job plan",
    synopsis: "Dry-run a job update to determine its effects",
    usage: "[options] <path>",
    flags: &[
        ("diff", Takes::Bool, "Show what would change. On by default."),
        ("json", Takes::Bool, "The file is JSON."),
        ("hcl2-strict", Takes::Bool, "Variable files may only set variables that there are. On by default."),
        ("policy-override", Takes::Bool, "Has no effect here."),
        ("verbose", Takes::Bool, "Show everything."),
        ("vault-namespace", Takes::Text, "The namespace in Vault."),
        ("var", Takes::Text, "NAME=VALUE of a variable; may be given several times."),
        ("var-file", Takes::Text, "A file of variables; may be given several times."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

/// What the program ends with when there was no plan at all.
pub(in crate::nomad_cli) const NO_PLAN: u8 = 255;

fn run(session: &Session<'_>) -> Outcome {
    if session.arguments().len() != 1 {
        session.warn("This command takes one argument: <path>");
        session.warn("For additional help try 'nomad job plan -help'");
        return Ok(NO_PLAN);
    }
    let file = match JobFile::read(session, session.argument(0)) {
        Ok(file) => file,
        Err(fault) => {
            session.warn(fault.to_string());
            return Ok(NO_PLAN);
        }
    };
    let shows_diff = session.flags.text("diff") != Some("false");
    let body = json!({
        "Job": file.job,
        "Diff": shows_diff,
        "PolicyOverride": session.is_set("policy-override"),
    });
    let query = file.query();
    let path = format!("{}/plan", super::path(file.job.text("ID")));
    let plan = match session.api()?.put(&path, &query, &body) {
        Ok(plan) => plan,
        Err(problem) => {
            session.warn(format!("Error during plan: {problem}"));
            return Ok(NO_PLAN);
        }
    };
    if shows_diff {
        let diff = Diff { session, is_verbose: session.is_set("verbose") };
        session.say(format!("{}\n", diff.job(plan.at("Diff"))));
    }
    session.say(session.bold("Scheduler dry-run:"));
    session.say(dry_run(&plan, &file.job, session)?);
    if !plan.text("Warnings").is_empty() {
        session.say(session.style(&format!("Job Warnings:\n{}", plan.text("Warnings")), "1;33"));
        session.say("");
    }
    let preempted = plan.at("Annotations").list("PreemptedAllocs");
    if !preempted.is_empty() {
        session.say(session.style("Preemptions:\n", "1;33"));
        session.say(preemptions(preempted));
    }
    session.say(submit(session, &plan));
    Ok(exit_code(&plan))
}

fn dry_run(
    plan: &Json,
    job: &Json,
    session: &Session<'_>,
) -> Result<String, crate::nomad_cli::command::Fault> {
    let failed = plan.entries("FailedTGAllocs");
    let mut text = String::new();
    if failed.is_empty() {
        text.push_str("- All tasks successfully allocated.\n");
    } else {
        text.push_str(match job.text("Type") {
            "system" => "- WARNING: Failed to place allocations on all nodes.\n",
            _ => "- WARNING: Failed to place all allocations.\n",
        });
        for (group, metrics) in failed {
            let count = metrics.number("CoalescedFailures") + 1;
            let noun = if count > 1 { "allocations" } else { "allocation" };
            let reasons = placement::reasons(metrics, false, "    ");
            text.push_str(&format!(
                "  Task Group {group:?} (failed to place {count} {noun}):\n{reasons}\n\n"
            ));
        }
        text.pop();
    }
    if !job.at("Periodic").is_null() {
        let now = session.api()?.client().machine().clock.now();
        match super::run::next_launch(job, now) {
            None => text.push_str("- If submitted now, next periodic launch would be none.\n"),
            Some(next) => {
                let wait = lab_world::format_duration(std::time::Duration::from_secs(
                    u64::try_from((next - now).whole_seconds()).unwrap_or_default(),
                ));
                let next = crate::nomad_cli::wording::time_text(next);
                text.push_str(&format!(
                    "- If submitted now, next periodic launch would be at {next} ({wait} from now).\n"
                ));
            }
        }
    }
    Ok(text)
}

/// From how many allocations or jobs on they are counted instead of listed.
const MANY: usize = 10;

/// What would be put aside: each allocation, or how many of each job, or of each type of job.
fn preemptions(allocations: &[Json]) -> String {
    if allocations.len() < MANY {
        let mut lines = vec!["Alloc ID|Job ID|Task Group".to_owned()];
        lines.extend(
            allocations
                .iter()
                .map(|gone| format!("{}|{}|{}", gone.text("ID"), gone.text("JobID"), gone.text("TaskGroup"))),
        );
        return table(&lines);
    }
    let mut by_job: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut by_type: BTreeMap<&str, usize> = BTreeMap::new();
    for gone in allocations {
        *by_job.entry((gone.text("JobType"), gone.text("JobID"), gone.text("Namespace"))).or_default() += 1;
        *by_type.entry(gone.text("JobType")).or_default() += 1;
    }
    let mut lines = Vec::new();
    if by_job.len() < MANY {
        lines.push("Job ID|Namespace|Job Type|Preemptions".to_owned());
        let line = |((kind, id, namespace), count)| format!("{id}|{namespace}|{kind}|{count}");
        lines.extend(by_job.into_iter().map(line));
    } else {
        lines.push("Job Type|Preemptions".to_owned());
        lines.extend(by_type.into_iter().map(|(kind, count)| format!("{kind}|{count}")));
    }
    table(&lines)
}

fn submit(session: &Session<'_>, plan: &Json) -> String {
    let index = plan.number("JobModifyIndex");
    let mut flags = String::new();
    for flag in ["var", "var-file"] {
        for value in session.flags.texts(flag) {
            flags.push_str(&format!("-{flag}={value:?} "));
        }
    }
    if !session.text("namespace").is_empty() {
        flags.push_str(&format!("-namespace={:?} ", session.text("namespace")));
    }
    format!(
        "Job Modify Index: {index}\nTo submit the job with version verification run:\n\n\
         nomad job run -check-index {index} {flags}{}\n\n\
         When running the job with the check-index flag, the job will only be run if the\n\
         job modify index given matches the server-side version. If the index has\n\
         changed, another user has modified the job and the plan's results are\n\
         potentially invalid.",
        session.argument(0)
    )
}

fn exit_code(plan: &Json) -> u8 {
    if plan.at("Diff").text("Type") == "None" {
        return 0;
    }
    let changes = ["Stop", "Place", "Migrate", "DestructiveUpdate", "Canary"];
    let updates = plan.at("Annotations").entries("DesiredTGUpdates");
    let some = updates.iter().any(|(_, group)| changes.iter().any(|change| group.number(change) > 0));
    u8::from(some)
}
