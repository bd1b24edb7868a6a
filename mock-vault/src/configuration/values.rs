//! Values as the configuration's decoders take them: weakly.

use lab_hcl::{Body, Kind, Source, Value};

use crate::decode::value_to_json;
use crate::logical::{go_print, parse_seconds};

/// A body with the file it stands in, whose fields are asked for by name.
pub(super) struct Fields<'a> {
    pub(super) body: &'a Body,
    pub(super) source: &'a Source,
}

impl<'a> Fields<'a> {
    /// The last value of a name; names have no case.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        let named = self.body.attributes().filter(|attribute| attribute.name.eq_ignore_ascii_case(name));
        named.last().map(|attribute| &attribute.value)
    }

    /// A text; empty where it is absent.
    pub(super) fn text(&self, name: &str) -> String {
        self.value(name).and_then(scalar).unwrap_or_default()
    }

    /// A flag; false where it is absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        let Some(value) = self.value(name) else { return Ok(false) };
        let text = match &value.kind {
            Kind::Bool(flag) => return Ok(*flag),
            Kind::Number(number) => return Ok(number.float() != Some(0.0)),
            Kind::List(_) => {
                let shown = go_print(&value_to_json(value));
                return Err(format!(
                    "'' expected type 'bool', got unconvertible type '[]interface {{}}', value: '{shown}'"
                ));
            }
            _ => scalar(value).unwrap_or_default(),
        };
        match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err(format!("cannot parse '' as bool: strconv.ParseBool: parsing {text:?}: invalid syntax")),
        }
    }

    /// A duration in seconds: a number of them, or a number with a unit. Zero where it is absent.
    pub(super) fn duration(&self, name: &str) -> Result<i64, String> {
        let Some(value) = self.value(name) else { return Ok(0) };
        match &value.kind {
            Kind::String(text) => parse_seconds(&text.as_str().into()),
            Kind::Number(number) => Ok(number.float().unwrap_or_default() as i64),
            _ => Err("could not parse duration from input".to_owned()),
        }
    }

    /// A whole number; zero where it is absent.
    pub(super) fn number(&self, name: &str) -> Result<i64, String> {
        let Some(value) = self.value(name) else { return Ok(0) };
        match &value.kind {
            Kind::String(text) if text.is_empty() => Ok(0),
            Kind::String(text) => {
                text.parse().map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
            }
            Kind::Number(number) if number.integer().is_ok() => number.integer(),
            _ => Err("could not parse value from input".to_owned()),
        }
    }

    /// Texts: a list, or one with commas between them.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.value(name).map(|value| &value.kind) {
            Some(Kind::List(items)) => items.iter().filter_map(scalar).collect(),
            Some(Kind::String(text)) => text.split(',').map(|part| part.trim().to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    /// The last block of a name.
    pub(super) fn block(&self, name: &str) -> Option<Fields<'a>> {
        let last = self.body.blocks().filter(|block| block.kind.eq_ignore_ascii_case(name)).last()?;
        Some(Fields { body: &last.body, source: self.source })
    }

    /// A complaint for each field whose name is not among `known`.
    pub(super) fn unknown(&self, known: &[&str]) -> Vec<String> {
        let strange = self
            .body
            .items
            .iter()
            .filter(|item| !known.iter().any(|known| item.name().eq_ignore_ascii_case(known)));
        let complaint = |item: &lab_hcl::Item| {
            let (line, column) = self.source.position(item.name_span().start);
            let file = &self.source.name;
            format!(
                "unknown or unsupported field {} found in configuration at {file}:{line}:{column}",
                item.name()
            )
        };
        strange.map(complaint).collect()
    }
}

/// The text of a value that is not a list or an object.
fn scalar(value: &Value) -> Option<String> {
    match &value.kind {
        Kind::String(text) => Some(text.clone()),
        Kind::Number(number) => Some(number.text().to_owned()),
        Kind::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
