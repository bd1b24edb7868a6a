//! Takes a block of a file apart, in the words of the decoder that Nomad uses.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_hcl::{Body, Item, Kind, Value};

use super::load::ConfigError;

/// The entries of one block by name. What nobody asks for has been looked at before.
pub(super) struct Fields<'a> {
    /// Where the block stands: empty at the top of the file, `server`, `server.server_join`.
    path: &'static str,
    body: &'a Body,
}

impl<'a> Fields<'a> {
    pub(super) fn new(path: &'static str, body: &'a Body) -> Self {
        Self { path, body }
    }

    /// The last text called `name`; empty where there is none.
    pub(super) fn text(&self, name: &str) -> Result<String, ConfigError> {
        match self.last(name).map(|value| &value.kind) {
            None | Some(Kind::Null) => Ok(String::new()),
            Some(Kind::String(text)) => Ok(text.clone()),
            Some(Kind::Number(number)) => Ok(number.text().to_owned()),
            Some(_) => Err(ConfigError::decode(format!("{name}: unknown type for string *ast.LiteralType"))),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        match self.last(name).map(|value| &value.kind) {
            None | Some(Kind::Null) => Ok(false),
            Some(Kind::Bool(truth)) => Ok(*truth),
            Some(Kind::String(text)) => truth(text),
            Some(Kind::Number(number)) => truth(number.text()),
            Some(_) => Err(ConfigError::decode(format!("{name}: unknown type *ast.ListType"))),
        }
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, ConfigError> {
        let number = match self.last(name).map(|value| &value.kind) {
            None | Some(Kind::Null) => return Ok(None),
            Some(Kind::Number(number)) => number.integer(),
            Some(Kind::String(text)) => lab_hcl::Number::new(text).integer(),
            Some(_) => Err(format!("{name}: unknown type *ast.ListType")),
        };
        number.map(Some).map_err(ConfigError::decode)
    }

    pub(super) fn float(&self, name: &str) -> Result<Option<f64>, ConfigError> {
        match self.last(name).map(|value| &value.kind) {
            None | Some(Kind::Null) => Ok(None),
            Some(Kind::Number(number)) => Ok(number.float()),
            Some(_) => Err(ConfigError::decode(format!("{name}: unknown type *ast.LiteralType"))),
        }
    }

    /// A duration, written as text.
    pub(super) fn duration(&self, name: &str) -> Result<Option<Duration>, ConfigError> {
        let text = self.text(name)?;
        if text.is_empty() {
            return Ok(None);
        }
        let path = self.path_of(name);
        let parsed = lab_world::parse_duration(&text);
        parsed.map(Some).map_err(|_| ConfigError::Plain(format!("{path} can't parse time duration {text}")))
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, ConfigError> {
        let wrong = || ConfigError::decode(format!("{name}: unknown type for string *ast.ObjectType"));
        let elements = match self.last(name) {
            None => return Ok(Vec::new()),
            Some(Value { kind: Kind::List(elements), .. }) => elements.as_slice(),
            Some(value) => std::slice::from_ref(value),
        };
        let text = |value: &Value| match &value.kind {
            Kind::String(text) => Ok(text.clone()),
            Kind::Number(number) => Ok(number.text().to_owned()),
            _ => Err(wrong()),
        };
        elements.iter().map(text).collect()
    }

    /// A block of texts by name; repeated blocks add up.
    pub(super) fn map(&self, name: &str) -> Result<BTreeMap<String, String>, ConfigError> {
        let mut map = BTreeMap::new();
        for body in self.blocks(name) {
            for attribute in body.attributes() {
                let text = match &attribute.value.kind {
                    Kind::String(text) => text.clone(),
                    Kind::Number(number) => number.text().to_owned(),
                    Kind::Bool(truth) => truth.to_string(),
                    _ => {
                        return Err(ConfigError::decode(format!(
                            "{name}: unknown type for string *ast.ListType"
                        )));
                    }
                };
                map.insert(attribute.name.clone(), text);
            }
        }
        Ok(map)
    }

    /// The blocks called `name`, however they are written.
    pub(super) fn blocks(&self, name: &str) -> Vec<&'a Body> {
        self.take(name)
            .into_iter()
            .filter_map(|item| match item {
                Item::Block(block) => Some(&block.body),
                Item::Attribute(attribute) => match &attribute.value.kind {
                    Kind::Object(body) => Some(body),
                    _ => None,
                },
            })
            .collect()
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn last(&self, name: &str) -> Option<&'a Value> {
        self.take(name)
            .into_iter()
            .filter_map(Item::as_attribute)
            .map(|attribute| &attribute.value)
            .next_back()
    }

    /// Names are compared without case, as the decoder does.
    fn take(&self, name: &str) -> Vec<&'a Item> {
        self.body.items.iter().filter(|item| item.name().eq_ignore_ascii_case(name)).collect()
    }
}

fn truth(text: &str) -> Result<bool, ConfigError> {
    match text {
        "true" | "TRUE" | "True" | "t" | "T" | "1" => Ok(true),
        "false" | "FALSE" | "False" | "f" | "F" | "0" => Ok(false),
        _ => Err(ConfigError::decode(format!("decodeBool: Unknown value for boolean: {text:?}"))),
    }
}
