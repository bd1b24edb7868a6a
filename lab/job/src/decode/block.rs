//! Blocks described by tables.

use serde_json::{Map, Value as Json};

use super::expect::{Nested, check};
use super::field::{Field, fields, text_of};
use super::{Context, Found, Place, expand};
use crate::eval::{Value, as_string, evaluate};
use crate::syntax::{Block, ObjectKey};

/// How a block that is described by a table appears in the job.
#[derive(Clone, Copy)]
pub(super) enum Appears {
    /// As one object; null without it.
    Object,
    /// As a list; null without any.
    List,
    /// As an object of texts, made of any attributes.
    TextMap,
    /// As an object of lists of texts.
    TextsMap,
    /// The surrounding code decodes it.
    Elsewhere,
}

/// A block inside another.
#[derive(Clone, Copy)]
pub(super) struct Inner {
    pub(super) nested: Nested,
    pub(super) json: &'static str,
    pub(super) appears: Appears,
    pub(super) table: &'static Table,
}

/// What a block may hold.
pub(super) struct Table {
    pub(super) fields: &'static [Field],
    pub(super) blocks: &'static [Inner],
    /// The field that the label becomes.
    pub(super) label: Option<&'static str>,
}

/// A table of nothing.
pub(super) static EMPTY: Table = Table { fields: &[], blocks: &[], label: None };

/// A block that appears as one object.
pub(super) const fn object(kind: &'static str, json: &'static str, table: &'static Table) -> Inner {
    Inner { nested: super::expect::one(kind), json, appears: Appears::Object, table }
}

/// A block that appears in a list.
pub(super) const fn list(kind: &'static str, json: &'static str, table: &'static Table) -> Inner {
    Inner { nested: super::expect::many(kind), json, appears: Appears::List, table }
}

/// The same with a label.
pub(super) const fn labelled_list(
    kind: &'static str,
    label: &'static str,
    json: &'static str,
    table: &'static Table,
) -> Inner {
    Inner { nested: super::expect::labelled(kind, label), json, appears: Appears::List, table }
}

/// A block, or an attribute, that holds any texts.
pub(super) const fn texts(kind: &'static str, json: &'static str) -> Inner {
    Inner { nested: super::expect::one(kind), json, appears: Appears::TextMap, table: &EMPTY }
}

/// A block that other code decodes.
pub(super) const fn elsewhere(nested: Nested) -> Inner {
    Inner { nested, json: "", appears: Appears::Elsewhere, table: &EMPTY }
}

const DYNAMIC: Nested = super::expect::labelled("dynamic", "type");

/// A body by its table: the job's fields, and the blocks that other code decodes.
pub(super) fn body(
    table: &Table,
    place: &Place<'_>,
    context: &mut Context<'_, '_>,
) -> (Map<String, Json>, Vec<Found>) {
    let labelled = |kind: &str| {
        table.blocks.iter().any(|inner| inner.nested.kind == kind && inner.nested.labels.is_some())
    };
    let found = expand(place, &labelled, context);
    let mut attributes: Vec<(&str, bool)> =
        table.fields.iter().map(|field| (field.name, field.required)).collect();
    // An object of texts may be written with an equals sign too.
    let text_maps = table.blocks.iter().filter(|inner| matches!(inner.appears, Appears::TextMap));
    attributes.extend(text_maps.map(|inner| (inner.nested.kind, false)));
    let mut nested: Vec<Nested> = table.blocks.iter().map(|inner| inner.nested).collect();
    // Those that stand here have been expanded; the word is still one that is known.
    nested.push(DYNAMIC);
    let found = check(place, found, &attributes, &nested, context.report);
    let mut decoded = fields(table.fields, &place.body.attributes, place.names, context);
    let mut others = Vec::new();
    for inner in table.blocks {
        let mine = found.iter().filter(|found| found.block.kind == inner.nested.kind);
        let value = match inner.appears {
            Appears::Elsewhere => {
                others.extend(mine.cloned());
                continue;
            }
            Appears::Object => mine.take(1).map(|found| whole(inner.table, found, context)).next(),
            Appears::List => {
                let all: Vec<Json> = mine.map(|found| whole(inner.table, found, context)).collect();
                (!all.is_empty()).then(|| all.into())
            }
            Appears::TextMap => {
                let block = mine.take(1).next();
                text_map(inner.nested.kind, block, place, context)
            }
            Appears::TextsMap => mine.take(1).map(|found| texts_map(found, context)).next(),
        };
        decoded.insert(inner.json.to_owned(), value.unwrap_or(Json::Null));
    }
    (decoded, others)
}

