//! A command on its way: its flags, its arguments, its environment, and where it prints.

use std::io::{self, IsTerminal, Read, Write};

use super::api::Api;
use super::failure::{Failure, expect};
use super::options::Anywhere;
use crate::stand_in::{Environment, Flags};

/// A command on its way.
pub(super) struct Session<'a> {
    pub(super) flags: Flags,
    pub(super) anywhere: Anywhere,
    pub(super) environment: &'a Environment,
}

impl Session<'_> {
    /// The arguments behind the flags.
    pub(super) fn arguments(&self) -> &[String] {
        &self.flags.rest
    }

    /// The argument at a place; empty where there is none.
    pub(super) fn argument(&self, at: usize) -> &str {
        self.flags.rest.get(at).map_or("", String::as_str)
    }

    /// The one argument that there must be.
    pub(super) fn only_argument(&self) -> Result<&str, Failure> {
        expect(self.arguments(), 1, 1)?;
        Ok(self.argument(0))
    }

    /// A flag's text; empty where it was not given.
    pub(super) fn text(&self, flag: &str) -> &str {
        self.flags.text(flag).unwrap_or_default()
    }

    /// Whether a flag is set.
    pub(super) fn is_set(&self, flag: &str) -> bool {
        self.flags.is_set(flag)
    }

    /// Whether people read what is printed.
    pub(super) fn is_table(&self) -> bool {
        self.anywhere.format == "table"
    }

    /// The way to the server.
    pub(super) fn api(&self) -> Result<Api, Failure> {
        Api::new(self)
    }

    /// Prints a line to standard output.
    pub(super) fn say(&self, text: &str) {
        self.print(&format!("{text}\n"));
    }

    /// Prints a text to standard output as it is.
    pub(super) fn print(&self, text: &str) {
        // Whoever reads it has seen enough.
        let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
    }

    /// Prints a line to standard error.
    pub(super) fn warn(&self, text: &str) {
        // There is nobody left to tell.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Standard input, to its end.
    pub(super) fn stdin(&self) -> String {
        let mut text = String::new();
        // What cannot be read counts as nothing.
        let _ = io::stdin().read_to_string(&mut text);
        text
    }

    /// Asks on standard output for something that nobody should see.
    ///
    /// Errors: why it cannot be asked.
    pub(super) fn ask(&self, prompt: &str) -> Result<String, String> {
        self.print(prompt);
        let read = read_hidden();
        self.say("");
        read
    }

    /// The same, asked on standard error.
    pub(super) fn ask_aside(&self, prompt: &str) -> Result<String, String> {
        // There is nobody left to tell.
        let _ = io::stderr().write_all(prompt.as_bytes());
        let read = read_hidden();
        self.warn("");
        read
    }
}

/// Reads a line of the terminal that nobody should see.
fn read_hidden() -> Result<String, String> {
    if !io::stdin().is_terminal() {
        return Err("file descriptor 0 is not a terminal".to_owned());
    }
    let echo = Echo::off();
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line).map_err(|error| error.to_string());
    drop(echo);
    read.map(|_| line.trim().to_owned())
}

/// The terminal does not show what is typed until this is dropped.
struct Echo;

impl Echo {
    fn off() -> Self {
        stty("-echo");
        Self
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        stty("echo");
    }
}

/// A terminal without `stty` shows what is typed; that is no reason to refuse it.
fn stty(setting: &str) {
    let _ = std::process::Command::new("stty").arg(setting).status();
}
