//! `lab env`, and the environment of `lab up --exec`.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use clap::{Args, ValueEnum};
use lab_world::shell_word;
use serde_json::Value;

use super::found;
use super::state::{State, absolute};
use crate::exit::{Exit, Failure};

/// `lab env`
#[derive(Args, Debug)]
pub(crate) struct EnvArguments {
    /// The form to print the variables in.
    #[arg(long, value_enum, default_value_t = Shell::Bash)]
    shell: Shell,
}

/// A form of variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// For bash, zsh and their like.
    Bash,
    /// For fish.
    Fish,
    /// One JSON object.
    Json,
    /// Lines for the file that `$GITHUB_ENV` names.
    Github,
}

/// Prints the variables that point the command lines at the lab.
pub(crate) fn env(arguments: &EnvArguments) -> Result<Exit, Failure> {
    let (directory, state) = found()?;
    write!(anstream::stdout(), "{}", text(arguments.shell, &variables(&state, &directory)))?;
    Ok(Exit::Good)
}

/// Runs a command with these variables and ends as it does.
pub(super) fn run(state: &State, directory: &Path, command: &[OsString]) -> Result<Exit, Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::Usage("no command stands behind --".to_owned()));
    };
    let status = Command::new(program).args(arguments).envs(variables(state, directory)).status();
    let status = status
        .map_err(|error| Failure::SetUp(format!("{} does not start: {error}", program.to_string_lossy())))?;
    Ok(Exit::OfCommand(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

fn variables(state: &State, directory: &Path) -> Vec<(&'static str, String)> {
    let directory = absolute(directory);
    let path = std::env::var("PATH").unwrap_or_default();
    let own = directory.join("bin").display().to_string();
    let is_first = path.split(':').next() == Some(own.as_str());
    let mut variables = vec![
        ("LAB_DIRECTORY", directory.display().to_string()),
        ("VAULT_ADDR", state.vault.clone()),
        ("VAULT_TOKEN", "root".to_owned()),
        ("NOMAD_ADDR", state.nomad.clone()),
    ];
    variables.extend(state.nomad_token.clone().map(|token| ("NOMAD_TOKEN", token)));
    if let Some(certificates) = &state.certificates {
        let (certificate, key) = certificates.pair("cli");
        variables.extend([
            ("NOMAD_CACERT", certificates.authority()),
            ("NOMAD_CLIENT_CERT", certificate),
            ("NOMAD_CLIENT_KEY", key),
        ]);
    }
    variables.push(("PATH", if is_first { path } else { format!("{own}:{path}") }));
    variables
}

fn text(shell: Shell, variables: &[(&str, String)]) -> String {
    let lines = variables.iter().map(|(name, value)| match shell {
        Shell::Bash => format!("export {name}={}\n", shell_word(value)),
        Shell::Fish => format!("set -gx {name} {}\n", shell_word(value)),
        _ => format!("{name}={value}\n"),
    });
    match shell {
        Shell::Json => {
            let object =
                variables.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())));
            format!("{:#}\n", Value::Object(object.collect()))
        }
        _ => lines.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_in_every_form() {
        let variables = [("A", "it's".to_owned())];
        for (shell, wanted) in [
            (Shell::Bash, "export A='it'\\''s'\n"),
            (Shell::Fish, "set -gx A 'it'\\''s'\n"),
            (Shell::Json, "{\n  \"A\": \"it's\"\n}\n"),
            (Shell::Github, "A=it's\n"),
        ] {
            assert_eq!(text(shell, &variables), wanted);
        }
    }
}
