//! `validation` blocks of variables.

use std::collections::BTreeMap;

use crate::Input;
use crate::decode::{Found, Place, check, text};
use crate::diagnostic::{Range, Report};
use crate::eval::{Scope, Strangers, Value, as_truth, evaluate, truth_wanted};
use crate::syntax::{Block, Step, traversals};
use crate::variable::{Declaration, fixed};

/// Reports what is wrong with a rule, whatever the value is.
pub(crate) fn check_rule(name: &str, rule: &Block, input: &Input<'_>, report: &mut Report) {
    let nested = rule.body.blocks.iter().map(Found::plain).collect();
    let place = Place { body: &rule.body, names: &[] };
    check(&place, nested, &[("condition", true), ("error_message", true)], &[], report);
    let find = |wanted: &str| rule.body.attributes.iter().find(|attribute| attribute.name == wanted);
    if let Some(condition) = find("condition") {
        let mut refers = false;
        for (root, steps, range) in traversals(&condition.value) {
            if root == "var" && matches!(steps.first(), Some((Step::Attribute(own), _)) if own == name) {
                refers = true;
                continue;
            }
            let detail = format!(
                "The condition for variable \"{name}\" can only refer to the variable itself, using var.{name}."
            );
            report.add(range, "Invalid reference in variable validation", detail);
        }
        if !refers {
            let detail = format!(
                "The condition for variable \"{name}\" must refer to var.{name} in order to test incoming values."
            );
            report.add(condition.value.range, "Invalid variable validation condition", detail);
        }
    }
    if let Some(message) = find("error_message") {
        let value = fixed(&message.value, input, report);
        if let Some(message_text) = text(&value, &message.value, report) {
            check_message(&message_text, message.value.range, report);
        }
    }
}

fn check_message(text: &str, range: Range, report: &mut Report) {
    let detail = if text.is_empty() {
        "An empty string is not a valid nor useful error message."
    } else if text.starts_with(|first: char| first.is_alphabetic() && !first.is_uppercase())
        || !text.ends_with(['.', '?', '!'])
    {
        "Validation error message must be at least one full sentence starting with an uppercase letter ( if the alphabet permits it ) and ending with a period or question mark."
    } else {
        return;
    };
    report.add(range, "Invalid validation error message", detail);
}

/// Reports the rules that the variable's value does not keep.
pub(crate) fn hold(name: &str, declaration: &Declaration<'_>, input: &Input<'_>, report: &mut Report) {
    const SUMMARY: &str = "Invalid variable validation result";
    let Some(given) = &declaration.value else { return };
    let own = BTreeMap::from([(name.to_owned(), given.value.clone())]);
    let names = BTreeMap::from([("var".to_owned(), Value::Object(own))]);
    let scope =
        Scope { names: &names, outer: None, strangers: Strangers::Refused, surroundings: input.surroundings };
    for rule in &declaration.rules {
        let find = |wanted: &str| rule.body.attributes.iter().find(|attribute| attribute.name == wanted);
        let Some(condition) = find("condition") else {
            let detail = "validation requires a condition.";
            report.add(rule.header(), "Invalid variable validation specification", detail);
            continue;
        };
        let value = evaluate(&condition.value, &scope, report);
        let detail = match (&value, as_truth(&value)) {
            (Value::Unknown, _) | (_, Some(true)) => continue,
            (_, Some(false)) => {
                broken(rule, given, input, report);
                continue;
            }
            (Value::Null, None) => {
                "Validation condition expression must return either true or false, not null.".to_owned()
            }
            (other, None) => format!("Invalid validation condition result value: {}.", truth_wanted(other)),
        };
        report.add(condition.value.range, SUMMARY, detail);
    }
}

fn broken(rule: &Block, given: &crate::variable::Given, input: &Input<'_>, report: &mut Report) {
    let message = rule.body.attributes.iter().find(|attribute| attribute.name == "error_message");
    let mut told_before = Report::new("");
    let message = message.map(|message| fixed(&message.value, input, &mut told_before));
    let message = message.as_ref().and_then(crate::eval::as_string).unwrap_or_default();
    let place = report.place(rule.header());
    let detail = format!("{message}\n\nThis was checked by the validation rule at {place}.");
    let (file, range) = given.place.clone();
    let mut own = Report::new(&file);
    own.add(range, &format!("Invalid value for {} variable", given.from), detail);
    report.list.extend(own.list);
}
