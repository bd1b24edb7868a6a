//! `dynamic` blocks: one block for each of several values.

use std::rc::Rc;

use super::expect::{check, one};
use super::{Context, Found, Names, Place};
use crate::eval::{Value, as_string, evaluate, items};
use crate::syntax::{Block, Kind};

/// More blocks than anyone wants.
const MOST: usize = 10_000;

/// The blocks of a body, with dynamic ones replaced by what they make.
/// `labelled` says which kinds need labels.
pub(crate) fn expand(
    place: &Place<'_>,
    labelled: &dyn Fn(&str) -> bool,
    context: &mut Context<'_, '_>,
) -> Vec<Found> {
    let mut found = Vec::new();
    for block in &place.body.blocks {
        if block.kind == "dynamic" {
            generate(block, place.names, labelled, context, &mut found);
        } else {
            found.push(Found { block: Rc::new(block.clone()), names: place.names.to_vec() });
        }
    }
    found
}

fn generate(
    block: &Block,
    names: &[Rc<Names>],
    labelled: &dyn Fn(&str) -> bool,
    context: &mut Context<'_, '_>,
    found: &mut Vec<Found>,
) {
    let [kind] = block.labels.as_slice() else {
        match block.labels.get(1) {
            Some(extra) => {
                let detail = "Only 1 labels (type) are expected for dynamic blocks.";
                context.report.add(extra.range, "Extraneous label for dynamic", detail);
            }
            None => {
                let detail = "All dynamic blocks must have 1 labels (type).";
                context.report.add(block.brace, "Missing type for dynamic", detail);
            }
        }
        return;
    };
    let place = Place { body: &block.body, names };
    let inner: Vec<Found> = block
        .body
        .blocks
        .iter()
        .map(|block| Found { block: Rc::new(block.clone()), names: names.to_vec() })
        .collect();
    let attributes = [("for_each", true), ("iterator", false), ("labels", labelled(&kind.text))];
    let before = context.report.len();
    let inner = check(&place, inner, &attributes, &[one("content")], context.report);
    if context.report.len() > before {
        return;
    }
    let Some(content) = inner.first() else {
        let detail = "A dynamic block must have a nested block of type \"content\" to describe the body of each generated block.";
        context.report.add(block.body.range.at_start(), "Missing dynamic content block", detail);
        return;
    };
    let Some(values) = for_each(block, names, context) else { return };
    if values.len() + found.len() > MOST {
        context.report.add(
            block.kind_range,
            "Too many dynamic blocks",
            "The number of generated blocks is unreasonable.",
        );
        return;
    }
    let iterator = iterator(block).unwrap_or_else(|| kind.text.clone());
    for (key, value) in values {
        let each = Value::Object([("key".to_owned(), key), ("value".to_owned(), value)].into());
        let mut names = names.to_vec();
        names.push(Rc::new(Names::from([(iterator.clone(), each)])));
        let Some(labels) = labels(block, &names, context) else { continue };
        let made = Block {
            kind: kind.text.clone(),
            kind_range: block.kind_range,
            labels,
            brace: content.block.brace,
            body: content.block.body.clone(),
        };
        found.push(Found { block: Rc::new(made), names });
    }
}

fn for_each(
    block: &Block,
    names: &[Rc<Names>],
    context: &mut Context<'_, '_>,
) -> Option<Vec<(Value, Value)>> {
    let attribute = block.body.attributes.iter().find(|attribute| attribute.name == "for_each")?;
    let value = context.within(names, |scope, report| evaluate(&attribute.value, scope, report));
    let values = items(&value);
    if values.is_none() && value != Value::Unknown {
        let detail = match value {
            Value::Null => "Cannot use a null value in for_each.".to_owned(),
            other => format!(
                "Cannot use a {} value in for_each. An iterable collection is required.",
                other.kind_name()
            ),
        };
        context.report.add(attribute.value.range, "Invalid dynamic for_each value", detail);
    }
    values
}

fn iterator(block: &Block) -> Option<String> {
    let attribute = block.body.attributes.iter().find(|attribute| attribute.name == "iterator")?;
    match &attribute.value.kind {
        Kind::Traversal { root, steps } if steps.is_empty() => Some(root.clone()),
        _ => None,
    }
}

fn labels(
    block: &Block,
    names: &[Rc<Names>],
    context: &mut Context<'_, '_>,
) -> Option<Vec<crate::syntax::Label>> {
    let Some(attribute) = block.body.attributes.iter().find(|attribute| attribute.name == "labels") else {
        return Some(Vec::new());
    };
    let value = context.within(names, |scope, report| evaluate(&attribute.value, scope, report));
    let Value::List(items) = value else { return None };
    let range = attribute.value.range;
    let mut labels = Vec::new();
    for item in items {
        let Some(text) = as_string(&item) else {
            let detail = "Cannot use a non-string value as a dynamic block label.";
            context.report.add(range, "Invalid dynamic block label", detail);
            return None;
        };
        labels.push(crate::syntax::Label { text, range });
    }
    Some(labels)
}
