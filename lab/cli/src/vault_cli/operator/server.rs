//! `operator unseal`, `seal`, `step-down`, `key-status`, `rotate`, `members` and `raft list-peers`.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::stand_in::table::Columns;
use crate::vault_cli::failure::{Failure, Outcome, expect};
use crate::vault_cli::print::go_text;
use crate::vault_cli::session::Session;
use crate::vault_cli::status;
use crate::vault_cli::text::wrap;
use crate::vault_cli::tree::Tree;

pub(crate) fn unseal(session: &Session<'_>) -> Outcome {
    let count = session.arguments().len();
    if count > 1 {
        return Err(Failure::Usage(format!("Too many arguments (expected 1, got {count})")));
    }
    let api = session.api()?;
    let is_reset = session.is_set("reset");
    let body = if is_reset {
        json!({"key": "", "reset": true, "migrate": false})
    } else {
        let key = match session.argument(0).trim() {
            "" => ask(session)?,
            key => key.to_owned(),
        };
        json!({"key": key, "reset": false, "migrate": session.is_set("migrate")})
    };
    let asked = api.request("PUT", "sys/unseal", Some(&body)).and_then(|answer| answer.json());
    let told = if is_reset { "Error resetting unseal process" } else { "Error unsealing" };
    let state = asked.map_err(|failure| failure.told(told))?;
    status::show(session, &api, &state)?;
    Ok(0)
}

fn ask(session: &Session<'_>) -> Result<String, Failure> {
    session.ask("Unseal Key (will be hidden): ").map_err(|problem| {
        // Two blanks: the real program ends its sentence with one and begins the cause with another.
        Failure::Usage(format!(
            "{}{problem}",
            wrap(
                "An error occurred attempting to ask for an unseal key. The raw error message is shown below, but \
                 usually this is because you attempted to pipe a value into the unseal command or you are executing \
                 outside of a terminal (tty). You should run the unseal command from a terminal for maximum security. \
                 If this is not an option, the unseal key can be provided as the first argument to the unseal command. \
                 The raw error was:"
            ) + "  "
        ))
    })
}

pub(crate) fn seal(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    let sealed = session.api()?.request("PUT", "sys/seal", None).and_then(|answer| answer.check());
    sealed.map_err(|failure| failure.told("Error sealing"))?;
    session.say("Success! Vault is sealed.");
    Ok(0)
}

pub(crate) fn step_down(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    let api = session.api()?;
    let done = api.request("PUT", "sys/step-down", None).and_then(|answer| answer.check());
    done.map_err(|failure| failure.told("Error stepping down"))?;
    session.say(&format!("Success! Stepped down: {}", api.address()));
    Ok(0)
}

pub(crate) fn key_status(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    let asked = session.api()?.request("GET", "sys/key-status", None).and_then(|answer| answer.json());
    let status = asked.map_err(|failure| failure.told("Error reading key status"))?;
    show_key_status(session, &status)
}

pub(crate) fn rotate(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    let api = session.api()?;
    let rotated = api.request("POST", "sys/rotate", None).and_then(|answer| answer.check());
    rotated.map_err(|failure| failure.told("Error rotating key"))?;
    let asked = api.request("GET", "sys/key-status", None).and_then(|answer| answer.json());
    let status = asked.map_err(|failure| failure.told("Error reading key status"))?;
    if session.is_table() {
        session.say("Success! Rotated key\n");
    }
    show_key_status(session, &status)
}

fn show_key_status(session: &Session<'_>, status: &Value) -> Outcome {
    let data = status.get("data").unwrap_or(status);
    let field = |name: &str| data.get(name).cloned().unwrap_or_default();
    if !session.is_table() {
        return session.show_tree(&Tree::fields([
            ("term", field("term").into()),
            ("install_time", field("install_time").into()),
            ("encryptions", field("encryptions").into()),
        ]));
    }
    let installed = field("install_time");
    session.say(&Columns::VAULT.format(&[
        format!("Key Term♨{}", go_text(&field("term"))),
        format!("Install Time♨{}", rfc822(installed.as_str().unwrap_or_default())),
        format!("Encryption Count♨{}", go_text(&field("encryptions"))),
    ]));
    Ok(0)
}

/// A time as Go's `time.RFC822` writes it; as it is where it is none.
fn rfc822(text: &str) -> String {
    let form = format_description!("[day] [month repr:short] [year repr:last_two] [hour]:[minute] UTC");
    let parsed = time::OffsetDateTime::parse(text, &Rfc3339).ok();
    parsed
        .and_then(|moment| moment.to_offset(time::UtcOffset::UTC).format(form).ok())
        .unwrap_or_else(|| text.to_owned())
}

pub(crate) fn members(session: &Session<'_>) -> Outcome {
    let asked = session.api()?.request("GET", "sys/ha-status", None).and_then(|answer| answer.json());
    let status = asked?;
    let nodes = status.get("data").unwrap_or(&status).get("nodes").or(status.get("nodes"));
    let nodes: Vec<Value> = nodes.and_then(Value::as_array).cloned().unwrap_or_default();
    if !session.is_table() {
        return session.show_tree(&Tree::fields([("Nodes", Tree::List(nodes.iter().map(member).collect()))]));
    }
    let heading =
        "Host Name♨API Address♨Cluster Address♨Active Node♨Version♨Upgrade Version♨Redundancy Zone♨Last Echo";
    let mut lines = vec![heading.to_owned()];
    for node in &nodes {
        let text =
            |name: &str| node.get(name).filter(|value| !value.is_null()).map_or_else(String::new, go_text);
        let cells = [
            "hostname",
            "api_address",
            "cluster_address",
            "active_node",
            "version",
            "upgrade_version",
            "redundancy_zone",
            "last_echo",
        ];
        lines.push(cells.map(text).join("♨"));
    }
    session.show_rows(&lines);
    Ok(0)
}

fn member(node: &Value) -> Tree {
    let names = [
        "hostname",
        "api_address",
        "cluster_address",
        "active_node",
        "last_echo",
        "echo_duration_ms",
        "clock_skew_ms",
        "version",
        "upgrade_version",
        "redundancy_zone",
        "replication_primary_canary_age_ms",
    ];
    let field = |name: &&str| {
        let value = node.get(*name).cloned();
        let is_optional = matches!(*name, "upgrade_version" | "redundancy_zone");
        let value = if is_optional { value.filter(|value| *value != "")? } else { value.unwrap_or_default() };
        Some(((*name).to_owned(), Tree::Value(value)))
    };
    Tree::Fields(names.iter().filter_map(field).collect())
}

pub(crate) fn raft_peers(session: &Session<'_>) -> Outcome {
    let asked = session.api()?.request("GET", "sys/storage/raft/configuration", None);
    let secret = asked.and_then(|answer| answer.secret_if_any());
    match secret.map_err(|failure| failure.told("Error reading the raft cluster configuration"))? {
        Some(secret) => session.show(&secret),
        None => Err(Failure::Refused("No raft cluster configuration found".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_keys_are_short() {
        assert_eq!(rfc822("2026-11-22T07:05:53.1Z"), "22 Nov 26 07:05 UTC");
        assert_eq!(rfc822("soon"), "soon");
    }
}
