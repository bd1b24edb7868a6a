//! `for` in expressions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::convert::{string_wanted, truth_wanted};
use super::{Scope, Value, as_string, as_truth, evaluate as value_of, items};
use crate::diagnostic::{Range, Report};
use crate::syntax::{Expression, For};

/// The list or object that a `for` makes.
pub(super) fn evaluate(parts: &For, scope: &Scope<'_>, report: &mut Report) -> Value {
    let source = value_of(&parts.source, scope, report);
    let Some(items) = items_of(&source, parts.source.range, report) else { return Value::Unknown };
    if let Some(condition) = &parts.condition
        && !condition_may_hold(parts, condition, scope, report)
    {
        return Value::Unknown;
    }
    let (mut list, mut object, mut known) = (Vec::new(), BTreeMap::<String, Value>::new(), true);
    for (key, item) in items {
        let names = for_names(parts, key, item);
        let scope = scope.with(&names);
        if let Some(condition) = &parts.condition {
            match is_included(condition, &scope, known, report) {
                Some(true) => {}
                Some(false) => continue,
                None => {
                    known = false;
                    continue;
                }
            }
        }
        let Some(key) = &parts.key else {
            list.push(value_of(&parts.value, &scope, report));
            continue;
        };
        let Some(name) = for_key(key, &scope, known, report) else {
            known = false;
            continue;
        };
        let value = value_of(&parts.value, &scope, report);
        if parts.groups {
            match object.entry(name).or_insert_with(|| Value::List(Vec::new())) {
                Value::List(values) => values.push(value),
                other => *other = value,
            }
        } else {
            match object.entry(name) {
                Entry::Vacant(entry) => drop(entry.insert(value)),
                Entry::Occupied(entry) => {
                    let name = entry.key();
                    let detail = format!(
                        "Two different items produced the key \"{name}\" in this 'for' expression. If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key."
                    );
                    report.add(key.range, "Duplicate object key", detail);
                }
            }
        }
    }
    match (known, &parts.key) {
        (false, _) => Value::Unknown,
        (true, Some(_)) => Value::Object(object),
        (true, None) => Value::List(list),
    }
}

fn for_names(parts: &For, key: Value, item: Value) -> BTreeMap<String, Value> {
    let mut names = BTreeMap::from([(parts.value_name.clone(), item)]);
    names.extend(parts.key_name.clone().map(|name| (name, key)));
    names
}

/// Tries the condition on an item that is not known, to find once what is wrong with it for every one.
fn condition_may_hold(parts: &For, condition: &Expression, scope: &Scope<'_>, report: &mut Report) -> bool {
    let names = for_names(parts, Value::Unknown, Value::Unknown);
    let before = report.len();
    let value = value_of(condition, &scope.with(&names), report);
    let (summary, detail) = match &value {
        Value::Null => ("Condition is null", "The value of the 'if' clause must not be null.".to_owned()),
        Value::Unknown => return report.len() == before,
        other if as_truth(other).is_none() => {
            ("Invalid 'for' condition", format!("The 'if' clause value is invalid: {}.", truth_wanted(other)))
        }
        _ => return report.len() == before,
    };
    report.add(condition.range, summary, detail);
    false
}

/// Whether an item is taken; `None` where that could not be found out, which is told of once.
fn is_included(condition: &Expression, scope: &Scope<'_>, tells: bool, report: &mut Report) -> Option<bool> {
    let value = value_of(condition, scope, report);
    let truth = as_truth(&value);
    if truth.is_none() && value != Value::Unknown && tells {
        let detail = match &value {
            Value::Null => "The value of the 'if' clause must not be null.".to_owned(),
            other => format!("The 'if' clause value is invalid: {}.", truth_wanted(other)),
        };
        report.add(condition.range, "Invalid 'for' condition", detail);
    }
    truth
}

/// The key that an item gets; `None` where there is none, which is told of once.
fn for_key(key: &Expression, scope: &Scope<'_>, tells: bool, report: &mut Report) -> Option<String> {
    let value = value_of(key, scope, report);
    let text = as_string(&value);
    if text.is_none() && value != Value::Unknown && tells {
        let detail = match &value {
            Value::Null => "Key expression in 'for' expression must not produce a null value.".to_owned(),
            other => format!("The key expression produced an invalid result: {}.", string_wanted(other)),
        };
        report.add(key.range, "Invalid object key", detail);
    }
    text
}

/// The items of what a `for` goes over, which stands at `range`; what has none is reported.
pub(super) fn items_of(value: &Value, range: Range, report: &mut Report) -> Option<Vec<(Value, Value)>> {
    let found = items(value);
    match value {
        Value::Unknown => {}
        Value::Null => {
            let detail = "A null value cannot be used as the collection in a 'for' expression.";
            report.add(range, "Iteration over null value", detail);
        }
        _ if found.is_none() => {
            let detail = format!(
                "A value of type {} cannot be used as the collection in a 'for' expression.",
                value.kind_name()
            );
            report.add(range, "Iteration over non-iterable value", detail);
        }
        _ => {}
    }
    found
}
