//! `nomad operator gossip keyring`

use base64::Engine;
use serde_json::{Value as Json, json};

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;

const ONE: Arity = Arity::Counted(1, 1, "This command requires one argument: <key>");

const fn command(
    name: &'static str,
    synopsis: &'static str,
    arity: Arity,
    run: fn(&Session<'_>) -> Outcome,
) -> Command {
    Command { name, synopsis, usage: "[options] <key>", flags: &[], general: General::Client, arity, run }
}

pub(in crate::nomad_cli) const GENERATE: Command = Command {
    name: "operator gossip keyring generate",
    synopsis: "Generates a new encryption key",
    usage: "",
    flags: &[],
    general: General::None,
    arity: Arity::Any,
    run: generate,
};
pub(in crate::nomad_cli) const LIST: Command = Command {
    name: "operator gossip keyring list",
    synopsis: "List all gossip encryption keys",
    usage: "[options]",
    flags: &[],
    general: General::Client,
    arity: Arity::NONE,
    run: list,
};
pub(in crate::nomad_cli) const INSTALL: Command =
    command("operator gossip keyring install", "Install a gossip encryption key", ONE, install);
pub(in crate::nomad_cli) const USE: Command =
    command("operator gossip keyring use", "Use a gossip encryption key", ONE, use_key);
pub(in crate::nomad_cli) const REMOVE: Command =
    command("operator gossip keyring remove", "Remove a gossip encryption key", ONE, remove);

fn generate(session: &Session<'_>) -> Outcome {
    session.say(base64::engine::general_purpose::STANDARD.encode(lab_world::random_bytes::<32>()));
    Ok(0)
}

fn list(session: &Session<'_>) -> Outcome {
    session.say("Gathering installed encryption keys...");
    let found = session.api()?.get("/v1/agent/keyring/list", &[]).map_err(Fault::of("error"))?;
    shown(session, &found)?;
    session.say("Key");
    for (key, _) in found.entries("Keys") {
        session.say(key);
    }
    Ok(0)
}

/// Fails where a member of the cluster did.
fn shown(session: &Session<'_>, answer: &Json) -> Result<(), Fault> {
    if answer.number("NumErr") == 0 {
        return Ok(());
    }
    for (node, problem) in answer.entries("Messages") {
        session.warn(format!("failed: {node}: {}", problem.as_str().unwrap_or_default()));
    }
    let (failed, all) = (answer.number("NumErr"), answer.number("NumNodes"));
    Err(Fault::Told(format!("{failed}/{all} nodes reported failure")))
}

fn send(session: &Session<'_>, verb: &str) -> Result<(), Fault> {
    let body = json!({ "Key": session.argument(0) });
    let answer =
        session.api()?.post(&format!("/v1/agent/keyring/{verb}"), &[], &body).map_err(Fault::of("error"))?;
    shown(session, &answer)
}

fn install(session: &Session<'_>) -> Outcome {
    session.say("Installing new gossip encryption key...");
    send(session, "install")?;
    Ok(0)
}

fn use_key(session: &Session<'_>) -> Outcome {
    session.say("Changing primary gossip encryption key...");
    send(session, "use")?;
    Ok(0)
}

fn remove(session: &Session<'_>) -> Outcome {
    session.say("Removing gossip encryption key...");
    send(session, "remove")?;
    Ok(0)
}
