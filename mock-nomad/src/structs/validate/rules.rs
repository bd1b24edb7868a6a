//! Constraints, affinities and spreads.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::parts::{Faults, number, objects, text};
use crate::structs::{Constraint, Opaque};

/// What targets of constraints may be.
const TARGETS: [&str; 5] =
    ["${node.unique.id}", "${node.datacenter}", "${node.unique.name}", "${node.class}", "${node.pool}"];
const TARGET_PREFIXES: [&str; 3] = ["${attr.", "${device.", "${meta."];

/// The faults of the rules of a job, a group or a task.
pub(super) fn rules(
    constraints: Option<&[Constraint]>,
    rest: &BTreeMap<String, Opaque>,
    faults: &mut Faults,
) {
    for (position, constraint) in constraints.into_iter().flatten().enumerate() {
        faults
            .nest(&format!("Constraint {} validation failed: ", position + 1), self::constraint(constraint));
    }
    let null = Opaque::Null;
    for (position, affinity) in objects(rest.get("Affinities").unwrap_or(&null)).enumerate() {
        faults.nest(&format!("Affinity {} validation failed: ", position + 1), self::affinity(affinity));
    }
    for (position, spread) in objects(rest.get("Spreads").unwrap_or(&null)).enumerate() {
        faults.nest(&format!("Spread {} validation failed: ", position + 1), self::spread(spread));
    }
}

fn constraint(constraint: &Constraint) -> Faults {
    let mut faults = Faults::default();
    let (left, right, operand) =
        (constraint.left.as_str(), constraint.right.as_str(), constraint.operand.as_str());
    if operand.is_empty() {
        faults.add("Missing constraint operand");
    }
    match operand {
        "distinct_hosts" => return faults,
        "set_contains" | "set_contains_all" | "set_contains_any" if right.is_empty() => {
            faults.add("Set contains constraint requires an RTarget");
        }
        "set_contains" | "set_contains_all" | "set_contains_any" => {}
        "distinct_property" => match right.parse::<u64>() {
            _ if right.is_empty() => {}
            Ok(0) => faults.add("Distinct Property must have an allowed count of 1 or greater: 0 < 1"),
            Ok(_) => {}
            Err(_) => faults.add(format!(
                "Failed to convert RTarget {right:?} to uint64: strconv.ParseUint: parsing {right:?}: invalid syntax"
            )),
        },
        "is_set" | "is_not_set" if !right.is_empty() => {
            faults.add(format!("Operator {operand:?} does not support an RTarget"));
        }
        "is_set" | "is_not_set" => {}
        other => {
            if !compared(other, right, "constraint", &mut faults) {
                faults.add(format!("Unknown constraint type {other:?}"));
            }
        }
    }
    if left.is_empty() {
        faults.add("no attribute provided but is required by operator");
    } else if let Some(fault) = target(left) {
        faults.add(fault);
    }
    faults
}

/// What is wrong with the target of a constraint. One that is not interpolated is a text like any other.
fn target(target: &str) -> Option<String> {
    let what = match target {
        _ if !target.starts_with('$') => return None,
        _ if !target.starts_with("${") => "is missing an opening brace",
        _ if !target.ends_with('}') => "is missing a closing brace",
        _ if TARGETS.contains(&target) => return None,
        _ if TARGET_PREFIXES.iter().any(|prefix| target.starts_with(prefix)) => return None,
        _ => return Some(format!("unsupported attribute {target:?}")),
    };
    Some(format!("attribute {target:?} {what}"))
}

/// The faults of what a rule compares with, where its operator is one that compares.
fn compared(operand: &str, right: &str, rule: &str, faults: &mut Faults) -> bool {
    match operand {
        "regexp" => {
            if Regex::new(right).is_err() {
                let fault = regexp_fault(right);
                faults.add(format!("Regular expression failed to compile: error parsing regexp: {fault}"));
            }
        }
        "version" | "semver" => {
            if let Some(bad) = right.split(',').find(|rule| !is_version_rule(rule)) {
                let which = if operand == "version" { "Version" } else { "Semver" };
                faults.add(format!("{which} {rule} is invalid: malformed constraint: {}", bad.trim()));
            }
        }
        "=" | "==" | "is" | "!=" | "not" | "<" | "<=" | ">" | ">=" => {
            if right.is_empty() {
                faults.add(format!("Operator {operand:?} requires an RTarget"));
            }
        }
        _ => return false,
    }
    true
}

fn is_version_rule(rule: &str) -> bool {
    let rule = rule.trim().trim_start_matches(['<', '>', '=', '!', '~', ' ']);
    rule.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
}

fn affinity(affinity: &Opaque) -> Faults {
    let mut faults = Faults::default();
    let (operand, right) = (text(affinity, "Operand"), text(affinity, "RTarget"));
    if operand.is_empty() {
        faults.add("Missing affinity operand");
    }
    if operand.starts_with("set_contains") {
        if right.is_empty() {
            faults.add("Set contains operators require an RTarget");
        }
    } else if !compared(operand, right, "affinity", &mut faults) {
        faults.add(format!("Unknown affinity operator {operand:?}"));
    }
    if text(affinity, "LTarget").is_empty() {
        faults.add("No LTarget provided but is required");
    }
    match number(affinity, "Weight") {
        0 => faults.add("Affinity weight cannot be zero"),
        -100..=100 => {}
        _ => faults.add("Affinity weight must be within the range [-100,100]"),
    }
    faults
}

fn spread(spread: &Opaque) -> Faults {
    let mut faults = Faults::default();
    if text(spread, "Attribute").is_empty() {
        faults.add("Missing spread attribute");
    }
    if !(1..=100).contains(&number(spread, "Weight")) {
        faults.add("Spread block must have a positive weight from 0 to 100");
    }
    let mut seen = BTreeSet::new();
    let mut sum = 0;
    for target in objects(&spread["SpreadTarget"]) {
        let (value, percent) = (text(target, "Value"), number(target, "Percent"));
        if !seen.insert(value) {
            faults.add(format!("Spread target value {value:?} already defined"));
        }
        if percent > 100 {
            faults.add(format!("Spread target percentage for value {value:?} must be between 0 and 100"));
        }
        sum += percent;
    }
    if sum > 100 {
        faults.add(format!("Sum of spread target percentages must not be greater than 100%; got {sum}%"));
    }
    faults
}

/// What Go says of a pattern, where it is one of the usual slips.
fn regexp_fault(pattern: &str) -> String {
    let open = pattern.matches('(').count();
    let close = pattern.matches(')').count();
    match () {
        () if open > close => format!("missing closing ): `{pattern}`"),
        () if close > open => format!("unexpected ): `{pattern}`"),
        () if pattern.contains('[') && !pattern.contains(']') => format!("missing closing ]: `{pattern}`"),
        () if pattern.starts_with(['*', '+', '?']) => {
            format!("missing argument to repetition operator: `{}`", &pattern[..1])
        }
        () => format!("invalid or unsupported Perl syntax: `{pattern}`"),
    }
}
