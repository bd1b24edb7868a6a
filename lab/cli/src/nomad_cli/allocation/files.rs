//! `nomad alloc fs`

use serde_json::Value as Json;

use super::chosen;
use super::logs::Frames;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, misused};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{bytes, moment_of, table, time_text};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "alloc fs",
    synopsis: "Inspect the contents of an allocation directory",
    usage: "[options] <allocation> <path>",
    flags: &[
        ("H", Takes::Bool, "Sizes in bytes."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
        ("job", Takes::Bool, "Any running allocation of a job."),
        ("group", Takes::Text, "The group to choose from with -job."),
        ("stat", Takes::Bool, "What a file is, not what it holds."),
        ("f", Takes::Bool, "Go on with what comes."),
        ("tail", Takes::Bool, "Only the end: 10 lines unless -n or -c says how much."),
        ("n", Takes::Integer, "How many lines of the end."),
        ("c", Takes::Integer, "How many bytes of the end."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let by_job = session.is_set("job");
    match session.arguments().len() {
        0 => return misused(if by_job { "A job ID is required" } else { "An allocation ID is required" }),
        1 | 2 => {}
        _ => return misused("This command takes one or two arguments: <allocation> [<path>]"),
    }
    let path = if session.argument(1).is_empty() { "/" } else { session.argument(1) };
    let allocation = chosen(session, session.argument(0))?;
    let api = session.api()?;
    let id = allocation.text("ID");
    let query = [("namespace", allocation.text("Namespace")), ("path", path)];
    let file = api.get(&format!("/v1/client/fs/stat/{id}"), &query)?;
    if session.is_set("stat") {
        let line = format!("{}|{}", line(session, &file, Some(file.text("ContentType"))), name(&file));
        session.say(table(&["Mode|Size|Modified Time|Content Type|Name".to_owned(), line]));
        return Ok(0);
    }
    if file.truth("IsDir") {
        let files = api
            .get(&format!("/v1/client/fs/ls/{id}"), &query)
            .map_err(Fault::of("Error listing alloc dir"))?;
        let mut lines = vec!["Mode|Size|Modified Time|Name".to_owned()];
        lines
            .extend(items(&files).iter().map(|file| format!("{}|{}", line(session, file, None), name(file))));
        session.say(table(&lines));
        return Ok(0);
    }
    show(session, &allocation, &file, path)
}

fn line(session: &Session<'_>, file: &Json, kind: Option<&str>) -> String {
    let size = file.at("Size").as_u64().unwrap_or_default();
    let size = if session.is_set("H") { size.to_string() } else { bytes(size) };
    let time = moment_of(file.at("ModTime")).map(time_text).unwrap_or_default();
    let kind = kind.map_or_else(String::new, |kind| format!("|{kind}"));
    format!("{}|{size}|{time}{kind}", file.text("FileMode"))
}

fn name(file: &Json) -> String {
    format!("{}{}", file.text("Name"), if file.truth("IsDir") { "/" } else { "" })
}

/// Shows what is in a file, from its beginning or near its end.
fn show(session: &Session<'_>, allocation: &Json, file: &Json, path: &str) -> Outcome {
    let api = session.api()?;
    let id = allocation.text("ID");
    let namespace = ("namespace", allocation.text("Namespace"));
    let number = |flag: &str| session.text(flag).parse::<i64>().unwrap_or_default();
    let (lines, count) = (number("n"), number("c"));
    let follows = session.is_set("f");
    if !follows && lines == 0 && count == 0 && !session.is_set("tail") {
        let whole = api.bytes(&format!("/v1/client/fs/cat/{id}"), &[namespace, ("path", path)])?;
        session.write(&whole);
        return Ok(0);
    }
    let size = file.number("Size");
    let offset = match (count, lines) {
        (0, 0) if follows && !session.is_set("tail") => 0,
        (0, 0) => 10 * 120,
        (0, lines) => lines * 120,
        (count, _) => count,
    };
    let offset = offset.min(size).to_string();
    let origin = if offset == "0" { "start" } else { "end" };
    let query = [namespace, ("offset", offset.as_str()), ("origin", origin), ("path", path)];
    if !follows {
        let start = (size - offset.parse::<i64>().unwrap_or_default()).to_string();
        let query = [namespace, ("limit", offset.as_str()), ("offset", start.as_str()), ("path", path)];
        let end = api.bytes(&format!("/v1/client/fs/readat/{id}"), &query)?;
        let wanted = if count > 0 {
            i64::MAX
        } else if lines > 0 {
            lines
        } else {
            10
        };
        session.write(super::logs::last_lines(&end, usize::try_from(wanted).unwrap_or(usize::MAX)));
        return Ok(0);
    }
    let mut body = api.stream(&format!("/v1/client/fs/stream/{id}"), &query)?;
    let mut frames = Frames::default();
    loop {
        match api.client().block_on(body.next()) {
            Ok(Some(piece)) => frames.take(&piece)?.iter().for_each(|data| session.write(data)),
            Ok(None) => return Ok(0),
            Err(error) => return Err(Fault::Told(error.to_string())),
        }
    }
}
