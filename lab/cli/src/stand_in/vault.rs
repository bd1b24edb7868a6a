//! `vault`: its version, its server, and its client commands.

use std::process::ExitCode;

use super::Environment;
use crate::terminal::outln;
use crate::{vault_cli, vault_server};

/// How the version is written. Tools take the number behind `Vault v`, and what is in the brackets as a revision.
pub(crate) fn version() -> String {
    let (version, built) = (mock_vault::VERSION, mock_vault::BUILD_DATE);
    format!("Vault v{version} (lab {} stand-in), built {built}", env!("CARGO_PKG_VERSION"))
}

/// Runs `vault` with these arguments.
pub(crate) fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    match arguments.first().map(String::as_str) {
        Some("server") => vault_server::run(&arguments[1..], environment),
        Some("version" | "-v" | "-version" | "--version") => {
            outln!("{}", version());
            ExitCode::SUCCESS
        }
        _ => vault_cli::run(arguments, environment),
    }
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
}
