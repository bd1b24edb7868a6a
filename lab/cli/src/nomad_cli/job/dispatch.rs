//! `nomad job dispatch`

use base64::Engine;
use serde_json::{Map, Value as Json, json};

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{limit, pairs};
use crate::nomad_cli::{lookup, monitor};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "job dispatch",
    synopsis: "Dispatch an instance of a parameterized job",
    usage: "[options] <parameterized job> [input source]",
    flags: &[
        ("meta", Takes::Text, "KEY=VALUE; may be given several times."),
        ("detach", Takes::Bool, "Do not wait; print the evaluation."),
        ("idempotency-token", Takes::Text, "Dispatch no second time with the same token."),
        ("id-prefix-template", Takes::Text, "What stands in the new job's name."),
        ("priority", Takes::Integer, "The priority of the new job."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
        ("ui", Takes::Bool, "Say where the browser finds it."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 2, "This command takes one or two argument: <parameterized job> [input source]"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let mut payload = Vec::new();
    if let Some(source) = session.arguments().get(1) {
        let read = match source.as_str() {
            "-" => std::io::Read::read_to_end(&mut std::io::stdin(), &mut payload).map(|_| ()),
            path => std::fs::read(path).map(|bytes| payload = bytes),
        };
        read.map_err(|error| {
            let path = std::path::Path::new(source);
            Fault::Told(format!(
                "Error reading input data: {}",
                crate::stand_in::file_error("open", path, &error)
            ))
        })?;
    }
    let mut meta = Map::new();
    for pair in session.flags.texts("meta") {
        match pair.split_once('=') {
            Some((key, value)) => meta.insert(key.to_owned(), value.into()),
            None => return fail(format!("Error parsing meta value: {pair}")),
        };
    }
    let api = session.api()?;
    let job = lookup::job_of_kind(api, session.argument(0), "parameterized job(s)", |job| {
        job.truth("ParameterizedJob")
    })?;
    let encoded = base64::engine::general_purpose::STANDARD.encode(&payload);
    let mut body = json!({
        "JobID": job.text("ID"),
        "Meta": if meta.is_empty() { Json::Null } else { meta.into() },
        "Payload": if payload.is_empty() { Json::Null } else { encoded.into() },
        "IdPrefixTemplate": session.text("id-prefix-template"),
    });
    if let (Ok(priority), Some(body)) = (session.text("priority").parse::<i64>(), body.as_object_mut()) {
        body.insert("Priority".to_owned(), priority.into());
    }
    let mut query = vec![("namespace", job.text("Namespace"))];
    if !session.text("idempotency-token").is_empty() {
        query.push(("idempotency_token", session.text("idempotency-token")));
    }
    let answer = api
        .put(&format!("{}/dispatch", super::path(job.text("ID"))), &query, &body)
        .map_err(Fault::of("Failed to dispatch job"))?;
    let evaluation = answer.text("EvalID");
    let mut lines = vec![format!("Dispatched Job ID|{}", answer.text("DispatchedJobID"))];
    if !evaluation.is_empty() {
        lines.push(format!("Evaluation ID|{}", limit(evaluation, session.id_length())));
    }
    session.say(pairs(&lines));
    if session.is_set("detach") || evaluation.is_empty() {
        return Ok(0);
    }
    session.say("");
    monitor::evaluation(session, evaluation)
}
