//! `constraint` and `affinity`.

use serde_json::{Value as Json, json};

use super::block::{self, Table};
use super::field::{Field, Type, maybe};
use super::{Context, Found, Place, take};

macro_rules! fields {
    ($($extra:expr),* $(,)?) => {
        &[
            maybe("attribute", "LTarget", Type::Text),
            maybe("value", "RTarget", Type::Text),
            maybe("operator", "Operand", Type::Text),
            maybe("version", "version", Type::Text),
            maybe("semver", "semver", Type::Text),
            maybe("regexp", "regexp", Type::Text),
            maybe("set_contains", "set_contains", Type::Text),
            maybe("set_contains_any", "set_contains_any", Type::Text),
            maybe("set_contains_all", "set_contains_all", Type::Text),
            $($extra),*
        ] as &[Field]
    };
}

static CONSTRAINT: Table = Table {
    fields: fields!(
        maybe("distinct_property", "distinct_property", Type::Text),
        maybe("distinct_hosts", "distinct_hosts", Type::Truth),
    ),
    blocks: &[],
    label: None,
};

static AFFINITY: Table =
    Table { fields: fields!(maybe("weight", "Weight", Type::Integer)), blocks: &[], label: None };

/// Attributes that are an operand and its right side in one.
const SHORT: [&str; 6] =
    ["version", "semver", "regexp", "set_contains_any", "set_contains_all", "set_contains"];

/// One constraint.
pub(super) fn constraint(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let mut fields = body(&CONSTRAINT, found, context);
    let property = take(&mut fields, "distinct_property");
    let hosts = take(&mut fields, "distinct_hosts");
    let mut decoded = common(fields);
    if let Json::String(property) = property {
        decoded["LTarget"] = property.into();
        decoded["Operand"] = "distinct_property".into();
    }
    if let Json::Bool(on) = hosts {
        decoded["Operand"] = "distinct_hosts".into();
        decoded["RTarget"] = on.to_string().into();
    }
    decoded
}

/// One affinity.
pub(super) fn affinity(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let mut fields = body(&AFFINITY, found, context);
    let weight = take(&mut fields, "Weight");
    let mut decoded = common(fields);
    decoded["Weight"] = weight;
    decoded
}

/// The fields of either, whose faults are told in words of their own.
fn body(table: &Table, found: &Found, context: &mut Context<'_, '_>) -> serde_json::Map<String, Json> {
    let before = context.report.len();
    let (fields, _) = block::body(table, &Place::of(found), context);
    // A value that is not known is no fault of its own here.
    let mut at = 0;
    context.report.list.retain(|problem| {
        at += 1;
        at <= before || problem.detail != "Unsuitable value: value must be known"
    });
    for problem in &mut context.report.list[before..] {
        let Some(why) = problem.detail.strip_prefix("Unsuitable value: ") else { continue };
        let attributes = &found.block.body.attributes;
        let place = problem.place.as_mut().map(|(_, range)| range);
        let Some((range, attribute)) = place.and_then(|range| {
            let attribute = attributes.iter().find(|attribute| attribute.value.start == *range)?;
            Some((range, attribute))
        }) else {
            continue;
        };
        *range = attribute.value.range;
        problem.summary = "Incorrect attribute value type".to_owned();
        problem.detail = format!("Inappropriate value for attribute \"{}\": {why}.", attribute.name);
    }
    fields
}

fn common(mut fields: serde_json::Map<String, Json>) -> Json {
    let text = |value: Json| value.as_str().unwrap_or_default().to_owned();
    let left = text(take(&mut fields, "LTarget"));
    let mut right = text(take(&mut fields, "RTarget"));
    let mut operand = text(take(&mut fields, "Operand"));
    for name in SHORT {
        if let Json::String(value) = take(&mut fields, name) {
            operand = name.to_owned();
            right = value;
        }
    }
    if operand.is_empty() {
        operand = "=".to_owned();
    }
    json!({"LTarget": left, "RTarget": right, "Operand": operand})
}
