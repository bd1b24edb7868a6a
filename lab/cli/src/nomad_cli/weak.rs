//! HCL1 as a loose map, and its values taken for texts and numbers wherever that can be done: how the real command line
//! reads the files of namespaces, variables and quotas.

use lab_hcl::{Body, Item, Kind, Value};
use serde_json::{Map, Value as Json};

/// What such a file says of one thing.
pub(super) enum Loose<'a> {
    Value(&'a Value),
    Blocks,
}

impl Loose<'_> {
    /// What Go calls its type.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Blocks => "[]map[string]interface {}",
            Self::Value(value) => match &value.kind {
                Kind::String(_) | Kind::Expression(_) | Kind::Null => "string",
                Kind::Bool(_) => "bool",
                Kind::Number(number) if number.integer().is_ok() => "int",
                Kind::Number(_) => "float64",
                Kind::List(_) => "[]interface {}",
                Kind::Object(_) => "map[string]interface {}",
            },
        }
    }

    /// As a text. The error names it `name`.
    pub(super) fn text(&self, name: &str) -> Result<String, String> {
        let refuse =
            || failed(&format!("'{name}' expected type 'string', got unconvertible type '{}'", self.kind()));
        let Self::Value(value) = self else { return Err(refuse()) };
        match &value.kind {
            Kind::String(text) | Kind::Expression(text) => Ok(text.clone()),
            Kind::Null => Ok(String::new()),
            Kind::Bool(truth) => Ok(if *truth { "1" } else { "0" }.to_owned()),
            Kind::Number(number) => Ok(match (number.integer(), number.float()) {
                (Ok(whole), _) => whole.to_string(),
                (Err(_), Some(part)) => part.to_string(),
                _ => number.text().to_owned(),
            }),
            Kind::List(_) | Kind::Object(_) => Err(refuse()),
        }
    }

    /// As a number that is not negative. The error names it `name`.
    pub(super) fn number(&self, name: &str) -> Result<u64, String> {
        let text = self.text(name)?;
        let whole = text.parse::<u64>().or_else(|_| text.parse::<i64>().map(i64::cast_unsigned));
        whole.map_err(|_| {
            failed(&format!("'{name}' cannot parse value as 'uint64': strconv.ParseUint: invalid syntax"))
        })
    }

    /// Refuses what is no block. The error names it `name`.
    pub(super) fn no_block(&self, name: &str) -> String {
        let kind = match self.kind() {
            list if list.starts_with("[]") => "slice",
            other => other,
        };
        failed(&format!("'{name}' expected a map or struct, got \"{kind}\""))
    }
}

/// What is said of values that do not fit.
pub(super) fn failed(what: &str) -> String {
    format!("decoding failed due to the following error(s):\n\n{what}")
}

/// What a body says under a name in any case, but for the names that are given: the last of it.
pub(super) fn field<'a>(body: &'a Body, name: &str, but: &[&str]) -> Option<Loose<'a>> {
    let is_it = |item: &&Item| item.name().eq_ignore_ascii_case(name) && !but.contains(&item.name());
    body.items.iter().rfind(is_it).map(|item| match item {
        Item::Attribute(attribute) => Loose::Value(&attribute.value),
        Item::Block(_) => Loose::Blocks,
    })
}

/// The texts of all blocks of a name that have no label.
pub(super) fn texts(source: &str, body: &Body, name: &str) -> Result<Map<String, Json>, String> {
    let mut texts = Map::new();
    for item in body.items.iter().filter(|item| item.name().eq_ignore_ascii_case(name)) {
        match item {
            Item::Block(block) if block.labels.is_empty() => {
                for inner in &block.body.items {
                    let loose = match inner {
                        Item::Attribute(attribute) => Loose::Value(&attribute.value),
                        Item::Block(_) => Loose::Blocks,
                    };
                    texts.insert(inner.name().to_owned(), loose.text(&format!("[{}]", inner.name()))?.into());
                }
            }
            Item::Block(_) => {}
            Item::Attribute(attribute) => {
                let place = place(source, attribute.value.span.start);
                let node = node(&attribute.value);
                return Err(format!("{place}: root: not an object type for map ({node})"));
            }
        }
    }
    Ok(texts)
}

/// A list of texts in a block, each written in any way; `called` is what complaints call it.
pub(super) fn list(
    source: &str,
    body: &Body,
    name: &str,
    called: &str,
) -> Result<Option<Vec<String>>, String> {
    let mut found: Option<Vec<String>> = None;
    for item in body.items.iter().filter(|item| item.name().eq_ignore_ascii_case(name)) {
        let Item::Attribute(attribute) = item else { continue };
        let Kind::List(items) = &attribute.value.kind else {
            let place = place(source, attribute.value.span.start);
            return Err(format!("{place}: unknown slice type: {}", node(&attribute.value)));
        };
        let list = found.get_or_insert_default();
        for (index, item) in items.iter().enumerate() {
            list.push(plain(source, item, &format!("root.{called}[{index}]"))?);
        }
    }
    Ok(found)
}

/// A text in a block, written in any way; `called` is what complaints call it.
pub(super) fn text(source: &str, body: &Body, name: &str, called: &str) -> Result<String, String> {
    let mut found = String::new();
    for attribute in body.attributes().filter(|attribute| attribute.name.eq_ignore_ascii_case(name)) {
        found = plain(source, &attribute.value, &format!("root.{called}"))?;
    }
    Ok(found)
}

fn plain(source: &str, value: &Value, path: &str) -> Result<String, String> {
    match &value.kind {
        Kind::String(text) | Kind::Expression(text) => Ok(text.clone()),
        Kind::Null => Ok(String::new()),
        Kind::Bool(truth) => Ok(truth.to_string()),
        Kind::Number(number) => Ok(number.text().to_owned()),
        Kind::List(_) | Kind::Object(_) => {
            let place = place(source, value.span.start);
            Err(format!("{place}: {path}: unknown type for string {}", node(value)))
        }
    }
}

fn node(value: &Value) -> &'static str {
    match value.kind {
        Kind::List(_) => "*ast.ListType",
        Kind::Object(_) => "*ast.ObjectType",
        _ => "*ast.LiteralType",
    }
}

/// `At 3:10`, from a place in bytes. In JSON nobody knows places.
fn place(source: &str, at: usize) -> String {
    if source.trim_start().starts_with('{') {
        return "At -".to_owned();
    }
    let before = source.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    format!("At {line}:{column}")
}
