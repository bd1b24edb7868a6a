//! `nomad job status`

use serde_json::{Value as Json, json};

use super::list;
use crate::nomad_cli::allocation;
use crate::nomad_cli::allocation::placement;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::deployment;
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{limit, moment_of, nano_text, or, pairs, table, time_text};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "job status",
    synopsis: "Display status information about a job",
    usage: "[options] <job>",
    flags: &[
        ("short", Takes::Bool, "Show less of a single job."),
        ("evals", Takes::Bool, "Show its evaluations."),
        ("all-allocs", Takes::Bool, "Show the allocations of jobs of the same name that were there before."),
        ("verbose", Takes::Bool, "Show everything."),
        ("ui", Takes::Bool, "Say where the browser finds it."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(0, 1, "This command takes either no arguments or one: <job>"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let is_list = session.arguments().is_empty();
    let jobs: Vec<Json> = if is_list {
        let jobs = api.get("/v1/jobs", &[]).map_err(Fault::of("Error querying jobs"))?;
        items(&jobs).to_vec()
    } else {
        vec![lookup::job(api, session.argument(0))?]
    };
    if session.is_formatted() {
        let whole: Result<Vec<Json>, Fault> = jobs.iter().map(|job| everything(session, job)).collect();
        return session.formatted(&Json::Array(whole?), "[]command.JobJson");
    }
    if !is_list {
        return show(session, &jobs[0]);
    }
    if jobs.is_empty() {
        session.say("No running jobs");
    } else {
        session.say(list::lines(&jobs, api.namespace() == "*"));
    }
    session.hint("View and manage Nomad jobs", "/ui/jobs");
    Ok(0)
}

/// What `-json` has of a job.
fn everything(session: &Session<'_>, job: &Json) -> Result<Json, Fault> {
    let api = session.api()?;
    let path = super::path(job.text("ID"));
    let query = [("namespace", job.text("Namespace"))];
    let get = |end: &str, doing: &str| api.get(&format!("{path}{end}"), &query).map_err(Fault::of(doing));
    let latest_first = |list: Json| {
        let mut sorted = items(&list).to_vec();
        sorted.sort_by_key(|one| std::cmp::Reverse(one.number("CreateIndex")));
        Json::Array(sorted)
    };
    Ok(json!({
        "Summary": get("/summary", "Error querying job summary")?,
        "Allocations": latest_first(get("/allocations", "Error querying job allocations")?),
        "LatestDeployment": get("/deployment", "Error querying latest job deployment")?,
        "Evaluations": latest_first(get("/evaluations", "Error querying job evaluations")?),
    }))
}

/// Shows one job.
pub(in crate::nomad_cli) fn show(session: &Session<'_>, stub: &Json) -> Outcome {
    let api = session.api()?;
    let query = [("namespace", stub.text("Namespace"))];
    let job = api.get(&super::path(stub.text("ID")), &query).map_err(Fault::of("Error querying job"))?;
    let periodic = job.at("Periodic");
    let is_periodic = !periodic.is_null();
    let is_parameterized = !job.at("ParameterizedJob").is_null();
    let mut basics = vec![
        format!("ID|{}", job.text("ID")),
        format!("Name|{}", job.text("Name")),
        format!("Submit Date|{}", nano_text(job.number("SubmitTime"))),
        format!("Type|{}", job.text("Type")),
        format!("Priority|{}", job.number("Priority")),
        format!("Datacenters|{}", job.texts("Datacenters").join(",")),
        format!("Namespace|{}", job.text("Namespace")),
        format!("Node Pool|{}", job.text("NodePool")),
        format!("Status|{}", list::status(job.text("Status"), job.truth("Stop"))),
        format!("Periodic|{is_periodic}"),
        format!("Parameterized|{is_parameterized}"),
    ];
    if is_periodic && !is_parameterized && !job.truth("Stop") {
        basics.push(format!("Next Periodic Launch|{}", next_launch(session, &job)?));
    }
    basics.extend(tag(&job));
    session.say(pairs(&basics));
    if !session.is_set("short") {
        if is_periodic && !is_parameterized {
            children(session, &job, false)?;
        } else if is_parameterized {
            children(session, &job, true)?;
        } else {
            placed(session, &job)?;
        }
    }
    let path = format!("/ui/jobs/{}@{}", job.text("ID"), job.text("Namespace"));
    session.hint("View job details and metrics", &path);
    Ok(0)
}

fn tag(job: &Json) -> Option<String> {
    let tag = job.at("VersionTag");
    (!tag.is_null()).then(|| format!("Version Tag|{}", tag.text("Name")))
}

/// When a periodic job runs next, as its agent reckons.
fn next_launch(session: &Session<'_>, job: &Json) -> Result<String, Fault> {
    if job.at("Periodic").at("Enabled").as_bool() == Some(false) {
        return Ok("none (disabled)".to_owned());
    }
    let api = session.api()?;
    let now = api.client().machine().clock.now();
    Ok(match super::run::next_launch(job, now) {
        None => "none".to_owned(),
        Some(next) => {
            let wait = std::time::Duration::from_secs(
                u64::try_from((next - now).whole_seconds()).unwrap_or_default(),
            );
            format!("{} ({} from now)", time_text(next), lab_world::format_duration(wait))
        }
    })
}

fn summary_of(session: &Session<'_>, job: &Json) -> Result<Json, Fault> {
    let query = [("namespace", job.text("Namespace"))];
    session
        .api()?
        .get(&format!("{}/summary", super::path(job.text("ID"))), &query)
        .map_err(Fault::of("Error querying job summary"))
}

/// Shows what a periodic or a parameterized job has started.
fn children(session: &Session<'_>, job: &Json, is_parameterized: bool) -> Result<(), Fault> {
    if is_parameterized {
        let settings = job.at("ParameterizedJob");
        let keys = |field: &str| or(&settings.texts(field).join(", "), "<none>").to_owned();
        session.say(format!("\n{}", session.bold("Parameterized Job")));
        session.say(pairs(&[
            format!("Payload|{}", or(settings.text("Payload"), "<none>")),
            format!("Required Metadata|{}", keys("MetaRequired")),
            format!("Optional Metadata|{}", keys("MetaOptional")),
        ]));
    }
    let summary = summary_of(session, job)?;
    let counted = summary.at("Children");
    if !counted.is_null() {
        let title = if is_parameterized { "Parameterized Job Summary" } else { "Children Job Summary" };
        session.say(format!("\n{}", session.bold(title)));
        session.say(table(&[
            "Pending|Running|Dead".to_owned(),
            format!("{}|{}|{}", counted.number("Pending"), counted.number("Running"), counted.number("Dead")),
        ]));
    }
    let (kind, title, none) = match is_parameterized {
        true => ("dispatch", "Dispatched Jobs", "No dispatched instances of parameterized job found"),
        false => ("periodic", "Previously Launched Jobs", "No instances of periodic job found"),
    };
    let prefix = format!("{}/{kind}", job.text("ID"));
    let query = [("namespace", job.text("Namespace")), ("prefix", prefix.as_str())];
    let found = session.api()?.get("/v1/jobs", &query).map_err(Fault::of("Error querying job"))?;
    let of_job: Vec<&Json> =
        items(&found).iter().filter(|one| one.text("ParentID") == job.text("ID")).collect();
    if of_job.is_empty() {
        session.say(format!("\n{none}"));
        return Ok(());
    }
    let mut lines = vec!["ID|Status".to_owned()];
    lines.extend(of_job.iter().map(|one| format!("{}|{}", one.text("ID"), one.text("Status"))));
    session.say(format!("\n{}\n{}", session.bold(title), table(&lines)));
    Ok(())
}

/// Shows the groups of a job, what failed, its deployment and its allocations.
fn placed(session: &Session<'_>, job: &Json) -> Result<(), Fault> {
    let api = session.api()?;
    let query = [("namespace", job.text("Namespace"))];
    let path = super::path(job.text("ID"));
    let summary = summary_of(session, job)?;
    session.say(format!("\n{}", session.bold("Summary")));
    session.say(groups(&summary));
    let all = if session.is_set("all-allocs") { "true" } else { "false" };
    let allocations = api
        .get(&format!("{path}/allocations"), &[("all", all), query[0]])
        .map_err(Fault::of("Error querying job allocations"))?;
    let evaluations = api
        .get(&format!("{path}/evaluations"), &query)
        .map_err(Fault::of("Error querying job evaluations"))?;
    let deployment = api
        .get(&format!("{path}/deployment"), &query)
        .map_err(Fault::of("Error querying latest job deployment"))?;
    let length = session.id_length();
    let mut sorted = items(&evaluations).to_vec();
    sorted.sort_by_key(|one| std::cmp::Reverse(one.number("CreateIndex")));
    if session.is_set("verbose") || session.is_set("evals") {
        session.say(format!("\n{}", session.bold("Evaluations")));
        session.say(lookup::evaluations(&sorted, length));
    }
    let latest = sorted.first();
    let blocked = sorted.iter().find(|one| one.text("Status") == "blocked");
    if let Some(evaluation) =
        latest.filter(|one| !one.entries("FailedTGAllocs").is_empty() || blocked.is_some())
        && let Some(failed) = [Some(evaluation), blocked]
            .into_iter()
            .flatten()
            .find(|one| !one.entries("FailedTGAllocs").is_empty())
    {
        session.say(format!("\n{}", session.bold("Placement Failure")));
        failures(session, failed);
    }
    reschedules(session, &allocations, job)?;
    if !deployment.is_null() {
        session.say(format!("\n{}", session.bold("Latest Deployment")));
        let lines = [
            format!("ID|{}", limit(deployment.text("ID"), length)),
            format!("Status|{}", deployment.text("Status")),
            format!("Description|{}", deployment.text("StatusDescription")),
        ];
        session.say(pairs(&lines));
        if !deployment.entries("TaskGroups").is_empty() {
            session.say(format!("\n{}", session.bold("Deployed")));
            session.say(deployment::groups(&deployment));
        }
    }
    let now = api.client().machine().clock.now();
    session.say(format!("\n{}", session.bold("Allocations")));
    session.say(allocation::list::stubs(items(&allocations), length, now));
    Ok(())
}

/// How many allocations of each group are in which state.
fn groups(summary: &Json) -> String {
    let mut lines = vec!["Task Group|Queued|Starting|Running|Failed|Complete|Lost|Unknown".to_owned()];
    for (name, group) in summary.entries("Summary") {
        let fields = ["Queued", "Starting", "Running", "Failed", "Complete", "Lost", "Unknown"];
        let counts = fields.map(|field| group.number(field).to_string());
        lines.push(format!("{name}|{}", counts.join("|")));
    }
    table(&lines)
}

fn failures(session: &Session<'_>, evaluation: &Json) {
    for (index, (name, metrics)) in evaluation.entries("FailedTGAllocs").into_iter().enumerate() {
        if index > 0 {
            session.say("");
        }
        session.say(format!("Task Group {name:?}:\n{}", placement::reasons(metrics, false, "  ")));
    }
}

/// Shows which groups wait to be placed again.
fn reschedules(session: &Session<'_>, allocations: &Json, job: &Json) -> Result<(), Fault> {
    let api = session.api()?;
    let now = api.client().machine().clock.now();
    let mut lines = Vec::new();
    for group in job.list("TaskGroups") {
        let name = group.text("Name");
        for allocation in items(allocations) {
            let follow_up = allocation.text("FollowupEvalID");
            if allocation.text("TaskGroup") != name
                || follow_up.is_empty()
                || !allocation.text("NextAllocation").is_empty()
            {
                continue;
            }
            let Ok(evaluation) = api.get(&format!("/v1/evaluation/{follow_up}"), &[]) else { continue };
            let Some(until) = moment_of(evaluation.at("WaitUntil")).filter(|until| *until > now) else {
                continue;
            };
            let nanoseconds = i64::try_from(until.unix_timestamp_nanos()).unwrap_or_default();
            let wait = crate::nomad_cli::wording::time_since(nanoseconds, now);
            lines.push(format!("{name}|{}|{}|{wait}", limit(allocation.text("ID"), 8), limit(follow_up, 8)));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, "Task Group|Alloc ID|Eval ID|Eval Time".to_owned());
        session.say(format!("\n{}\n{}", session.bold("Future Rescheduling Attempts"), table(&lines)));
    }
    Ok(())
}
