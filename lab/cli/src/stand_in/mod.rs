//! The programs that `lab` can stand in for: which one is meant, and what is common to them.

mod client;
mod clock;
mod environment;
mod flags;
mod nomad;
mod signals;
pub(crate) mod table;
mod vault;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::{consul_template, up};

pub(crate) use self::client::{Client, SetupError, TlsSettings, file_error, unread};
pub(crate) use self::clock::{LOOK_AGAIN, clock_offset, follow_lab_clock};
pub(crate) use self::environment::Environment;
pub(crate) use self::flags::{Flag, Flags, Takes};
pub(crate) use self::signals::{Asked, Signals};

/// A program that `lab` can be, when it is called by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// `consul-template`
    ConsulTemplate,
    /// `nomad`
    Nomad,
    /// `systemctl`
    Systemctl,
    /// `vault`
    Vault,
}

impl Program {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::ConsulTemplate, Self::Nomad, Self::Systemctl, Self::Vault];

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ConsulTemplate => "consul-template",
            Self::Nomad => "nomad",
            Self::Systemctl => "systemctl",
            Self::Vault => "vault",
        }
    }

    /// The program that a command line means, with the arguments that are its own: by the name that `lab` was called
    /// by, or as `lab vault ...`.
    pub(crate) fn meant_by(command_line: &[OsString]) -> Option<(Self, Vec<OsString>)> {
        let named = |name: &OsString| {
            let name = Path::new(name).file_name()?.to_str()?;
            Self::ALL.into_iter().find(|program| program.name() == name)
        };
        if let Some(program) = command_line.first().and_then(named) {
            return Some((program, command_line[1..].to_vec()));
        }
        let first = command_line.get(1)?.to_str()?;
        let program = Self::ALL.into_iter().find(|program| program.name() == first)?;
        Some((program, command_line[2..].to_vec()))
    }

    /// Runs it.
    pub(crate) fn run(self, arguments: Vec<OsString>) -> ExitCode {
        let lossy = |argument: OsString| argument.to_string_lossy().into_owned();
        let arguments: Vec<String> = arguments.into_iter().map(lossy).collect();
        match self {
            Self::ConsulTemplate => consul_template::run(&arguments, &Environment::of_process()),
            Self::Nomad => nomad::run(&arguments, &Environment::of_process()),
            Self::Systemctl => up::systemctl(&arguments),
            Self::Vault => vault::run(&arguments, &Environment::of_process()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(line: &[&str]) -> Option<(Program, Vec<OsString>)> {
        Program::meant_by(&line.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_name_decides_or_the_first_word() {
        let version = || Some((Program::Vault, vec![OsString::from("version")]));
        assert_eq!(meant(&["/shims/vault", "version"]), version());
        assert_eq!(meant(&["/usr/bin/lab", "vault", "version"]), version());
        assert_eq!(meant(&["vault", "vault"]), Some((Program::Vault, vec!["vault".into()])));
        for line in [&["lab"][..], &["lab", "run", "vault"], &["/vault/lab", "run"], &[]] {
            assert_eq!(meant(line), None, "{line:?}");
        }
    }
}
