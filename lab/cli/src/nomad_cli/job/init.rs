//! `nomad job init`

use crate::nomad_cli::command::{Arity, Command, General, Outcome, fail, misused};
use crate::nomad_cli::session::Session;
use crate::stand_in::{Takes, file_error};

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "job init",
    synopsis: "Create an example job file",
    usage: "<filename>",
    flags: &[
        ("short", Takes::Bool, "Without comments."),
        ("connect", Takes::Bool, "Consul Connect; the lab has none."),
        ("template", Takes::Text, "From a variable below nomad/job-templates."),
        ("list-templates", Takes::Bool, "List those variables."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

const SHORT: &str = "\
job \"example\" {

  group \"cache\" {
    network {
      port \"db\" {
        to = 6379
      }
    }

    task \"redis\" {
      driver = \"docker\"

      config {
        image          = \"redis:7\"
        ports          = [\"db\"]
        auth_soft_fail = true
      }

      identity {
        env  = true
        file = true
      }

      resources {
        cpu    = 500
        memory = 256
      }
    }
  }
}
";

const INTRODUCTION: &str = "\
# A job to start from. `nomad job plan example.nomad.hcl` says what it would change, and
# `nomad job run example.nomad.hcl` runs it.
#
# A job has groups, whose tasks run together on one node.
";

fn run(session: &Session<'_>) -> Outcome {
    let name = match session.arguments() {
        [] => "example.nomad.hcl",
        [name] => name.as_str(),
        _ => return misused("This command takes either no arguments or one: <filename>"),
    };
    if session.is_set("connect") || session.is_set("list-templates") || !session.text("template").is_empty() {
        return fail(
            "The lab's nomad writes the plain example only; leave out -connect, -template and -list-templates",
        );
    }
    if std::fs::exists(name).unwrap_or_default() {
        return fail(format!("Job '{name}' already exists"));
    }
    let text = if session.is_set("short") { SHORT.to_owned() } else { format!("{INTRODUCTION}{SHORT}") };
    if let Err(error) = std::fs::write(name, text) {
        let problem = file_error("open", std::path::Path::new(name), &error);
        return fail(format!("Failed to write '{name}': {problem}"));
    }
    session.say(format!("Example job file written to {name}"));
    Ok(0)
}
