//! Objects and lists of objects, side by side.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::field::{self, Fields, text};
use super::order::in_order;
use super::shape::{By, Part, Shape, Style};

/// What of a score two services must reach to be taken for one.
const ALIKE: usize = 3;

/// What is nested in two objects of a shape, where it is to be shown.
pub(super) fn parts(old: &Json, new: &Json, shape: &Shape) -> Vec<Json> {
    let at = |value: &Json, path: &str| value.pointer(&format!("/{path}")).cloned().unwrap_or_default();
    shape
        .parts
        .iter()
        .flat_map(|(path, part)| self::part(path, part, &at(old, path), &at(new, path)))
        .collect()
}

fn part(name: &str, part: &Part, old: &Json, new: &Json) -> Vec<Json> {
    match part {
        Part::One(shape) => one(shape, old, new).into_iter().collect(),
        Part::Many(shape, by) => {
            in_order(pairs(old, new, *by).iter().filter_map(|(old, new)| one(shape, old, new)).collect())
        }
        Part::Texts => texts(name, old, new).into_iter().collect(),
        Part::ChangedTexts => {
            texts(name, old, new).into_iter().filter(|texts| texts["Type"] != "None").collect()
        }
        Part::Values(shown, style) => flat(shown, old, new, *style, field::values).into_iter().collect(),
        Part::Joined(shown) => flat(shown, old, new, Style::Record, field::joined).into_iter().collect(),
    }
}

fn one(shape: &Shape, old: &Json, new: &Json) -> Option<Json> {
    if same(old, new) {
        return None;
    }
    let fields =
        field::differences(&field::of(old, shape), &field::of(new, shape), shape.style != Style::Quiet);
    let kind = match shape.style {
        Style::Fields => field::kind_of(&fields)?,
        _ => change(old.is_null(), new.is_null()),
    };
    Some(object(kind, shape.name, fields, parts(old, new, shape)))
}

fn flat(shown: &str, old: &Json, new: &Json, style: Style, read: fn(&Json) -> Fields) -> Option<Json> {
    if same(old, new) {
        return None;
    }
    let fields = field::differences(&read(old), &read(new), style != Style::Quiet);
    Some(object(change(is_empty(old), is_empty(new)), shown, fields, Vec::new()))
}

fn object(kind: &str, name: &str, fields: Vec<Json>, objects: Vec<Json>) -> Json {
    json!({"Type": kind, "Name": name, "Fields": list(fields), "Objects": list(objects)})
}

/// A list, or null where it is empty.
pub(super) fn list(items: Vec<Json>) -> Json {
    if items.is_empty() { Json::Null } else { items.into() }
}

fn change(is_new: bool, is_gone: bool) -> &'static str {
    match (is_new, is_gone) {
        (true, _) => "Added",
        (_, true) => "Deleted",
        _ => "Edited",
    }
}

/// Whether two values say the same: what is empty says nothing.
pub(in crate::structs) fn same(old: &Json, new: &Json) -> bool {
    match (old, new) {
        (Json::Object(one), Json::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            names.into_iter().all(|name| same(&old[name], &new[name]))
        }
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ => old == new || is_nothing(old) && is_nothing(new),
    }
}

fn is_nothing(value: &Json) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn is_empty(value: &Json) -> bool {
    value.as_object().is_none_or(serde_json::Map::is_empty)
}

/// Sets of texts.
fn texts(shown: &str, old: &Json, new: &Json) -> Option<Json> {
    let set = |value: &Json| value.as_array().into_iter().flatten().map(text).collect::<BTreeSet<_>>();
    let (old, new) = (set(old), set(new));
    let mut fields: Vec<(String, String)> = Vec::new();
    fields.extend(new.difference(&old).map(|text| (String::new(), text.clone())));
    fields.extend(old.difference(&new).map(|text| (text.clone(), String::new())));
    fields.extend(old.intersection(&new).map(|text| (text.clone(), text.clone())));
    fields.sort();
    let fields: Vec<Json> = fields.iter().map(|(old, new)| field::difference(shown, old, new)).collect();
    let kind = field::kind_of(&fields).or((!fields.is_empty()).then_some("None"))?;
    Some(object(kind, shown, fields, Vec::new()))
}

type Pair = (Json, Json);

fn pairs(old: &Json, new: &Json, by: By) -> Vec<Pair> {
    let items = |value: &Json| value.as_array().cloned().unwrap_or_default();
    match by {
        By::Whole => by_key(items(old), items(new), Json::to_string),
        By::Field(name) => by_key(items(old), items(new), |item| match text(&item[name]) {
            key if key.is_empty() => item.to_string(),
            key => key,
        }),
        By::Turn(name) => {
            matched(items(old), items(new), |(_, old), (_, new)| usize::from(old[name] == new[name]))
        }
        By::Place => in_place(items(old), items(new)),
        By::Likeness => alike(items(old), items(new)),
        By::Key => by_entry(old, new),
    }
}

/// Of several with one key the last counts.
fn by_key(old: Vec<Json>, new: Vec<Json>, key: impl Fn(&Json) -> String) -> Vec<Pair> {
    let keyed =
        |items: Vec<Json>| items.into_iter().map(|item| (key(&item), item)).collect::<BTreeMap<_, _>>();
    let (old, mut new) = (keyed(old), keyed(new));
    let mut pairs: Vec<Pair> =
        old.into_iter().map(|(key, old)| (old, new.remove(&key).unwrap_or_default())).collect();
    pairs.extend(new.into_values().map(|new| (Json::Null, new)));
    pairs
}

fn by_entry(old: &Json, new: &Json) -> Vec<Pair> {
    let names =
        |value: &Json| value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let (mut all, others): (BTreeSet<String>, BTreeSet<String>) = (names(old), names(new));
    all.extend(others);
    all.iter().map(|name| (old[name].clone(), new[name].clone())).collect()
}

fn in_place(old: Vec<Json>, new: Vec<Json>) -> Vec<Pair> {
    let length = old.len().max(new.len());
    let padded = |items: Vec<Json>| items.into_iter().chain(std::iter::repeat(Json::Null)).take(length);
    padded(old).zip(padded(new)).collect()
}

fn alike(old: Vec<Json>, new: Vec<Json>) -> Vec<Pair> {
    matched(old, new, |(old_place, old), (new_place, new)| {
        let score = usize::from(old_place == new_place)
            + if old["PortLabel"] == new["PortLabel"] { 2 } else { 0 }
            + if old["Name"] == new["Name"] { 3 } else { 0 };
        if score >= ALIKE { score } else { 0 }
    })
}

/// Pairs each old one with the new one of the highest score that is left, the first of several; two that are alone are a
/// pair in any case.
fn matched(
    old: Vec<Json>,
    new: Vec<Json>,
    score: impl Fn((usize, &Json), (usize, &Json)) -> usize,
) -> Vec<Pair> {
    if old.len() == 1 && new.len() == 1 {
        return old.into_iter().zip(new).collect();
    }
    let mut left: Vec<(usize, Json)> = new.into_iter().enumerate().collect();
    let mut pairs = Vec::new();
    for (place, old) in old.into_iter().enumerate() {
        let scores = left.iter().map(|(other, new)| score((place, &old), (*other, new)));
        let best = scores.enumerate().filter(|(_, score)| *score > 0).rev().max_by_key(|(_, score)| *score);
        let new = best.map_or(Json::Null, |(at, _)| left.remove(at).1);
        pairs.push((old, new));
    }
    pairs.extend(left.into_iter().map(|(_, new)| (Json::Null, new)));
    pairs
}
