//! `nomad job inspect`

use serde_json::{Value as Json, json};

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::shape;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "job inspect",
    synopsis: "Inspect a submitted job",
    usage: "[options] <job>",
    flags: &[
        ("version", Takes::Text, "The job as it was at a version."),
        ("with-vars", Takes::Bool, "Show the variables that it was submitted with."),
        ("hcl", Takes::Bool, "Show the file that it was submitted as."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    if session.arguments().is_empty() && session.is_formatted() {
        let jobs = api.get("/v1/jobs", &[]).map_err(Fault::of("Error querying jobs"))?;
        return session.formatted(&jobs, "[]*api.JobListStub");
    }
    if session.arguments().len() != 1 {
        return misused("This command takes one argument: <job>");
    }
    let stub = lookup::job(api, session.argument(0))?;
    let query = [("namespace", stub.text("Namespace"))];
    let path = super::path(stub.text("ID"));
    let version = session.text("version");
    let job = if version.is_empty() {
        api.get(&path, &query).map_err(Fault::of("Error inspecting job"))?
    } else {
        at_version(session, &path, &query, version)?
    };
    if session.is_set("hcl") {
        let version = job.number("Version").to_string();
        let query = [query[0], ("version", version.as_str())];
        let submission = api
            .get(&format!("{path}/submission"), &query)
            .map_err(Fault::of("No job source available for job"))?;
        session.say(submission.text("Source"));
        return Ok(0);
    }
    let filled = shape::fill(&job, "*api.Job");
    match (session.is_set("json"), session.text("t")) {
        (true, template) if !template.is_empty() => fail("Both json and template formatting are not allowed"),
        (is_json, "") => {
            // Only without the flag it is what `job run -json` takes.
            let shown = if is_json { filled } else { json!({ "Job": filled }) };
            session.say(shape::sorted_keys(&shown, 4));
            Ok(0)
        }
        (_, template) => {
            session.say(session.rendered(template, &filled, "*api.Job")?);
            Ok(0)
        }
    }
}

fn at_version(
    session: &Session<'_>,
    path: &str,
    query: &[(&str, &str)],
    version: &str,
) -> Result<Json, Fault> {
    let number: i64 = version.parse().map_err(|_| {
        Fault::Told(format!(
            "Error parsing version value {version:?}: strconv.ParseUint: parsing {version:?}: invalid syntax"
        ))
    })?;
    let found = session
        .api()?
        .get(&format!("{path}/versions"), query)
        .map_err(Fault::of("Error retrieving job versions"))?;
    match items(found.at("Versions")).iter().find(|one| one.number("Version") == number) {
        Some(job) => Ok(job.clone()),
        None => {
            let id = session.argument(0);
            fail(format!("Error inspecting job: job {id:?} with version {version} couldn't be found"))
        }
    }
}
