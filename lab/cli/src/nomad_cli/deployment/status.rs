//! `nomad deployment status`

use super::{follow, list, text};
use crate::nomad_cli::command::{Arity, Command, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{limit, time_text};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "deployment status",
    synopsis: "Display the status of a deployment",
    usage: "[options] <deployment id>",
    flags: &[
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
        ("monitor", Takes::Bool, "Follow it to its end."),
        ("wait", Takes::Duration, "How long to wait between two looks with -monitor."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
        ("ui", Takes::Bool, "Say where the browser finds it."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(0, 1, "This command takes one argument: <deployment id>"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    if session.is_set("monitor") && session.is_formatted() {
        return fail("The monitor flag cannot be used with the '-json' or '-t' flags");
    }
    if session.arguments().is_empty() {
        return list::run(session);
    }
    let api = session.api()?;
    let length = session.id_length();
    let deployment = lookup::deployment(api, session.argument(0), length)?;
    if session.is_formatted() {
        return session.formatted(&deployment, "*api.Deployment");
    }
    if session.is_set("monitor") {
        let now = time_text(api.client().machine().clock.now());
        session.say(format!("{now}: Monitoring deployment {:?}", limit(deployment.text("ID"), length)));
        let last = follow(session, deployment.text("ID"))?;
        return Ok(u8::from(last.text("Status") != "successful"));
    }
    session.say(text(session, &deployment));
    let path = format!("/ui/jobs/{}/deployments", deployment.text("JobID"));
    session.hint("View all deployments for this job", &path);
    Ok(0)
}
