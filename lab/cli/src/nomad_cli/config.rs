//! `nomad config validate`

use std::path::PathBuf;

use lab_world::Disk;
use mock_nomad::check_configuration;

use super::command::{Arity, Command, Fault, General, Outcome, fail};
use super::session::Session;

pub(super) const VALIDATE: Command = Command {
    name: "config validate",
    synopsis: "Validate config files/directories",
    usage: "<config_path> [<config_path...>]",
    flags: &[],
    general: General::None,
    arity: Arity::Any,
    run: validate,
};

fn validate(session: &Session<'_>) -> Outcome {
    if session.arguments().is_empty() {
        return fail("Must specify at least one config file or directory");
    }
    let here = std::env::current_dir().map_err(|error| Fault::Told(error.to_string()))?;
    let paths: Vec<PathBuf> = session.arguments().iter().map(PathBuf::from).collect();
    let checked = check_configuration(&Disk::directory(here), &paths);
    if let Some(why) = checked.unreadable {
        return fail(why);
    }
    checked.said.iter().for_each(|line| session.warn(line));
    if !checked.is_valid {
        return fail("Configuration is invalid");
    }
    session.say("Configuration is valid!");
    Ok(0)
}
