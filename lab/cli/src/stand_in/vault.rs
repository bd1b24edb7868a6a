//! `vault`: its version, its server, and what it says of commands that it does not have.

use std::process::ExitCode;

use lab_hcl::suggest;

use super::Environment;
use crate::vault_server;

/// How the version is written. Tools take the number behind `Vault v`, and what is in the brackets as a revision.
pub(crate) fn version() -> String {
    let (version, built) = (mock_vault::VERSION, mock_vault::BUILD_DATE);
    format!("Vault v{version} (lab {} stand-in), built {built}", env!("CARGO_PKG_VERSION"))
}

const HELP: &str = "\
Usage: vault <command> [args]

This is the lab's stand-in for Vault. It knows:
    server     Start a Vault server, on this machine only
    version    Print the version

For the other commands, point the real program at its server:

    $ export VAULT_ADDR='http://127.0.0.1:8200'
";

/// Runs `vault` with these arguments.
pub(crate) fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    match arguments.first().map(String::as_str) {
        Some("server") => vault_server::run(&arguments[1..], environment),
        Some("version" | "-v" | "-version" | "--version") => {
            anstream::println!("{}", version());
            ExitCode::SUCCESS
        }
        Some("-h" | "-help" | "--help") => {
            anstream::print!("{HELP}");
            ExitCode::SUCCESS
        }
        None => {
            anstream::eprint!("{HELP}");
            ExitCode::from(NO_COMMAND)
        }
        Some(unknown) => {
            anstream::eprintln!("{}", refusal(unknown));
            anstream::eprint!("\n{HELP}");
            ExitCode::from(NO_COMMAND)
        }
    }
}

/// What the real program ends with when it is not told what to do.
const NO_COMMAND: u8 = 127;

fn refusal(command: &str) -> String {
    let hint =
        suggest(command, ["server", "version"]).map(|meant| format!("; did you mean `vault {meant}`?"));
    format!("The lab's vault does not know `vault {command}`{}", hint.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_where_tools_look_for_it() {
        let text = version();
        let number = text.strip_prefix("Vault v").and_then(|rest| rest.split_whitespace().next());
        assert_eq!(number, Some("1.21.1"));
        assert!(text.contains("(lab ") && text.contains("stand-in)"), "{text}");
    }

    #[test]
    fn unknown_commands_are_told_what_there_is() {
        assert_eq!(
            refusal("sever"),
            "The lab's vault does not know `vault sever`; did you mean `vault server`?"
        );
        assert_eq!(refusal("transit"), "The lab's vault does not know `vault transit`");
    }
}
