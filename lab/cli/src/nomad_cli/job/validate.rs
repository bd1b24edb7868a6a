//! `nomad job validate`

use serde_json::json;

use super::file::JobFile;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "job validate",
    synopsis: "Checks if a given job specification is valid",
    usage: "[options] <path>",
    flags: &[
        ("json", Takes::Bool, "The file is JSON."),
        ("hcl2-strict", Takes::Bool, "Variable files may only set variables that there are. On by default."),
        ("vault-namespace", Takes::Text, "The namespace in Vault."),
        ("var", Takes::Text, "NAME=VALUE of a variable; may be given several times."),
        ("var-file", Takes::Text, "A file of variables; may be given several times."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <path>"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let file = JobFile::read(session, session.argument(0))?;
    let answer = session
        .api()?
        .put("/v1/validate/job", &file.query(), &json!({ "Job": file.job }))
        .map_err(Fault::of("Error validating job"))?;
    if !answer.truth("DriverConfigValidated") {
        session.say(session.style(
            "Driver configuration not validated since connection to Nomad agent couldn't be established.",
            "1;33",
        ));
        session.say("");
    }
    if !answer.text("Error").is_empty() {
        session.warn(session.style("Job validation errors:", "1;31"));
        session.warn(answer.text("Error"));
        return Ok(1);
    }
    super::run::warn(session, answer.text("Warnings"));
    session.say(session.style("Job validation successful", "1;32"));
    Ok(0)
}
