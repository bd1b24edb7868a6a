//! The real program and the stand-in side by side: the same words to both, and what each answers.
#![allow(dead_code, reason = "no test uses all of it")]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use lab_world::{Clock, Entropy};
use regex::Regex;
use serde_json::Value as Json;

/// The real program, where the variable says where it is; says on standard error that the test is skipped where it
/// does not.
pub(crate) fn oracle(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: {variable} does not name the real program");
    }
    found
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The real program.
    Real,
    /// The stand-in.
    Mock,
}

impl Side {
    /// What stands for `SIDE` in a command.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Mock => "mock",
        }
    }
}

/// What a program answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

/// Both programs, each in a directory of its own, with the same environment.
pub(crate) struct Sides {
    program: &'static str,
    real: PathBuf,
    directory: PathBuf,
    pub(crate) environment: BTreeMap<String, String>,
}

impl Sides {
    pub(crate) fn new(program: &'static str, real: PathBuf) -> Self {
        let directory = std::env::temp_dir().join(format!("lab-{program}-cli-{}", Entropy::system().uuid()));
        for side in [Side::Real, Side::Mock] {
            std::fs::create_dir_all(directory.join(side.name())).expect("a directory");
        }
        let home = directory.display().to_string();
        let environment = [("PATH", "/usr/bin:/bin"), ("HOME", home.as_str()), ("LC_ALL", "C.UTF-8")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { program, real, directory, environment: environment.into_iter().collect() }
    }

    /// The directory that a side runs in.
    pub(crate) fn directory(&self, side: Side) -> PathBuf {
        self.directory.join(side.name())
    }

    /// The directory of both.
    pub(crate) fn root(&self) -> &Path {
        &self.directory
    }

    /// The program of a side, in its directory and environment.
    pub(crate) fn command(&self, side: Side) -> Command {
        let mut command = match side {
            Side::Real => Command::new(&self.real),
            Side::Mock => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
                command.arg(self.program);
                command
            }
        };
        command.env_clear().envs(&self.environment).current_dir(self.directory(side));
        command
    }

    /// Runs a command of one side to its end. Its output goes through files, so that no pipe can fill up.
    pub(crate) fn run(&self, side: Side, arguments: &[String]) -> Answer {
        let [out, err] = ["stdout", "stderr"].map(|name| self.directory.join(name));
        let status = self
            .command(side)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(File::create(&out).expect("a file"))
            .stderr(File::create(&err).expect("a file"))
            .spawn()
            .and_then(finish);
        let read = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).expect("written")).into_owned();
        Answer { stdout: read(&out), stderr: read(&err), code: status.expect("it ran").code() }
    }
}

impl Drop for Sides {
    fn drop(&mut self) {
        // What is left behind is in the system's directory for such things.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Waits for a program, and ends it when it takes longer than any should.
fn finish(mut child: std::process::Child) -> std::io::Result<std::process::ExitStatus> {
    for _ in 0..1200 {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        pause(Duration::from_millis(50));
    }
    child.kill()?;
    child.wait()
}

/// Waits.
pub(crate) fn pause(time: Duration) {
    block_on(Clock::system().sleep(time));
}

/// Runs something that waits on this thread.
pub(crate) fn block_on<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("an event loop").block_on(work)
}

/// The commands of a list: a line each, split at blanks outside of quotes; `#` begins a remark.
pub(crate) fn commands(list: &str) -> Vec<Vec<String>> {
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(split).collect()
}

fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quoted, mut begun) = (false, false);
    for c in line.chars() {
        match c {
            '"' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// What differs from one run to the next, and what is put in its place.
pub(crate) struct Masks {
    patterns: Vec<(Regex, &'static str)>,
    /// Fields of JSON whose values are left out of account.
    fields: Regex,
}

impl Masks {
    pub(crate) fn new(patterns: &[(&str, &'static str)], fields: &str) -> Self {
        let pattern = |text: &str| Regex::new(text).expect("a pattern");
        let patterns = patterns.iter().map(|(text, instead)| (pattern(text), *instead)).collect();
        Self { patterns, fields: pattern(fields) }
    }

    fn text(&self, text: &str) -> String {
        self.patterns.iter().fold(text.to_owned(), |text, (pattern, instead)| {
            pattern.replace_all(&text, *instead).into_owned()
        })
    }

    /// An output with what differs put out of the way. JSON is compared by what it says.
    fn output(&self, text: &str) -> String {
        match serde_json::from_str::<Json>(text) {
            Ok(json) if json.is_object() || json.is_array() => self.json(&json).to_string(),
            _ => self.text(text),
        }
    }

    fn json(&self, json: &Json) -> Json {
        match json {
            Json::Object(entries) => {
                let masked = entries.iter().map(|(key, value)| {
                    let is_plain = !value.is_object() && !value.is_array();
                    let value =
                        if is_plain && self.fields.is_match(key) { Json::Null } else { self.json(value) };
                    (key.clone(), value)
                });
                // In the order of the keys, whatever the order was.
                masked.collect::<BTreeMap<_, _>>().into_iter().collect::<serde_json::Map<_, _>>().into()
            }
            Json::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Json::String(text) => self.text(text).into(),
            other => other.clone(),
        }
    }

    /// How two answers differ; nothing where they do not.
    pub(crate) fn difference(&self, real: &Answer, mock: &Answer) -> Option<String> {
        let mut told = String::new();
        for (name, real, mock) in
            [("stdout", &real.stdout, &mock.stdout), ("stderr", &real.stderr, &mock.stderr)]
        {
            let (real, mock) = (self.output(real), self.output(mock));
            if real != mock {
                told.push_str(&format!("--- {name} of the real one\n{real}\n--- of the stand-in\n{mock}\n"));
            }
        }
        if real.code != mock.code {
            told.push_str(&format!("--- exit code {:?}, of the stand-in {:?}\n", real.code, mock.code));
        }
        (!told.is_empty()).then_some(told)
    }
}
