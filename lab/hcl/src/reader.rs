//! Takes a body apart, and knows what was not asked for.

use std::time::Duration;

use crate::body::parse_integer;
use crate::{Attribute, Block, Body, Diagnostic, Item, Kind, Span, Value, suggest};

/// Reads the attributes and blocks of a [`Body`] by name, and at the end reports what nobody asked for.
///
/// Values convert as HCL's decoders convert them: `"true"` and `1` are
/// booleans where one is wanted, `"3"` is a number, and a number is its text where a string is wanted. Where an
/// attribute is repeated the last one counts.
#[derive(Debug)]
pub struct Reader<'a> {
    body: &'a Body,
    used: Vec<bool>,
    known: Vec<String>,
    caseless: bool,
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing yet.
    pub fn new(body: &'a Body) -> Self {
        Self { body, used: vec![false; body.items.len()], known: Vec::new(), caseless: false }
    }

    /// A reader that compares names without case, as programs that read HCL1 do.
    pub fn caseless(body: &'a Body) -> Self {
        Self { caseless: true, ..Self::new(body) }
    }

    /// The attribute called `name`.
    pub fn attribute(&mut self, name: &str) -> Option<&'a Attribute> {
        self.take(name, Item::as_attribute).pop()
    }

    /// The value of the attribute called `name`; `null` counts as absent.
    pub fn value(&mut self, name: &str) -> Option<&'a Value> {
        self.attribute(name).map(|attribute| &attribute.value).filter(|value| value.kind != Kind::Null)
    }

    /// A string.
    pub fn string(&mut self, name: &str) -> Result<Option<String>, Diagnostic> {
        self.convert(name, "a string", |value| match &value.kind {
            Kind::String(text) => Some(text.clone()),
            Kind::Number(number) => Some(number.text().to_owned()),
            Kind::Bool(truth) => Some(truth.to_string()),
            _ => None,
        })
    }

    /// A string that must be there.
    pub fn required_string(&mut self, name: &str) -> Result<String, Diagnostic> {
        self.string(name)?.ok_or_else(|| self.missing(name))
    }

    /// `true` or `false`.
    pub fn bool(&mut self, name: &str) -> Result<Option<bool>, Diagnostic> {
        self.convert(name, "true or false", |value| match &value.kind {
            Kind::Bool(truth) => Some(*truth),
            Kind::Number(number) => truth(number.text()),
            Kind::String(text) => truth(text),
            _ => None,
        })
    }

    /// A whole number.
    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, Diagnostic> {
        self.convert(name, "a whole number", |value| match &value.kind {
            Kind::Number(number) => number.integer().ok(),
            Kind::String(text) => parse_integer(text).ok(),
            _ => None,
        })
    }

    /// A number with a fraction.
    pub fn float(&mut self, name: &str) -> Result<Option<f64>, Diagnostic> {
        self.convert(name, "a number", |value| match &value.kind {
            Kind::Number(number) => number.float(),
            Kind::String(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// A whole number from `least` to `most`.
    pub fn count(&mut self, name: &str, least: i64, most: i64) -> Result<Option<i64>, Diagnostic> {
        let Some(number) = self.integer(name)? else { return Ok(None) };
        if (least..=most).contains(&number) {
            return Ok(Some(number));
        }
        // `integer` has just found it.
        let span = self.value(name).map_or(Span::default(), |value| value.span);
        Err(Diagnostic::new(format!("`{name}` must be from {least} to {most}"), span)
            .with_label(format!("this is {number}")))
    }

    /// A duration as Go writes it, such as `"24h"` or `"1m30s"`.
    pub fn duration(&mut self, name: &str) -> Result<Option<Duration>, Diagnostic> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let wrong = |label: String| {
            Diagnostic::new(format!("`{name}` must be a duration"), value.span)
                .with_label(label)
                .with_help("write a number with a unit, such as \"90s\", \"10m\" or \"24h\"")
        };
        match &value.kind {
            Kind::String(text) => {
                lab_world::parse_duration(text).map(Some).map_err(|error| wrong(error.to_string()))
            }
            _ => Err(wrong(format!("this is {}", value.describe()))),
        }
    }

    /// A list of strings; a lone string is a list of one.
    pub fn strings(&mut self, name: &str) -> Result<Option<Vec<String>>, Diagnostic> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let elements = match &value.kind {
            Kind::List(elements) => elements.as_slice(),
            Kind::String(_) => std::slice::from_ref(value),
            _ => return Err(mismatch(name, "a list of strings", value)),
        };
        let text = |element: &Value| match &element.kind {
            Kind::String(text) => Ok(text.clone()),
            Kind::Number(number) => Ok(number.text().to_owned()),
            _ => Err(mismatch(name, "a list of strings", element)),
        };
        elements.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// An object or block whose attributes are strings, in the order in which they were written.
    pub fn string_map(&mut self, name: &str) -> Result<Option<Vec<(String, String)>>, Diagnostic> {
        let Some(body) = self.object(name)? else { return Ok(None) };
        let mut reader = Reader::new(body);
        let mut entries = Vec::new();
        for attribute in body.attributes() {
            let text = reader.string(&attribute.name)?.unwrap_or_default();
            entries.push((attribute.name.clone(), text));
        }
        match reader.finish() {
            Ok(()) => Ok(Some(entries)),
            Err(problem) => Err(Diagnostic::new(format!("`{name}` holds only strings"), problem.span)),
        }
    }

    /// What is between the braces of `name = { ... }` or `name { ... }`.
    pub fn object(&mut self, name: &str) -> Result<Option<&'a Body>, Diagnostic> {
        let block = self.take(name, Item::as_block).pop().map(|block| &block.body);
        match self.value(name) {
            None => Ok(block),
            Some(Value { kind: Kind::Object(body), .. }) => Ok(Some(body)),
            Some(value) => Err(mismatch(name, "an object", value)),
        }
    }

    /// The blocks of one kind, in order.
    pub fn blocks(&mut self, kind: &str) -> Vec<&'a Block> {
        self.take(kind, Item::as_block)
    }

    /// The block of one kind, which may not be repeated.
    pub fn block(&mut self, kind: &str) -> Result<Option<&'a Block>, Diagnostic> {
        let blocks = self.blocks(kind);
        match blocks.as_slice() {
            [] => Ok(None),
            [block] => Ok(Some(block)),
            [_, second, ..] => {
                Err(Diagnostic::new(format!("only one `{kind}` block is allowed"), second.kind_span)
                    .with_label("the second one"))
            }
        }
    }

    /// The bodies of one kind by label. `path "a" { }` and, as JSON and HCL1 may write it, `path { a { } }` are the
    /// same.
    pub fn labelled(&mut self, kind: &str) -> Result<Vec<(String, &'a Body)>, Diagnostic> {
        let mut found = Vec::new();
        for block in self.blocks(kind) {
            match block.label() {
                Some(label) => found.push((label.to_owned(), &block.body)),
                None => {
                    for item in &block.body.items {
                        let Some(inner) = item.as_block() else {
                            let message = format!("a `{kind}` block needs a label");
                            return Err(Diagnostic::new(message, block.kind_span));
                        };
                        found.push((inner.kind.clone(), &inner.body));
                    }
                }
            }
        }
        Ok(found)
    }

    /// What was not asked for, in order.
    pub fn unused(&self) -> impl Iterator<Item = &'a Item> {
        self.body.items.iter().zip(&self.used).filter(|(_, used)| !**used).map(|(item, _)| item)
    }

    /// Reports the first thing that was not asked for, with the known name it may stand for.
    pub fn finish(self) -> Result<(), Diagnostic> {
        match self.unused().next() {
            None => Ok(()),
            Some(item) => Err(self.unknown(item)),
        }
    }

    /// The problem of an attribute that must be there and is not; it points at the whole body.
    pub fn missing(&self, name: &str) -> Diagnostic {
        let start = self.body.span.start;
        Diagnostic::new(format!("`{name}` is missing"), Span::new(start, start + 1))
            .with_label(format!("`{name}` must be set in here"))
    }

    fn unknown(&self, item: &Item) -> Diagnostic {
        let name = item.name();
        let (shape, other) = match item {
            Item::Attribute(_) => ("attribute", "block"),
            Item::Block(_) => ("block", "attribute"),
        };
        let problem = Diagnostic::new(format!("unknown {shape} `{name}`"), item.name_span());
        if self.known.iter().any(|known| known == name) {
            let form = if other == "block" { format!("{name} {{ ... }}") } else { format!("{name} = ...") };
            return problem
                .with_label(format!("this must be {} {other}", if other == "block" { "a" } else { "an" }))
                .with_help(format!("write `{form}`"));
        }
        let mut names: Vec<&str> = self.known.iter().map(String::as_str).collect();
        names.sort_unstable();
        let problem = problem.with_label("not known here");
        match suggest(name, names.iter().copied()) {
            Some(meant) => problem.with_help(format!("did you mean `{meant}`?")),
            None if names.is_empty() => problem.with_note("nothing is known here"),
            None => problem.with_note(format!("known here: {}", names.join(", "))),
        }
    }

    fn take<T>(&mut self, name: &str, of: impl Fn(&'a Item) -> Option<T>) -> Vec<T> {
        if !self.known.iter().any(|known| known == name) {
            self.known.push(name.to_owned());
        }
        let mut found = Vec::new();
        for (item, used) in self.body.items.iter().zip(&mut self.used) {
            let is_it = item.name() == name || self.caseless && item.name().eq_ignore_ascii_case(name);
            if is_it && let Some(wanted) = of(item) {
                *used = true;
                found.push(wanted);
            }
        }
        found
    }

    fn convert<T>(
        &mut self,
        name: &str,
        wanted: &str,
        as_wanted: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Diagnostic> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => as_wanted(value).map(Some).ok_or_else(|| mismatch(name, wanted, value)),
        }
    }
}

fn mismatch(name: &str, wanted: &str, value: &Value) -> Diagnostic {
    Diagnostic::new(format!("`{name}` must be {wanted}"), value.span)
        .with_label(format!("this is {}", value.describe()))
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}
