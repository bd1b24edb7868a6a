//! `nomad job run`

use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::file::JobFile;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::monitor;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::shape;
use crate::nomad_cli::wording::time_text;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "job run",
    synopsis: "Run a new job or update an existing job",
    usage: "[options] <path>",
    flags: &[
        ("check-index", Takes::Text, "Only where the job's index is this one; 0 where there must be no job."),
        ("detach", Takes::Bool, "Do not wait; print the evaluation."),
        ("eval-priority", Takes::Integer, "The priority of the evaluation."),
        ("json", Takes::Bool, "The file is JSON."),
        ("hcl2-strict", Takes::Bool, "Variable files may only set variables that there are. On by default."),
        ("output", Takes::Bool, "Print the job as JSON and send nothing."),
        ("policy-override", Takes::Bool, "Has no effect here."),
        ("preserve-counts", Takes::Bool, "Leave the counts that groups have."),
        ("preserve-resources", Takes::Bool, "Leave the resources that tasks have."),
        ("consul-namespace", Takes::Text, "The namespace in Consul."),
        ("vault-namespace", Takes::Text, "The namespace in Vault."),
        ("var", Takes::Text, "NAME=VALUE of a variable; may be given several times."),
        ("var-file", Takes::Text, "A file of variables; may be given several times."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
        ("ui", Takes::Bool, "Say where the browser finds it."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <path>"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let file = JobFile::read(session, session.argument(0))?;
    if session.is_set("output") {
        let job = shape::written(&shape::fill(&file.job, "api.Job"), "api.Job", 1);
        session.say(format!("{{\n    \"Job\": {job}\n}}"));
        return Ok(0);
    }
    let mut body = json!({ "Job": file.job, "Submission": file.submission });
    if let Some(body) = body.as_object_mut() {
        options(session, body)?;
    }
    let answer = session.api()?.put("/v1/jobs", &file.query(), &body).map_err(refused)?;
    warn(session, answer.text("Warnings"));
    let (job, evaluation) = (&file.job, answer.text("EvalID"));
    let is_parameterized = !job.at("ParameterizedJob").is_null();
    let is_periodic = !job.at("Periodic").is_null();
    if !session.is_set("detach") && !is_parameterized && !is_periodic {
        if let Some(hint) = hint(session, job) {
            session.warn(format!("{hint}\n"));
        }
        return monitor::evaluation(session, evaluation);
    }
    session.say("Job registration successful");
    if is_periodic && !is_parameterized {
        let now = session.api()?.client().machine().clock.now();
        if let Some(next) = next_launch(job, now) {
            let wait = std::time::Duration::from_secs(
                u64::try_from((next - now).whole_seconds()).unwrap_or_default(),
            );
            let wait = lab_world::format_duration(wait);
            session.say(format!("Approximate next launch time: {} ({wait} from now)", time_text(next)));
        }
    } else if !is_parameterized {
        session.say(format!("Evaluation ID: {evaluation}"));
    }
    if let Some(hint) = hint(session, job) {
        session.warn(hint);
    }
    Ok(0)
}

fn options(session: &Session<'_>, body: &mut serde_json::Map<String, Json>) -> Result<(), Fault> {
    let index = session.text("check-index");
    if session.flags.text("check-index").is_some() && !index.is_empty() {
        let parsed: u64 = index.parse().map_err(|_| {
            Fault::Told(format!(
                "Error parsing check-index value {index:?}: strconv.ParseUint: parsing {index:?}: invalid syntax"
            ))
        })?;
        body.insert("EnforceIndex".to_owned(), true.into());
        body.insert("JobModifyIndex".to_owned(), parsed.into());
    }
    for (flag, field) in [
        ("policy-override", "PolicyOverride"),
        ("preserve-counts", "PreserveCounts"),
        ("preserve-resources", "PreserveResources"),
    ] {
        if session.is_set(flag) {
            body.insert(field.to_owned(), true.into());
        }
    }
    if let Ok(priority) = session.text("eval-priority").parse::<i64>() {
        body.insert("EvalPriority".to_owned(), priority.into());
    }
    Ok(())
}

/// Why the server did not take the job.
fn refused(problem: String) -> Fault {
    let enforced = "Enforcing job modify index ";
    match problem.find(enforced) {
        Some(at) => Fault::Told(format!("{}\nJob not updated", problem[at..].trim_end_matches(')'))),
        None => Fault::Told(format!("Error submitting job: {problem}")),
    }
}

/// Shows what the server finds questionable in a job.
pub(super) fn warn(session: &Session<'_>, warnings: &str) {
    if !warnings.is_empty() {
        session.say(session.style(&format!("Job Warnings:\n{warnings}"), "1;33"));
        session.say("");
    }
}

fn hint(session: &Session<'_>, job: &Json) -> Option<String> {
    let namespace = match job.text("Namespace") {
        "" => session.api().map_or("default", |api| api.namespace()),
        namespace => namespace,
    };
    session.hint_text("View this job", &format!("/ui/jobs/{}@{namespace}", job.text("ID")))
}

/// When a periodic job runs next after `now`; none where it never does.
pub(super) fn next_launch(job: &Json, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let periodic = job.at("Periodic");
    let mut specs = periodic.texts("Specs");
    if !periodic.text("Spec").is_empty() {
        specs.push(periodic.text("Spec"));
    }
    specs.into_iter().filter_map(|spec| crate::nomad_cli::cron::next(spec, now)).min()
}

/// The evaluation that a command has caused, or what is said where nobody waits for it.
pub(super) fn conclude(session: &Session<'_>, done: &str, evaluation: &str) -> Outcome {
    if evaluation.is_empty() {
        return fail("no evaluation came of it");
    }
    if session.is_set("detach") {
        session.say(format!("{done}Evaluation ID: {evaluation}"));
        return Ok(0);
    }
    monitor::evaluation(session, evaluation)
}