/// A block with nothing that other code decodes.
pub(super) fn whole(table: &Table, found: &Found, context: &mut Context<'_, '_>) -> Json {
    let (mut decoded, _) = body(table, &Place::of(found), context);
    if let Some(name) = table.label {
        decoded.insert(name.to_owned(), label(&found.block).into());
    }
    Json::Object(decoded)
}

/// A block's first label.
pub(super) fn label(block: &Block) -> &str {
    block.labels.first().map_or("", |label| label.text.as_str())
}

/// An object of texts, from a block or from an attribute of that name.
fn text_map(
    kind: &str,
    block: Option<&Found>,
    place: &Place<'_>,
    context: &mut Context<'_, '_>,
) -> Option<Json> {
    let mut entries = Map::new();
    let attribute = place.body.attributes.iter().find(|attribute| attribute.name == kind);
    if let (Some(found), Some(attribute)) = (block, attribute) {
        let other = context.report.place(attribute.name_range.to(attribute.value.range));
        let detail =
            format!("{kind} may not be defined more than once. Another definition is defined at {other}.");
        context.report.add(found.block.header(), &format!("Duplicate {kind} block"), detail);
        return None;
    }
    if let Some(found) = block {
        for attribute in &found.block.body.attributes {
            let value =
                context.within(&found.names, |scope, report| evaluate(&attribute.value, scope, report));
            // What stands in braces here is taken for a block, and blocks for lists.
            let value = match (&attribute.value.kind, value) {
                (crate::syntax::Kind::Object(_), Value::Object(entries)) => {
                    Value::List(vec![Value::Object(entries)])
                }
                (_, value) => value,
            };
            if let Some(text) = text_of(&value, &attribute.value, context.report) {
                entries.insert(attribute.name.clone(), text.into());
            }
        }
        return Some(Json::Object(entries));
    }
    let attribute = attribute?;
    if let crate::syntax::Kind::Object(pairs) = &attribute.value.kind {
        for (key, expression) in pairs {
            let key = match key {
                ObjectKey::Word(word) => Some(word.clone()),
                ObjectKey::Expression(key) => {
                    as_string(&context.within(place.names, |scope, report| evaluate(key, scope, report)))
                }
            };
            let value = context.within(place.names, |scope, report| evaluate(expression, scope, report));
            if let (Some(key), Some(text)) = (key, text_of(&value, expression, context.report)) {
                entries.insert(key, text.into());
            }
        }
        return Some(Json::Object(entries));
    }
    let value = context.within(place.names, |scope, report| evaluate(&attribute.value, scope, report));
    super::field::convert(super::field::Type::TextMap, &value, &attribute.value, context)
}

/// An object of lists of texts, such as a check's headers.
fn texts_map(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let mut entries = Map::new();
    for attribute in &found.block.body.attributes {
        let value = context.within(&found.names, |scope, report| evaluate(&attribute.value, scope, report));
        let texts = super::field::convert(super::field::Type::Texts, &value, &attribute.value, context);
        entries.insert(attribute.name.clone(), texts.unwrap_or(Json::Null));
    }
    Json::Object(entries)
}

/// A body that nobody describes, such as a task's `config`: attributes as they are, blocks as lists of objects.
pub(super) fn free(place: &Place<'_>, context: &mut Context<'_, '_>) -> Map<String, Json> {
    let mut decoded = Map::new();
    for attribute in &place.body.attributes {
        let before = context.report.len();
        let value = context.within(place.names, |scope, report| evaluate(&attribute.value, scope, report));
        if value.has_unknown() {
            let detail = "Unsuitable value: value is not known";
            context.report.add(attribute.value.start, "unsuitable value type", detail);
        }
        // The real program looks at these values when everything else is right.
        context.report.put_off(before);
        // What stands in braces is taken for a block, and blocks for lists.
        let in_braces = matches!(attribute.value.kind, crate::syntax::Kind::Object(_));
        let json = match value.to_json() {
            object @ Json::Object(_) if in_braces => Json::Array(vec![object]),
            other => other,
        };
        decoded.insert(attribute.name.clone(), json);
    }
    for found in expand(place, &|_| false, context) {
        let mut json = Json::Object(free(&Place::of(&found), context));
        for label in found.block.labels.iter().rev() {
            json = Json::Object([(label.text.clone(), Json::Array(vec![json]))].into_iter().collect());
        }
        match decoded.entry(found.block.kind.clone()).or_insert_with(|| Json::Array(Vec::new())) {
            Json::Array(list) => list.push(json),
            other => *other = Json::Array(vec![json]),
        }
    }
    decoded
}
