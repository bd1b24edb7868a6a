//! The value of a document of YAML.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::scalar;
use crate::eval::{Value, as_string};

const TAGS: &str = "tag:yaml.org,2002:";
/// How deep collections may be nested.
const MOST_DEPTH: usize = 100;
/// How many values a document may have, with what its aliases stand for.
const MOST_VALUES: usize = 100_000;

/// Reads a text of one document.
pub(super) fn document(text: &str) -> Result<Value, String> {
    let parser = Parser::new_from_str(text);
    let mut reader = Reader { text, parser, anchors: BTreeMap::new(), values: 0, depth: 0 };
    reader.next()?;
    let (event, _) = reader.next()?;
    if matches!(event, Event::StreamEnd) {
        let line = text.lines().count().max(1);
        return Err(format!("on line {line}, column 1: missing start of document"));
    }
    let first = reader.next()?;
    let value = reader.value(first)?;
    match reader.next()? {
        (Event::DocumentEnd, _) => {}
        (_, place) => return Err(at(place, "unexpected extra content after value")),
    }
    match reader.next()? {
        (Event::StreamEnd, _) => Ok(value),
        (_, place) => Err(at(place, "unexpected extra content after value")),
    }
}

struct Reader<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    anchors: BTreeMap<usize, Value>,
    values: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Marker), String> {
        match self.parser.next_event() {
            // A block that the text ends in has no more lines than the text.
            Some(Ok((
                Event::Scalar(value, style @ (ScalarStyle::Literal | ScalarStyle::Folded), anchor, tag),
                span,
            ))) if !self.text.ends_with('\n') && span.end.index() >= self.text.chars().count() => {
                let value = value.strip_suffix('\n').unwrap_or(&value).to_owned();
                Ok((Event::Scalar(value.into(), style, anchor, tag), span.start))
            }
            Some(Ok((event, span))) => Ok((event, span.start)),
            Some(Err(error)) if error.info().contains("unknown anchor") => {
                let name = self.alias(*error.marker());
                Err(at(*error.marker(), &format!("reference to undefined anchor {name:?}")))
            }
            Some(Err(error)) => Err(told(&error)),
            None => Ok((Event::StreamEnd, Marker::default())),
        }
    }

    /// The name behind the asterisk at a place.
    fn alias(&self, place: Marker) -> String {
        let rest = self.text.chars().skip(place.index()).skip_while(|c| *c == '*');
        rest.take_while(|c| !c.is_whitespace() && !",[]{}".contains(*c)).collect()
    }

    fn value(&mut self, (event, place): (Event<'t>, Marker)) -> Result<Value, String> {
        self.values += 1;
        if self.values > MOST_VALUES || self.depth > MOST_DEPTH {
            let most = format!("the lab reads {MOST_VALUES} values, {MOST_DEPTH} levels deep");
            return Err(at(place, &most));
        }
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| written(&tag)).unwrap_or_default();
                let value = scalar::value(&tag, &text, style).map_err(|told| at(place, &told))?;
                let is_text = tag.is_empty() && style != ScalarStyle::Plain;
                let text = if is_text { as_string(&value).map(Value::String) } else { None };
                (anchor, text.unwrap_or(value))
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let value = known.ok_or_else(|| {
                    let name = self.alias(place);
                    at(place, &format!("cannot refer to anchor {name:?} from inside its own definition"))
                })?;
                self.values += size(&value);
                return Ok(value);
            }
            Event::SequenceStart(anchor, tag) => {
                self.collection("sequence", "seq", tag.as_deref(), place)?;
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        other => items.push(self.value(other)?),
                    }
                }
                self.depth -= 1;
                (anchor, Value::List(items))
            }
            Event::MappingStart(anchor, tag) => {
                self.collection("mapping", "map", tag.as_deref(), place)?;
                let entries = self.entries()?;
                self.depth -= 1;
                (anchor, Value::Object(entries))
            }
            _ => return Err(at(place, "expecting value but found end of document")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    /// Goes into a collection, which may have no tag but its own.
    fn collection(&mut self, what: &str, own: &str, tag: Option<&Tag>, place: Marker) -> Result<(), String> {
        self.depth += 1;
        match tag.map(written) {
            Some(tag) if tag != format!("{TAGS}{own}") => {
                Err(at(place, &format!("can't interpret {what} as {tag}")))
            }
            _ => Ok(()),
        }
    }

    fn entries(&mut self) -> Result<BTreeMap<String, Value>, String> {
        let mut entries = BTreeMap::new();
        loop {
            let (text, style, tag, place) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (Event::Scalar(text, style, _, tag), place) => (text, style, tag, place),
                (_, place) => return Err(at(place, "only strings are allowed as mapping keys")),
            };
            let tag = tag.map(|tag| written(&tag)).unwrap_or_default();
            if tag.is_empty() && text == "<<" || tag == format!("{TAGS}merge") {
                let next = self.next()?;
                merge(self.value(next)?, place, &mut entries)?;
                continue;
            }
            let key = match scalar::value(&tag, &text, style)? {
                Value::Null => return Err(at(place, "mapping key cannot be null")),
                key => as_string(&key).unwrap_or_default(),
            };
            let next = self.next()?;
            let value = self.value(next)?;
            entries.insert(key, value);
        }
    }
}

fn merge(value: Value, place: Marker, entries: &mut BTreeMap<String, Value>) -> Result<(), String> {
    match value {
        Value::Object(others) => entries.extend(others),
        Value::List(items) => {
            for item in items {
                let Value::Object(others) = item else {
                    let kind = item.kind_name();
                    return Err(at(place, &format!("cannot merge {kind} (from sequence) into mapping")));
                };
                entries.extend(others);
            }
        }
        other => return Err(at(place, &format!("cannot merge {} into mapping", other.kind_name()))),
    }
    Ok(())
}

/// How many values there are in one.
fn size(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(entries) => 1 + entries.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// A tag in full.
fn written(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

/// A complaint with its place, which is not told in the first line.
fn at(place: Marker, told: &str) -> String {
    match place.line().saturating_sub(1) {
        0 => told.to_owned(),
        line => format!("on line {line}, column {}: {told}", place.col() + 1),
    }
}

/// What cannot be read. Of what characters mean only the line is told, and it is counted from 1.
fn told(error: &ScanError) -> String {
    let problem = match error.info().split_once(", ") {
        Some((before, problem)) if before.starts_with("while ") => problem,
        _ => error.info(),
    };
    if let Some(rest) = problem.strip_prefix("expected ") {
        return at(*error.marker(), &format!("did not find expected {rest}"));
    }
    if problem.starts_with("did not find") {
        return at(*error.marker(), problem);
    }
    let problem = match problem {
        problem if problem.starts_with("unexpected character") || problem.starts_with("tabs disallowed") => {
            "found character that cannot start any token"
        }
        problem => problem,
    };
    match error.marker().line() {
        0 | 1 => problem.to_owned(),
        line => format!("on line {line}, column 1: {problem}"),
    }
}
