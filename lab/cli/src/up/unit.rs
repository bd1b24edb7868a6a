//! One process of a lab.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use lab_world::{ProcessId, pause};
use serde_json::{Value, json};

use super::state::absolute;

/// How long a process has to end before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// How long there is between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// One process of a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) process: ProcessId,
    /// What `lab` was called with.
    pub(super) arguments: Vec<String>,
    /// Where it answers.
    pub(super) address: String,
    pub(super) log: PathBuf,
}

impl Unit {
    /// Starts `lab` with these arguments, in a process group of its own, with its output in `.lab/logs`.
    pub(super) fn start(
        directory: &Path,
        name: &str,
        arguments: &[String],
        address: &str,
    ) -> std::io::Result<Self> {
        let log = directory.join("logs").join(format!("{name}.log"));
        std::fs::create_dir_all(directory.join("logs"))?;
        let output = File::options().create(true).append(true).open(&log)?;
        let child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .env("LAB_DIRECTORY", absolute(directory))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()?;
        Ok(Self {
            name: name.to_owned(),
            process: ProcessId::of(child.id()),
            arguments: arguments.to_vec(),
            address: address.to_owned(),
            log,
        })
    }

    /// Whether it still runs; one that has ended and that nobody has asked after does not.
    pub(super) fn is_running(&self) -> bool {
        self.process.is_alive()
    }

    /// Sends it a signal, if it runs.
    pub(super) fn signal(&self, name: &str) {
        // It may have ended this very moment.
        let _ = self.process.signal(name);
    }

    /// Ends it, with force where it does not end in time.
    pub(super) fn stop(&self) {
        self.signal("TERM");
        let looks = GRACE.as_millis() / LOOK_AGAIN.as_millis();
        for _ in 0..looks {
            if !self.is_running() {
                return;
            }
            pause(LOOK_AGAIN);
        }
        self.signal("KILL");
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "pid": self.process.number,
            "started": self.process.started,
            "arguments": self.arguments,
            "address": self.address,
            "log": self.log,
        })
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let arguments = value.get("arguments")?.as_array()?.iter();
        Some(Self {
            name: text("name")?,
            process: ProcessId {
                number: i32::try_from(value.get("pid")?.as_i64()?).ok()?,
                started: value.get("started")?.as_u64()?,
            },
            arguments: arguments.filter_map(|argument| argument.as_str().map(str::to_owned)).collect(),
            address: text("address")?,
            log: PathBuf::from(text("log")?),
        })
    }
}
