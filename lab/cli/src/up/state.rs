//! What is up, written down in `.lab/state.json`.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::certificates::Certificates;
use super::unit::Unit;

/// Where everything of a lab is, below the directory that it was started in.
pub(super) const DIRECTORY: &str = ".lab";

/// What is up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// Vault's address.
    pub(super) vault: String,
    /// The address of the first Nomad server's HTTP API.
    pub(super) nomad: String,
    /// The secret of Nomad's management token, where its ACLs are on.
    pub(super) nomad_token: Option<String>,
    /// Where the certificates are, where Nomad speaks TLS.
    pub(super) certificates: Option<Certificates>,
    /// The processes, in the order of their start.
    pub(super) units: Vec<Unit>,
}

impl State {
    /// What is written down in a directory.
    pub(super) fn load(directory: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(directory.join("state.json")).ok()?;
        let state: Value = serde_json::from_str(&text).ok()?;
        let text = |name: &str| state.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let units = state.get("units")?.as_array()?.iter().map(Unit::from_json).collect::<Option<_>>()?;
        let optional = |name: &str| state.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            vault: text("vault"),
            nomad: text("nomad"),
            nomad_token: optional("nomad_token"),
            certificates: optional("certificates").map(Certificates::at),
            units,
        })
    }

    /// Writes it down, for nobody else to read: there may be a token in it.
    pub(super) fn save(&self, directory: &Path) -> std::io::Result<()> {
        let units: Vec<Value> = self.units.iter().map(Unit::to_json).collect();
        let state = json!({
            "vault": self.vault,
            "nomad": self.nomad,
            "nomad_token": self.nomad_token,
            "certificates": self.certificates.as_ref().map(Certificates::directory),
            "units": units,
        });
        let (file, beside) = (directory.join("state.json"), directory.join("state.json.new"));
        let mut written =
            std::fs::File::options().create(true).write(true).truncate(true).mode(0o600).open(&beside)?;
        writeln!(written, "{state:#}")?;
        std::fs::rename(beside, file)
    }

    /// Forgets what was up.
    pub(super) fn remove(directory: &Path) {
        for file in ["state.json", "clock", "vault-token"] {
            // It may not be there.
            let _ = std::fs::remove_file(directory.join(file));
        }
    }

    /// Stops every process, the last one first.
    pub(super) fn stop_all(&self) {
        for unit in self.units.iter().rev() {
            unit.signal("TERM");
        }
        for unit in self.units.iter().rev() {
            unit.stop();
        }
    }

    /// The units that a name means: one by its own name, or `nomad` for the agents of Nomad.
    pub(super) fn named(&self, name: &str) -> Vec<usize> {
        let name = name.strip_suffix(".service").unwrap_or(name);
        let node = std::env::var("NODE").unwrap_or_default();
        let is_meant = |unit: &Unit| match name {
            "nomad" if !node.is_empty() => unit.name == node,
            "nomad" => unit.name != "vault",
            name => unit.name == name,
        };
        self.units.iter().enumerate().filter(|(_, unit)| is_meant(unit)).map(|(index, _)| index).collect()
    }
}

/// The directory of a state, as the processes are told it.
pub(super) fn absolute(directory: &Path) -> PathBuf {
    std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned())
}

#[cfg(test)]
mod tests {
    use lab_world::ProcessId;

    use super::*;

    #[test]
    fn what_is_written_down_is_read_again() {
        let directory = std::env::temp_dir().join(format!("lab-state-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let unit = |name: &str| Unit {
            name: name.to_owned(),
            process: ProcessId { number: 1, started: 7 },
            arguments: vec!["vault".to_owned(), "server".to_owned()],
            address: "127.0.0.1:1".to_owned(),
            log: directory.join("a.log"),
        };
        let state = State {
            vault: "http://127.0.0.1:1".to_owned(),
            nomad: String::new(),
            nomad_token: Some("a token".to_owned()),
            certificates: None,
            units: vec![unit("vault"), unit("server-1"), unit("client-1")],
        };
        state.save(&directory).expect("written");
        assert_eq!(State::load(&directory), Some(state.clone()));
        assert_eq!(state.named("vault.service"), [0]);
        assert_eq!(state.named("nomad"), [1, 2]);
        assert!(state.named("sshd").is_empty());
        State::remove(&directory);
        assert_eq!(State::load(&directory), None);
        std::fs::remove_dir_all(directory).expect("removed");
    }
}
