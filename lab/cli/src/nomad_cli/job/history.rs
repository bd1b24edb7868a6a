//! `nomad job history`

use serde_json::Value as Json;

use super::diff::Diff;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{nano_text, pairs};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "job history",
    synopsis: "Display all tracked versions of a job",
    usage: "[options] <job>",
    flags: &[
        ("p", Takes::Bool, "Show what each version changed."),
        ("full", Takes::Bool, "Show the whole job of a version."),
        ("version", Takes::Text, "Only this version."),
        ("diff-version", Takes::Text, "Compare with this version."),
        ("diff-tag", Takes::Text, "Compare with the version of this tag."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <job>"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let (diffs, wanted) = (session.is_set("p"), session.text("version"));
    if session.is_formatted() && (diffs || session.is_set("full")) {
        return fail("-json and -t are exclusive with -p and -full");
    }
    let compares = ["diff-version", "diff-tag"].iter().any(|flag| !session.text(flag).is_empty());
    if compares && !diffs {
        return fail("-diff-tag and -diff-version can only be used with -p");
    }
    let number = match wanted {
        "" => None,
        text => Some(text.parse::<i64>().map_err(|_| {
            Fault::Told(format!(
                "Error parsing version value {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
            ))
        })?),
    };
    let api = session.api()?;
    let stub = lookup::job(api, session.argument(0))?;
    let mut query =
        vec![("diffs", if diffs { "true" } else { "false" }), ("namespace", stub.text("Namespace"))];
    if !session.text("diff-version").is_empty() {
        query.push(("diff_version", session.text("diff-version")));
    }
    if !session.text("diff-tag").is_empty() {
        query.push(("diff_tag", session.text("diff-tag")));
    }
    let found = api
        .get(&format!("{}/versions", super::path(stub.text("ID"))), &query)
        .map_err(Fault::of("Error retrieving job versions"))?;
    let versions = items(found.at("Versions"));
    let diffs = found.list("Diffs");
    if let Some(number) = number {
        let Some(index) = versions.iter().position(|one| one.number("Version") == number) else {
            return fail("Error printing job history for non-existing job or job version");
        };
        if session.is_formatted() {
            return session.formatted(&versions[index], "*api.Job");
        }
        session.say(entry(session, &versions[index], diffs.get(index)));
        return Ok(0);
    }
    if session.is_formatted() {
        return session.formatted(found.at("Versions"), "[]*api.Job");
    }
    for (index, version) in versions.iter().enumerate() {
        session.say(entry(session, version, diffs.get(index)));
        if index + 1 < versions.len() {
            session.say("");
        }
    }
    Ok(0)
}

fn entry(session: &Session<'_>, version: &Json, diff: Option<&Json>) -> String {
    let mut lines = vec![
        format!("Version|{}", version.number("Version")),
        format!("Stable|{}", version.truth("Stable")),
        format!("Submit Date|{}", nano_text(version.number("SubmitTime"))),
    ];
    let tag = version.at("VersionTag");
    if !tag.is_null() {
        lines.push(format!("Tag Name|{}", tag.text("Name")));
        if !tag.text("Description").is_empty() {
            lines.push(format!("Tag Description|{}", tag.text("Description")));
        }
    }
    match diff {
        None => pairs(&lines),
        Some(diff) => {
            lines.push("Diff|\u{0}".to_owned());
            let whole = Diff { session, is_verbose: false }.job(diff);
            format!("{}\n{whole}", pairs(&lines).replace('\u{0}', ""))
        }
    }
}
