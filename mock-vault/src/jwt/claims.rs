//! What a role wants of a token's claims, and what it takes from them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::jwt::role::Role;
use crate::logical::{Data, Refusal, glob, go_print};

/// A claim by its name, or by a JSON pointer where the name begins with a slash; one that is null is not there.
pub(super) fn find<'a>(claims: &'a Data, name: &str) -> Option<&'a Value> {
    let found = if name.starts_with('/') { point(claims, name) } else { claims.get(name) };
    found.filter(|value| !value.is_null())
}

fn point<'a>(claims: &'a Data, pointer: &str) -> Option<&'a Value> {
    let mut parts = pointer[1..].split('/').map(|part| part.replace("~1", "/").replace("~0", "~"));
    let mut value = claims.get(&parts.next()?)?;
    for part in parts {
        value = match value {
            Value::Object(object) => object.get(&part)?,
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// Whom the token is for.
pub(super) fn user(claims: &Data, role: &Role) -> Result<String, Refusal> {
    let name = &role.user_claim;
    let value = if role.user_claim_json_pointer { find(claims, name) } else { claims.get(name) };
    match value.filter(|value| !value.is_null()) {
        None => Err(Refusal::Invalid(format!("claim {name:?} not found in token"))),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(Refusal::Invalid(format!("claim {name:?} could not be converted to string"))),
    }
}

/// The claims that become metadata; those that are missing are left out.
pub(super) fn metadata(claims: &Data, role: &Role) -> Result<BTreeMap<String, String>, Refusal> {
    let mut metadata = BTreeMap::new();
    for (claim, target) in role.claim_mappings.iter().flatten() {
        match find(claims, claim) {
            None => {}
            Some(Value::String(text)) => {
                metadata.insert(target.clone(), text.clone());
            }
            Some(_) => return Err(Refusal::Invalid(format!("error converting claim '{claim}' to string"))),
        }
    }
    Ok(metadata)
}

/// The groups that the token names.
pub(super) fn groups(claims: &Data, role: &Role) -> Result<Vec<String>, Refusal> {
    let name = &role.groups_claim;
    if name.is_empty() {
        return Ok(Vec::new());
    }
    let Some(value) = find(claims, name) else {
        return Err(Refusal::Invalid(format!("failed to fetch groups: {name:?} claim not found in token")));
    };
    let unfit = || Refusal::Invalid(format!("{name:?} claim could not be converted to string list"));
    let items = match value {
        Value::Array(items) => items.clone(),
        Value::Object(_) | Value::Null => return Err(unfit()),
        single => vec![single.clone()],
    };
    let not_text = |item: &Value| {
        let shown = go_print(item);
        Refusal::Invalid(format!("value {shown} in groups claim could not be parsed as string"))
    };
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| not_text(item))).collect()
}

/// Holds the claims against what the role binds them to: any value of a list on either side is enough.
pub(super) fn check_bound(claims: &Data, role: &Role) -> Result<(), Refusal> {
    for (name, wanted) in role.bound_claims.iter().flatten() {
        let refuse = |text: String| Err(Refusal::Invalid(format!("error validating claims: {text}")));
        let Some(actual) = find(claims, name) else { return refuse(format!("claim {name:?} is missing")) };
        let unfit = |which: &str, value: &Value| {
            refuse(format!("{which} claim is not a string, bool, int or list: {}", go_print(value)))
        };
        let Some(actual_values) = values(actual, true) else { return unfit("received", actual) };
        let Some(wanted) = values(wanted, false) else { return unfit("bound", wanted) };
        let actual = actual_values;
        let fits = wanted.iter().any(|wanted| actual.iter().any(|actual| matches(wanted, actual, role)));
        if !fits {
            return refuse(format!("claim {name:?} does not match any associated bound claim values"));
        }
    }
    Ok(())
}

/// The values of a scalar or a list; `None` for an object. Of a token's numbers what is behind the point is `cut`.
fn values(value: &Value, cut: bool) -> Option<Vec<Value>> {
    let whole = |value: &Value| match value {
        Value::Number(number) if cut => {
            Value::from(number.as_i64().unwrap_or_else(|| number.as_f64().unwrap_or(0.0) as i64))
        }
        other => other.clone(),
    };
    match value {
        Value::Array(items) => Some(items.iter().map(whole).collect()),
        Value::Object(_) | Value::Null => None,
        scalar => Some(vec![whole(scalar)]),
    }
}

fn matches(wanted: &Value, actual: &Value, role: &Role) -> bool {
    match (wanted, actual) {
        (Value::String(pattern), Value::String(text)) if role.bound_claims_type == "glob" => {
            glob(pattern, text)
        }
        (wanted, actual) => wanted == actual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Data {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn bound_claims_may_be_lists_on_either_side() {
        for (bound, kind, claims, expected) in [
            (json!({"a": "x"}), "string", json!({"a": ["y", "x"]}), Ok(())),
            (json!({"a": ["x", 2]}), "string", json!({"a": 2.7}), Ok(())),
            (json!({"/a/b": true}), "string", json!({"a": {"b": true}}), Ok(())),
            (json!({"a": "mongo*"}), "glob", json!({"a": "mongo-query"}), Ok(())),
            (
                json!({"a": "mongo*"}),
                "string",
                json!({"a": "mongo-query"}),
                Err("error validating claims: claim \"a\" does not match any associated bound claim values"),
            ),
            (json!({"a": "x"}), "string", json!({}), Err("error validating claims: claim \"a\" is missing")),
            (
                json!({"a": "x"}),
                "string",
                json!({"a": {"b": 1}}),
                Err("error validating claims: received claim is not a string, bool, int or list: map[b:1]"),
            ),
        ] {
            let role =
                Role { bound_claims: Some(object(bound)), bound_claims_type: kind.into(), ..Role::default() };
            let verdict = check_bound(&object(claims), &role).map_err(|refusal| refusal.to_string());
            assert_eq!(verdict, expected.map_err(str::to_owned));
        }
    }
}
