//! The programs that are started: where they are, and which versions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab_workflow::Program;
use lab_world::find_program;

/// The files of the programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    vault: PathBuf,
    nomad: PathBuf,
    consul_template: PathBuf,
    /// Where programs look for others.
    pub(super) search: String,
}

/// A program that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "looked for `{program}` in {variable} and on PATH and found none; set {variable} to its file, or install it \
     (the run needs vault, nomad and consul-template)"
)]
pub struct ProgramsError {
    program: Program,
    variable: &'static str,
}

impl Programs {
    /// The programs that `LAB_VAULT_BIN`, `LAB_NOMAD_BIN` and `LAB_CONSUL_TEMPLATE_BIN` name, or the first on `PATH`.
    ///
    /// Errors: the first that is not there.
    pub fn find(environment: &BTreeMap<String, String>) -> Result<Self, ProgramsError> {
        let search = environment.get("PATH").cloned().unwrap_or_default();
        let find = |program: Program| {
            let variable = variable(program);
            let named = environment.get(variable).filter(|named| !named.is_empty());
            let name = named.map_or(program.as_str(), String::as_str);
            find_program(name, &search).ok_or(ProgramsError { program, variable })
        };
        let (vault, nomad) = (find(Program::Vault)?, find(Program::Nomad)?);
        Ok(Self { vault, nomad, consul_template: find(Program::ConsulTemplate)?, search })
    }

    /// Those in one directory, whatever they are; they look for other programs along `search`.
    pub fn in_directory(directory: &Path, search: &str) -> Self {
        let at = |program: Program| directory.join(program.as_str());
        Self {
            vault: at(Program::Vault),
            nomad: at(Program::Nomad),
            consul_template: at(Program::ConsulTemplate),
            search: search.to_owned(),
        }
    }

    /// The file of a program.
    pub fn file(&self, program: Program) -> &Path {
        match program {
            Program::Vault => &self.vault,
            Program::Nomad => &self.nomad,
            Program::ConsulTemplate => &self.consul_template,
        }
    }

    /// What each says of its version, in one line.
    pub fn versions(&self) -> Vec<String> {
        [Program::Vault, Program::Nomad, Program::ConsulTemplate]
            .map(|program| {
                format!("{}: {}", self.file(program).display(), version(self.file(program), program))
            })
            .into()
    }
}

fn version(file: &Path, program: Program) -> String {
    let argument = if program == Program::ConsulTemplate { "-version" } else { "version" };
    let told =
        Command::new(file).arg(argument).output().map(|output| [output.stdout, output.stderr].concat());
    match told {
        Ok(told) => String::from_utf8_lossy(&told).lines().next().unwrap_or_default().to_owned(),
        Err(error) => format!("does not run: {error}"),
    }
}

fn variable(program: Program) -> &'static str {
    match program {
        Program::Vault => "LAB_VAULT_BIN",
        Program::Nomad => "LAB_NOMAD_BIN",
        Program::ConsulTemplate => "LAB_CONSUL_TEMPLATE_BIN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_nowhere_is_named() {
        let environment = BTreeMap::from([
            ("PATH".to_owned(), "/nonexistent".to_owned()),
            ("LAB_VAULT_BIN".to_owned(), "/bin/sh".to_owned()),
        ]);
        let told = Programs::find(&environment).expect_err("there is no nomad").to_string();
        assert!(told.starts_with("looked for `nomad` in LAB_NOMAD_BIN and on PATH and found none"), "{told}");
    }
}
