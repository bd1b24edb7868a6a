//! One call of a command: its flags, its agent, and where its words go.

use std::cell::OnceCell;
use std::io::{IsTerminal, Write};

use serde_json::Value as Json;

use super::api::{Api, Target};
use super::command::{Command, Fault};
use super::json::Look;
use crate::stand_in::{Environment, Flags};

/// One call of a command.
pub(super) struct Session<'a> {
    pub(super) command: &'a Command,
    pub(super) flags: Flags,
    pub(super) environment: &'a Environment,
    api: OnceCell<Api>,
}

impl<'a> Session<'a> {
    pub(super) fn new(command: &'a Command, flags: Flags, environment: &'a Environment) -> Self {
        Self { command, flags, environment, api: OnceCell::new() }
    }

    /// The agent that the flags and the environment lead to.
    pub(super) fn api(&self) -> Result<&Api, Fault> {
        if let Some(api) = self.api.get() {
            return Ok(api);
        }
        let api = Api::new(Target::of(&self.flags, self.environment))
            .map_err(Fault::of("Error initializing client"))?;
        Ok(self.api.get_or_init(|| api))
    }

    /// The arguments behind the flags.
    pub(super) fn arguments(&self) -> &[String] {
        &self.flags.rest
    }

    /// An argument, or an empty one.
    pub(super) fn argument(&self, index: usize) -> &str {
        self.flags.rest.get(index).map_or("", String::as_str)
    }

    /// Whether a flag is set.
    pub(super) fn is_set(&self, flag: &str) -> bool {
        self.flags.is_set(flag)
    }

    /// The value of a flag, empty where it was not given.
    pub(super) fn text(&self, flag: &str) -> &str {
        self.flags.text(flag).unwrap_or_default()
    }

    /// How much of an identifier is shown.
    pub(super) fn id_length(&self) -> usize {
        if self.is_set("verbose") { FULL_ID } else { SHORT_ID }
    }

    /// A line of output.
    pub(super) fn say(&self, line: impl AsRef<str>) {
        // Whoever reads the output has seen enough when it cannot be written.
        let _ = writeln!(std::io::stdout(), "{}", line.as_ref());
    }

    /// Output as it is.
    pub(super) fn write(&self, bytes: &[u8]) {
        let mut output = std::io::stdout();
        let _ = output.write_all(bytes);
        let _ = output.flush();
    }

    /// A line for people, beside the output.
    pub(super) fn warn(&self, line: impl AsRef<str>) {
        let _ = writeln!(std::io::stderr(), "{}", line.as_ref());
    }

    /// A heading: bold where colours are shown.
    pub(super) fn bold(&self, text: &str) -> String {
        self.style(text, "1")
    }

    /// Text in a style (the number of an ANSI escape), where colours are shown.
    pub(super) fn style(&self, text: &str, style: &str) -> String {
        if self.has_colors() { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn has_colors(&self) -> bool {
        let wanted =
            |flag: &str, variable: &str| self.is_set(flag) || self.environment.get(variable).is_some();
        if wanted("no-color", "NOMAD_CLI_NO_COLOR") {
            return false;
        }
        wanted("force-color", "NOMAD_CLI_FORCE_COLOR") || std::io::stdout().is_terminal()
    }

    /// Where the browser finds what was shown, unless nobody wants to know; `path` is behind the agent's address.
    pub(super) fn hint(&self, what: &str, path: &str) {
        if let Some(hint) = self.hint_text(what, path) {
            self.warn(hint);
        }
    }

    /// The same as text, where anybody wants to know.
    pub(super) fn hint_text(&self, what: &str, path: &str) -> Option<String> {
        match self.environment.get("NOMAD_CLI_SHOW_HINTS").unwrap_or("1") {
            "0" | "f" | "F" | "false" | "FALSE" | "False" => return None,
            "1" | "t" | "T" | "true" | "TRUE" | "True" => {}
            other => self.warn(format!(
                "Invalid value {other:?} for NOMAD_CLI_SHOW_HINTS: strconv.ParseBool: parsing {other:?}: invalid syntax"
            )),
        }
        let api = self.api().ok()?;
        let agent = api.get("/v1/agent/self", &[]).ok()?;
        let ui = agent.at("config").at("UI");
        let is_off = |setting: &str| ui.at(setting).as_bool() == Some(false);
        if is_off("ShowCLIHints") || is_off("Enabled") {
            return None;
        }
        Some(format!("\n\n==> {what} in the Web UI: {}{path}", api.address()))
    }
}

/// How much of an identifier is shown by default.
const SHORT_ID: usize = 8;
/// How long an identifier is.
pub(super) const FULL_ID: usize = 36;

/// A value that is nothing.
pub(super) static NOTHING: Json = Json::Null;
