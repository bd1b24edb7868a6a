//! `nomad acl bootstrap`

use serde_json::{Value as Json, json};

use super::{FORMATS, token};
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::session::Session;
use crate::stand_in::unread;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "acl bootstrap",
    synopsis: "Bootstrap the ACL system for initial token",
    usage: "[options] [<path>]",
    flags: &FORMATS,
    general: General::Client,
    arity: Arity::Counted(0, 1, "This command takes up to one argument"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let body = match session.arguments().first() {
        None => Json::Null,
        Some(path) => {
            let text = match path.as_str() {
                "-" => std::io::read_to_string(std::io::stdin()),
                path => std::fs::read_to_string(path),
            };
            let text = text.map_err(|error| {
                Fault::Told(format!("Error reading provided token: {}", unread(path.as_ref(), &error)))
            })?;
            json!({ "BootstrapSecret": text.trim_end_matches('\n') })
        }
    };
    let made =
        session.api()?.put("/v1/acl/bootstrap", &[], &body).map_err(Fault::of("Error bootstrapping"))?;
    if session.is_formatted() {
        return session.formatted(&made, "*api.ACLToken");
    }
    token::show(session, &made);
    Ok(0)
}
