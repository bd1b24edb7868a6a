//! `nomad setup vault`: what a Vault needs to know of a Nomad cluster's workloads.

mod check;
mod components;
mod vault;

use std::io::{BufRead, IsTerminal};

use self::components::Components;
use self::vault::Vault;
use super::command::{Arity, Command, General, Outcome, fail, misused};
use super::session::Session;
use crate::stand_in::Takes;

pub(super) const COMMAND: Command = Command {
    name: "setup vault",
    synopsis: "Setup a Vault cluster for Nomad integration",
    usage: "[options]",
    flags: &[
        (
            "jwks-url",
            Takes::Text,
            "Where Vault finds Nomad's keys. http://localhost:4646/.well-known/jwks.json.",
        ),
        ("jwks-ca-file", Takes::Text, "The authority of that address, a PEM file."),
        ("destroy", Takes::Bool, "Remove everything that this command makes."),
        ("y", Takes::Bool, "Do not ask."),
        ("check", Takes::Bool, "Say whether Nomad is ready for workload identities."),
        ("json", Takes::Bool, "As JSON, with -check."),
        ("t", Takes::Text, "As a Go template has it, with -check."),
        ("verbose", Takes::Bool, "Show everything, with -check."),
    ],
    general: General::Client,
    arity: Arity::NONE,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let checks = session.is_set("check");
    for flag in ["json", "verbose", "t"] {
        if !checks && !session.text(flag).is_empty() {
            return misused(format!("The -{flag} option can only be used with -check"));
        }
    }
    if checks {
        return check::check(session);
    }
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !session.is_set("y") && !is_terminal {
        return fail("This command requires -y option when running in non-interactive mode");
    }
    let vault = Vault::of(session.environment)?;
    let mut components = Components { session, vault, created: Vec::new() };
    if session.is_set("destroy") {
        return components.destroy();
    }
    setup(session, &mut components)
}

const INTRODUCTION: &str = "
This command will walk you through configuring all the components required for
Nomad workloads to authenticate themselves against Vault ACL using their
respective workload identities.

First we need to connect to Vault.
";

const ADDRESS: &str =
    "Please set the VAULT_ADDR environment variable to your Vault cluster address and re-run the command.";

fn setup(session: &Session<'_>, components: &mut Components<'_>) -> Outcome {
    session.say(INTRODUCTION);
    let address = components.vault.address();
    if !asked(session, &format!("Is {address:?} the correct address of your Vault cluster? [Y/n]")) {
        session.warn(format!("\n{ADDRESS}"));
        return Ok(0);
    }
    let is_whole = components.auth_method()? && components.policy()? && components.role()?;
    if !is_whole {
        session.warn("\nThe setup is not complete.\n");
        if asked(session, "Remove everything this command creates? [Y/n]") {
            return components.remove_created();
        }
        return Ok(0);
    }
    session.say(components::congratulations());
    Ok(0)
}

/// Whether a question is answered with yes, as it is where nobody is asked.
fn asked(session: &Session<'_>, question: &str) -> bool {
    if session.is_set("y") {
        return true;
    }
    session.say(question);
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes")
}
