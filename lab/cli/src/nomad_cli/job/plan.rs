//! `nomad job plan`

use serde_json::{Value as Json, json};

use super::diff::Diff;
use super::file::JobFile;
use crate::nomad_cli::allocation::placement;
use crate::nomad_cli::command::{Arity, Command, General, Outcome};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
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
        text.push_str("- WARNING: Failed to place all allocations.\n");
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

fn submit(session: &Session<'_>, plan: &Json) -> String {
    let index = plan.number("JobModifyIndex");
    let mut flags = String::new();
    if session.is_set("json") {
        flags.push_str("-json ");
    }
    for flag in ["var", "var-file"] {
        for value in session.flags.texts(flag) {
            flags.push_str(&format!("-{flag}={value:?} "));
        }
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
