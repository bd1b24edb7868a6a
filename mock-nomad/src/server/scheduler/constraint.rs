//! Rules about nodes: what they say of one.

use regex::Regex;

use super::version;
use crate::structs::{Constraint, Node};

/// Whether a node meets one rule.
pub(super) fn is_met(constraint: &Constraint, node: &Node) -> bool {
    let left = resolve(&constraint.left, node);
    let right = resolve(&constraint.right, node);
    match (constraint.operand.as_str(), left, right) {
        ("is_set" | "attribute_is_set", left, _) => left.is_some(),
        ("is_not_set" | "attribute_is_not_set", left, _) => left.is_none(),
        // What is not there is empty here.
        ("!=" | "not", left, right) => left.unwrap_or_default() != right.unwrap_or_default(),
        ("=" | "==" | "is", Some(left), Some(right)) => left == right,
        (operand @ ("<" | "<=" | ">" | ">="), Some(left), Some(right)) => ordered(operand, &left, &right),
        ("version", Some(left), Some(right)) => version::meets(&left, &right, false),
        ("semver", Some(left), Some(right)) => version::meets(&left, &right, true),
        ("set_contains" | "set_contains_all", Some(left), Some(right)) => {
            items(&right).all(|item| items(&left).any(|has| has == item))
        }
        ("set_contains_any", Some(left), Some(right)) => {
            items(&right).any(|item| items(&left).any(|has| has == item))
        }
        ("regexp", Some(left), Some(right)) => {
            Regex::new(&right).is_ok_and(|pattern| pattern.is_match(&left))
        }
        _ => false,
    }
}

/// `${attr.kernel.name}` and the like; other texts stand for themselves.
pub(super) fn resolve(target: &str, node: &Node) -> Option<String> {
    let Some(name) = target.strip_prefix("${") else { return Some(target.to_owned()) };
    let name = name.strip_suffix('}').unwrap_or(name);
    match name {
        "node.unique.id" => Some(node.id.clone()),
        "node.unique.name" => Some(node.name.clone()),
        "node.datacenter" => Some(node.datacenter.clone()),
        "node.class" => Some(node.node_class.clone()),
        "node.pool" => Some(node.node_pool.clone()),
        _ => match name.split_once('.') {
            Some(("attr", name)) => node.attributes.get(name).cloned(),
            Some(("meta", name)) => node.meta.get(name).cloned(),
            _ => None,
        },
    }
}

fn ordered(operand: &str, left: &str, right: &str) -> bool {
    let order = match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.total_cmp(&right),
        _ => left.cmp(right),
    };
    match operand {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

#[cfg(test)]
mod unit {
    use super::*;

    fn met(left: &str, operand: &str, right: &str) -> bool {
        let mut node = Node { name: "client-1".into(), datacenter: "dc1".into(), ..Node::default() };
        node.attributes.insert("nomad.version".into(), "1.11.3".into());
        node.attributes.insert("kernel.name".into(), "linux".into());
        node.meta.insert("rack".into(), "r1,r2".into());
        let constraint = Constraint { left: left.into(), operand: operand.into(), right: right.into() };
        is_met(&constraint, &node)
    }

    #[test]
    fn operands_compare_as_they_should() {
        for (left, operand, right) in [
            ("${attr.kernel.name}", "=", "linux"),
            ("${attr.kernel.name}", "!=", "windows"),
            ("${attr.none}", "!=", "x"),
            ("${attr.none", "!=", "x"),
            ("${attr.none}", "is_not_set", ""),
            ("${meta.rack}", "is_set", ""),
            ("${attr.nomad.version}", "semver", ">= 1.7.0-a"),
            ("${attr.nomad.version}", "version", ">= 1.2, < 2"),
            ("${attr.nomad.version}", "version", "~> 1.4"),
            ("${meta.rack}", "set_contains", "r2"),
            ("${node.unique.name}", "regexp", "^client-"),
            ("${node.datacenter}", "is", "dc1"),
            ("10", ">", "9"),
            ("${node.unique.name}", "regexp", "^cli[a-z]+-\\d$"),
        ] {
            assert!(met(left, operand, right), "{left} {operand} {right}");
        }
        for (left, operand, right) in [
            ("${attr.kernel.name}", "=", "windows"),
            ("${attr.none}", "=", "x"),
            ("${attr.none}", "!=", ""),
            ("${node.class}", "nonsense", "x"),
            ("${attr.nomad.version}", "semver", "> 1.11.3"),
            ("${meta.rack}", "set_contains", "r3"),
            ("${node.unique.name}", "regexp", "server"),
            ("${attr.nomad.version}", "version", "~> 2.0"),
        ] {
            assert!(!met(left, operand, right), "{left} {operand} {right}");
        }
    }
}
