//! Which values of parameters a policy lets through.

use serde_json::Value;

use crate::logical::Data;
use crate::policy::rule::Permissions;

/// Whether a request with these parameters is allowed.
pub(crate) fn allowed(permissions: &Permissions, data: &Data) -> bool {
    if !permissions.required.iter().all(|name| data.contains_key(name)) {
        return false;
    }
    if data.is_empty() {
        return true;
    }
    if permissions.denied.contains_key("*") {
        return false;
    }
    let denied = data.iter().any(|(name, value)| {
        permissions.denied.get(&name.to_lowercase()).is_some_and(|list| in_denied(value, list))
    });
    if denied {
        return false;
    }
    let any_name = permissions.allowed.contains_key("*");
    if permissions.allowed.is_empty() || (any_name && permissions.allowed.len() == 1) {
        return true;
    }
    data.iter().all(|(name, value)| match permissions.allowed.get(&name.to_lowercase()) {
        Some(list) => in_allowed(value, list),
        None => any_name,
    })
}

/// No values allow any; of a list every element must be allowed.
fn in_allowed(value: &Value, list: &[Value]) -> bool {
    list.is_empty()
        || match elements(value) {
            Some(elements) => elements.iter().all(|element| in_list(element, list)) || in_list(value, list),
            None => in_list(value, list),
        }
}

/// No values deny any; of a list one denied element is enough.
fn in_denied(value: &Value, list: &[Value]) -> bool {
    list.is_empty()
        || in_list(value, list)
        || elements(value).is_some_and(|elements| elements.iter().any(|element| in_list(element, list)))
}

/// The elements of a list; a text with commas is one.
fn elements(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items.clone()),
        Value::String(text) if text.contains(',') => {
            Some(text.split(',').map(|item| Value::from(item.trim())).collect())
        }
        _ => None,
    }
}

fn in_list(value: &Value, list: &[Value]) -> bool {
    list.iter().any(|known| match (known, value) {
        (Value::String(pattern), Value::String(text)) => glob(pattern, text),
        // A policy's numbers are of another kind than a request's, and never the same.
        (Value::Number(_), _) => false,
        (Value::String(text), Value::Number(number)) => number.to_string() == *text,
        (known, value) => known == value,
    })
}

/// Equality with a `*` at the beginning, the end, or both.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) if pattern.len() == 1 => true,
        (Some(rest), Some(_)) => text.contains(&rest[..rest.len() - 1]),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => pattern == text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;
    use serde_json::json;

    fn verdict(stanza: &str, data: Value) -> bool {
        let policy = parse(&format!("path \"a\" {{ {stanza} }}")).expect(stanza);
        let Value::Object(data) = data else { unreachable!("tests send objects") };
        allowed(&policy.rules[0].permissions, &data)
    }

    #[test]
    fn lists_of_parameters() {
        let allow = "allowed_parameters = { \"ttl\" = [\"1h\", \"2*\"] \"note\" = [] }";
        for (stanza, data, expected) in [
            (allow, json!({"ttl": "1h"}), true),
            (allow, json!({"TTL": "24h"}), true),
            (allow, json!({"ttl": "3h"}), false),
            (allow, json!({"note": "x"}), true),
            (allow, json!({"other": 1}), false),
            (allow, json!({}), true),
            (allow, json!({"ttl": ["1h", "3h"]}), false),
            ("allowed_parameters = { \"*\" = [] \"a\" = [1] }", json!({"b": 1}), true),
            ("allowed_parameters = { \"*\" = [] \"a\" = [1] }", json!({"a": "1"}), false),
            ("allowed_parameters = { \"*\" = [] \"a\" = [1] }", json!({"a": 2}), false),
            ("denied_parameters = { \"secret\" = [] }", json!({"secret": 1}), false),
            ("denied_parameters = { \"p\" = [\"*root*\"] }", json!({"p": "a,root2"}), false),
            ("denied_parameters = { \"p\" = [\"*root*\"] }", json!({"p": "a"}), true),
            ("denied_parameters = { \"*\" = [] }", json!({"p": "a"}), false),
            ("required_parameters = [\"owner\"]", json!({"a": 1}), false),
            ("required_parameters = [\"owner\"]", json!({"owner": 1}), true),
        ] {
            assert_eq!(verdict(stanza, data.clone()), expected, "{stanza} {data}");
        }
    }
}
