//! Text with sequences.

use std::collections::BTreeMap;

use super::{Scope, Value, as_string, convert, evaluate as value_of};
use crate::diagnostic::Report;
use crate::syntax::Part;

/// The whole text.
pub(super) fn evaluate(parts: &[Part], scope: &Scope<'_>, report: &mut Report) -> Value {
    let mut text = String::new();
    match append(parts, scope, report, &mut text) {
        true => Value::String(text),
        false => Value::Unknown,
    }
}

/// Whether all of it could be found out.
fn append(parts: &[Part], scope: &Scope<'_>, report: &mut Report, text: &mut String) -> bool {
    let mut whole = true;
    for part in parts {
        whole &= match part {
            Part::Text(literal, _) => {
                text.push_str(literal);
                true
            }
            Part::Interpolation(expression) => {
                let value = value_of(expression, scope, report);
                match as_string(&value) {
                    Some(string) => {
                        text.push_str(&string);
                        true
                    }
                    None => {
                        refuse(&value, expression.range, report);
                        value != Value::Unknown
                    }
                }
            }
            Part::If(condition, yes, no) => {
                let value = value_of(condition, scope, report);
                match super::truth_of(&value, condition.range, report) {
                    Some(truth) => append(if truth { yes } else { no }, scope, report, text),
                    None => false,
                }
            }
            Part::For { key_name, value_name, source, body } => {
                let value = value_of(source, scope, report);
                let Some(items) = super::for_expression::items_of(&value, source.range, report) else {
                    return false;
                };
                items.into_iter().all(|(key, item)| {
                    let mut names = BTreeMap::from([(value_name.clone(), item)]);
                    names.extend(key_name.clone().map(|name| (name, key)));
                    append(body, &scope.with(&names), report, text)
                })
            }
        };
    }
    whole
}

fn refuse(value: &Value, range: crate::diagnostic::Range, report: &mut Report) {
    let detail = match value {
        Value::Unknown => return,
        Value::Null => {
            "The expression result is null. Cannot include a null value in a string template.".to_owned()
        }
        other => {
            format!("Cannot include the given value in a string template: {}.", convert::string_wanted(other))
        }
    };
    report.add(range, "Invalid template interpolation value", detail);
}
