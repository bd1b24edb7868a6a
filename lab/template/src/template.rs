//! A template that has been read.

use std::collections::BTreeMap;

use crate::functions::Functions;
use crate::node::Node;
use crate::{Error, Value, execute, parser};

/// How a template is read and executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What begins an action.
    pub left_delimiter: String,
    /// What ends an action.
    pub right_delimiter: String,
    /// What a missing key of a map gives.
    pub missing_key: MissingKey,
}

impl Default for Options {
    /// `{{`, `}}`, and Go's own way with missing keys.
    fn default() -> Self {
        Self {
            left_delimiter: "{{".to_owned(),
            right_delimiter: "}}".to_owned(),
            missing_key: MissingKey::Invalid,
        }
    }
}

/// What a missing key of a map gives (`missingkey=`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, whose fields are no value either.
    Invalid,
    /// The zero value, which prints the same and whose fields are an error.
    Zero,
    /// An error: `map has no entry for key "foo"`
    Error,
}

/// A parsed template with the definitions it holds.
#[derive(Clone, Debug)]
pub struct Template {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) missing_key: MissingKey,
    /// The template itself, under its own name, and its `define`d ones.
    pub(crate) definitions: BTreeMap<String, Vec<Node>>,
}

impl Template {
    /// Parses `text`, which messages call `name`. Which functions there are decides whether it parses.
    pub fn parse(
        name: &str,
        text: &str,
        options: &Options,
        functions: &dyn Functions,
    ) -> Result<Self, Error> {
        let definitions = parser::parse(name, text, options, functions)?;
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
            missing_key: options.missing_key,
            definitions,
        })
    }

    /// The text that it gives for `data`, which is `.` and `$` in it.
    pub fn execute(&self, data: &Value, functions: &mut dyn Functions) -> Result<String, Error> {
        execute::execute(self, data, functions)
    }
}
