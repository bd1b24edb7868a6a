//! `nomad volume status` and `nomad plugin status`, where there are none of either.

use super::command::{Arity, Command, General, Outcome, Setting, fail};
use super::json::items;
use super::session::Session;
use crate::stand_in::Takes;

const FLAGS: [Setting; 7] = [
    ("type", Takes::Text, "Only those of this kind."),
    ("short", Takes::Bool, "Leave out what uses it."),
    ("verbose", Takes::Bool, "Whole identifiers."),
    ("json", Takes::Bool, "As JSON."),
    ("t", Takes::Text, "As a Go template has it."),
    ("node", Takes::Text, "Only dynamic host volumes of this node."),
    ("node-pool", Takes::Text, "Only dynamic host volumes of this node pool."),
];

pub(super) const VOLUME_STATUS: Command = Command {
    name: "volume status",
    synopsis: "Display status information about a volume",
    usage: "[options] <id>",
    flags: &FLAGS,
    general: General::Namespaced,
    arity: Arity::Counted(0, 1, "This command takes either no arguments or one: <id>"),
    run: volumes,
};
pub(super) const PLUGIN_STATUS: Command = Command {
    name: "plugin status",
    synopsis: "Display status information about a plugin",
    usage: "[options] <plugin>",
    flags: &[FLAGS[0], FLAGS[1], FLAGS[2], FLAGS[3], FLAGS[4]],
    general: General::Client,
    arity: Arity::Counted(0, 1, "This command takes either no arguments or one: <plugin>"),
    run: plugins,
};

/// One kind of volumes or plugins, and the words for it.
struct Sort {
    path: &'static str,
    /// The kind as the agent calls it.
    kind: &'static str,
    heading: &'static str,
    /// What there are none of: `CSI volumes`
    what: &'static str,
    /// What they are called when one is looked for: `volumes`
    called: &'static str,
    /// What is being listed when one is looked for.
    listed: &'static str,
}

const HOST: Sort = Sort {
    path: "/v1/volumes",
    kind: "host",
    heading: "Dynamic Host Volumes",
    what: "host volumes",
    called: "volumes",
    listed: "host volumes",
};
const CSI: Sort = Sort {
    path: "/v1/volumes",
    kind: "csi",
    heading: "Container Storage Interface",
    what: "CSI volumes",
    called: "volumes",
    listed: "CSI volumes",
};
const PLUGINS: Sort =
    Sort { path: "/v1/plugins", what: "CSI plugins", called: "plugins", listed: "plugins", ..CSI };

fn volumes(session: &Session<'_>) -> Outcome {
    let sorts: &[Sort] = match session.text("type") {
        "" => &[HOST, CSI],
        "host" => &[HOST],
        "csi" => &[CSI],
        other => return fail(format!("No such volume type {other:?}")),
    };
    let mut code = 0;
    for (number, sort) in sorts.iter().enumerate() {
        if number > 0 && session.arguments().is_empty() {
            session.say("");
        }
        code = code.max(show(session, sort)?);
    }
    Ok(code)
}

fn plugins(session: &Session<'_>) -> Outcome {
    match session.text("type") {
        "" | "csi" => show(session, &PLUGINS),
        other => fail(format!("Unsupported plugin type: {other}")),
    }
}

/// Shows those of one sort, or the one that is named.
fn show(session: &Session<'_>, sort: &Sort) -> Outcome {
    let Sort { path, kind, heading, what, called, listed } = sort;
    let api = session.api()?;
    let told = match session.arguments().first() {
        None => {
            if !session.is_formatted() {
                session.say(session.bold(heading));
            }
            match api.get(path, &[("type", kind)]) {
                Ok(found) if items(&found).is_empty() => {
                    // Of dynamic ones it is told that they are.
                    let dynamic = if *kind == "host" { "dynamic " } else { "" };
                    session.warn(format!("No {dynamic}{what}"));
                    return Ok(0);
                }
                Ok(_) => there_are(called),
                Err(told) => format!("Error querying {what}: {told}"),
            }
        }
        Some(id) => match api.get(path, &[("prefix", id), ("type", kind)]) {
            Ok(found) if items(&found).is_empty() => {
                format!("Error listing {listed}: no {called} with prefix or ID {id:?} found")
            }
            Ok(_) => there_are(called),
            Err(told) => format!("Error listing {listed}: error querying {called}: {told}"),
        },
    };
    session.warn(told);
    Ok(1)
}

/// What is said where a server has some all the same.
fn there_are(called: &str) -> String {
    format!("There are {called}, and the lab's nomad shows none; ask with `nomad operator api`")
}
