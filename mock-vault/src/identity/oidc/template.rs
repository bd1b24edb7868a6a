//! Claims from a template: JSON with directives for values of an entity.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_wire::go_json;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::logical::Data;
use crate::policy::Subject;

/// Claims that the server makes itself.
const RESTRICTED: [&str; 10] =
    ["iat", "aud", "exp", "iss", "sub", "namespace", "nonce", "auth_time", "at_hash", "c_hash"];

/// A template as it was written, or in base64.
pub(super) fn text(given: &str) -> String {
    let decoded = STANDARD.decode(given).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.unwrap_or_else(|| given.to_owned())
}

/// Refuses a template that does not make an object, or one with claims that are not its own.
///
/// Errors: what is wrong with it.
pub(super) fn check(template: &str, now: OffsetDateTime) -> Result<(), String> {
    let claims = claims(template, &Subject::default(), now)?;
    match claims.keys().find(|name| RESTRICTED.contains(&name.as_str())) {
        Some(name) => {
            Err(format!("top level key {name:?} not allowed. Restricted keys: {}", RESTRICTED.join(", ")))
        }
        None => Ok(()),
    }
}

/// The claims that a template makes for an entity.
pub(super) fn claims(template: &str, subject: &Subject, now: OffsetDateTime) -> Result<Data, String> {
    if template.is_empty() {
        return Ok(Data::new());
    }
    let filled = fill(template, subject, now).map_err(|told| format!("error parsing template: {told}"))?;
    let failed = |told: String| format!("error parsing template JSON: {told}");
    match serde_json::from_str(&filled) {
        Ok(Value::Object(claims)) => Ok(claims),
        Ok(Value::Null) => Ok(Data::new()),
        Ok(other) => Err(failed(format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            go_json::kind(&other)
        ))),
        Err(_) => Err(failed(crate::http::whole_complaint(filled.as_bytes()))),
    }
}

fn fill(template: &str, subject: &Subject, now: OffsetDateTime) -> Result<String, String> {
    let unbalanced = || "unbalanced templating characters".to_owned();
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find("{{") {
        let close = rest[open..].find("}}").map(|at| at + open).ok_or_else(unbalanced)?;
        filled.push_str(&rest[..open]);
        filled.push_str(&value(rest[open + 2..close].trim(), subject, now)?.to_string());
        rest = &rest[close + 2..];
    }
    filled.push_str(rest);
    Ok(filled)
}

fn value(directive: &str, subject: &Subject, now: OffsetDateTime) -> Result<Value, String> {
    if let Some(rest) = directive.strip_prefix("time.now") {
        return moment(rest, now);
    }
    let known = directive.strip_prefix("identity.entity.").and_then(|rest| entity(rest, subject));
    known.ok_or_else(|| "no value could be found for one of the template directives".to_owned())
}

fn moment(rest: &str, now: OffsetDateTime) -> Result<Value, String> {
    if rest.is_empty() {
        return Ok(now.unix_timestamp().into());
    }
    let (operation, operand) = rest[1..].split_once('.').ok_or("missing time operand")?;
    let step = lab_world::parse_duration(operand).map_err(|_| "invalid duration".to_owned())?;
    match operation {
        "plus" => Ok((now + step).unix_timestamp().into()),
        "minus" => Ok((now - step).unix_timestamp().into()),
        other => Err(format!("invalid time operator {other:?}")),
    }
}

fn entity(rest: &str, subject: &Subject) -> Option<Value> {
    let names = |list: Vec<&String>| if list.is_empty() { Value::Null } else { json!(list) };
    Some(match rest {
        "id" => json!(subject.id),
        "name" => json!(subject.name),
        "metadata" => json!(subject.metadata),
        "groups.ids" => names(subject.groups.iter().map(|group| &group.id).collect()),
        "groups.names" => names(subject.groups.iter().map(|group| &group.name).collect()),
        _ => {
            if let Some(key) = rest.strip_prefix("metadata.") {
                return Some(json!(subject.metadata.get(key).cloned().unwrap_or_default()));
            }
            let (accessor, field) = rest.strip_prefix("aliases.")?.split_once('.')?;
            let alias = subject.aliases.get(accessor).cloned().unwrap_or_default();
            let pick = |map: &std::collections::BTreeMap<String, String>, key: &str| {
                json!(map.get(key).cloned().unwrap_or_default())
            };
            match field {
                "id" => json!(alias.id),
                "name" => json!(alias.name),
                "metadata" => json!(alias.metadata),
                "custom_metadata" => json!(alias.custom_metadata),
                field => match field.strip_prefix("custom_metadata.") {
                    Some(key) => pick(&alias.custom_metadata, key),
                    None => pick(&alias.metadata, field.strip_prefix("metadata.")?),
                },
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_world::DEFAULT_EPOCH;

    #[test]
    fn values_are_json_themselves() {
        let subject = Subject {
            name: "a\"b".into(),
            metadata: [("team".to_owned(), "ops".to_owned())].into(),
            ..Subject::default()
        };
        let template = r#"{"n": {{identity.entity.name}}, "t": {{ identity.entity.metadata.team }}, "x": {{identity.entity.metadata.none}},
            "g": {{identity.entity.groups.names}}, "m": {{identity.entity.metadata}}}"#;
        assert_eq!(
            Value::Object(claims(template, &subject, DEFAULT_EPOCH).expect("a good template")),
            json!({"n": "a\"b", "t": "ops", "x": "", "g": null, "m": {"team": "ops"}})
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (template, told) in [
            ("{{", "error parsing template: unbalanced templating characters"),
            (
                r#"{"a":{{identity.entity.nam}}}"#,
                "error parsing template: no value could be found for one of the template directives",
            ),
            (r#"{"a":{{time.now.plus}}}"#, "error parsing template: missing time operand"),
            (
                r#"{"a":1,"iss":2}"#,
                "top level key \"iss\" not allowed. Restricted keys: iat, aud, exp, iss, sub, namespace, nonce, auth_time, at_hash, c_hash",
            ),
            (
                "[]",
                "error parsing template JSON: json: cannot unmarshal array into Go value of type map[string]interface {}",
            ),
            (
                "{bad",
                "error parsing template JSON: invalid character 'b' looking for beginning of object key string",
            ),
        ] {
            assert_eq!(check(template, DEFAULT_EPOCH), Err(told.to_owned()));
        }
    }
}
