//! `nomad acl`.

pub(super) mod auth_method;
pub(super) mod binding_rule;
pub(super) mod bootstrap;
pub(super) mod policy;
pub(super) mod role;
pub(super) mod token;

use std::path::Path;

use serde_json::Value as Json;

use super::command::{Arity, Fault, Outcome, Setting};
use super::json::items;
use super::session::Session;
use super::wording::table;
use crate::stand_in::{Takes, file_error};

const FORMATS: [Setting; 2] =
    [("json", Takes::Bool, "As JSON."), ("t", Takes::Text, "As a Go template has it.")];

const fn one(told: &'static str) -> Arity {
    Arity::Counted(1, 1, told)
}

/// What a `list` command shows.
struct Listing {
    path: &'static str,
    /// What stands before an error.
    error: &'static str,
    /// The structure that an agent answers with.
    shape: &'static str,
    /// What is said where there is nothing.
    none: &'static str,
    /// The titles of the columns, with `|` between them.
    header: &'static str,
}

impl Listing {
    /// Asks for the list and shows it, a `row` for each.
    fn show(&self, session: &Session<'_>, row: impl Fn(&Json) -> String) -> Outcome {
        let found = session.api()?.get(self.path, &[]).map_err(Fault::of(self.error))?;
        if session.is_formatted() {
            return session.formatted(&found, self.shape);
        }
        if items(&found).is_empty() {
            session.say(self.none);
            return Ok(0);
        }
        let mut lines = vec![self.header.to_owned()];
        lines.extend(items(&found).iter().map(row));
        session.say(table(&lines));
        Ok(0)
    }
}

/// A text from where a flag says: itself, the file behind `@`, or standard input for `-`.
///
/// Errors: it cannot be read, in the real program's words.
fn source(data: &str) -> Result<String, String> {
    match data.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| format!("Failed to read file: {}", file_error("open", Path::new(path), &error))),
        None if data == "-" => std::io::read_to_string(std::io::stdin())
            .map_err(|error| format!("Failed to read stdin: {error}")),
        None => Ok(data.to_owned()),
    }
}
