//! Which attributes and blocks may stand in a body.

use super::{Found, Place};
use crate::diagnostic::Report;
use crate::syntax::Block;

/// A kind of block that may stand in a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nested {
    pub(crate) kind: &'static str,
    /// How many labels it has, and what messages call them.
    pub(crate) labels: Option<&'static str>,
    /// Whether there may be only one.
    pub(crate) single: bool,
}

/// A block that may be there once.
pub(crate) const fn one(kind: &'static str) -> Nested {
    Nested { kind, labels: None, single: true }
}

/// A block that may be repeated.
pub(crate) const fn many(kind: &'static str) -> Nested {
    Nested { kind, labels: None, single: false }
}

/// A block with a label; messages call the label by this name.
pub(crate) const fn labelled(kind: &'static str, label: &'static str) -> Nested {
    Nested { kind, labels: Some(label), single: false }
}

/// Reports everything that does not belong into a body: attributes that must be there and are not, labels, attributes
/// and blocks that nobody knows, and blocks that are there twice. What is left of the blocks is sound.
pub(crate) fn check(
    place: &Place<'_>,
    found: Vec<Found>,
    attributes: &[(&str, bool)],
    blocks: &[Nested],
    report: &mut Report,
) -> Vec<Found> {
    for (name, _) in attributes.iter().filter(|(_, required)| *required) {
        if !place.body.attributes.iter().any(|attribute| attribute.name == *name) {
            let detail = format!("The argument \"{name}\" is required, but no definition was found.");
            report.add(place.body.range.at_start(), "Missing required argument", detail);
        }
    }
    let mut sound = Vec::new();
    let mut strange = Vec::new();
    for found in found {
        match blocks.iter().find(|nested| nested.kind == found.block.kind) {
            None => strange.push(found),
            Some(nested) if labels_fit(&found.block, nested, report) => sound.push(found),
            Some(_) => {}
        }
    }
    unknown_attributes(place, attributes, blocks, report);
    for found in strange {
        unknown_block(&found.block, attributes, blocks, report);
    }
    report_doubles(&mut sound, blocks, report);
    sound
}

fn labels_fit(block: &Block, nested: &Nested, report: &mut Report) -> bool {
    let kind = nested.kind;
    let wanted = usize::from(nested.labels.is_some());
    if let Some(extra) = block.labels.get(wanted) {
        let name = nested.labels.unwrap_or_default();
        let detail = match wanted {
            0 => format!("No labels are expected for {kind} blocks."),
            _ => format!("Only 1 labels ({name}) are expected for {kind} blocks."),
        };
        report.add(extra.range, &format!("Extraneous label for {kind}"), detail);
        return false;
    }
    if block.labels.len() < wanted {
        let name = nested.labels.unwrap_or_default();
        let detail = format!("All {kind} blocks must have 1 labels ({name}).");
        report.add(block.brace, &format!("Missing {name} for {kind}"), detail);
        return false;
    }
    true
}

fn unknown_attributes(
    place: &Place<'_>,
    attributes: &[(&str, bool)],
    blocks: &[Nested],
    report: &mut Report,
) {
    let given = &place.body.attributes;
    for attribute in given {
        let name = attribute.name.as_str();
        if attributes.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let free = attributes
            .iter()
            .map(|(known, _)| *known)
            .filter(|known| !blocks.iter().any(|nested| nested.kind == *known))
            .filter(|known| !given.iter().any(|other| other.name == *known));
        let hint =
            if name == "dynamic" && !blocks.is_empty() || blocks.iter().any(|nested| nested.kind == name) {
                format!(" Did you mean to define a block of type \"{name}\"?")
            } else {
                suggestion(name, free)
            };
        let detail = format!("An argument named \"{name}\" is not expected here.{hint}");
        report.add(attribute.name_range, "Unsupported argument", detail);
    }
}

fn unknown_block(block: &Block, attributes: &[(&str, bool)], blocks: &[Nested], report: &mut Report) {
    let kind = block.kind.as_str();
    let hint = if attributes.iter().any(|(known, _)| *known == kind) {
        format!(
            " Did you mean to define argument \"{kind}\"? If so, use the equals sign to assign it a value."
        )
    } else {
        suggestion(kind, blocks.iter().map(|nested| nested.kind))
    };
    let detail = format!("Blocks of type \"{kind}\" are not expected here.{hint}");
    report.add(block.kind_range, "Unsupported block type", detail);
}

/// Blocks that are there twice are told of once, and none of them is looked at.
fn report_doubles(found: &mut Vec<Found>, blocks: &[Nested], report: &mut Report) {
    for nested in blocks.iter().filter(|nested| nested.single) {
        let kind = nested.kind;
        let mut same =
            found.iter().filter(|found| found.block.kind == kind).map(|found| found.block.header());
        if let (Some(first), Some(second)) = (same.next(), same.next()) {
            let place = report.place(first);
            let detail = format!("Only one {kind} block is allowed. Another was defined at {place}.");
            report.add(second, &format!("Duplicate {kind} block"), detail);
            found.retain(|found| found.block.kind != kind);
        }
    }
}

/// ` Did you mean "x"?` for the first of the candidates that is at most two typing errors away.
pub(crate) fn suggestion<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    candidates
        .into_iter()
        .find(|candidate| edits(given, candidate) < 3)
        .map(|candidate| format!(" Did you mean \"{candidate}\"?"))
        .unwrap_or_default()
}

/// Insertions, deletions and substitutions between two names.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, left) in one.chars().take(64).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (place, right) in other.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[place + 1];
            row[place + 1] = substituted.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}
