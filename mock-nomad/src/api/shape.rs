//! What kinds of value the fields of a body have, with what Go's `encoding/json` says of others.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::DecodeError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::ApiError;

/// Go's types by name. A line holds a name and its fields, `Name:type`, and goes on in lines that are indented; `alias`
/// stands behind those that are read by way of a type without a name, `Other/` before fields that they have from another
/// type, and `=` before what a name is another word for.
static TYPES: LazyLock<BTreeMap<&str, Type>> = LazyLock::new(|| {
    let mut types = BTreeMap::new();
    let mut name = "";
    for line in include_str!("shapes.txt").lines() {
        let mut words = line.split_whitespace().peekable();
        if !line.starts_with(' ') {
            name = words.next().unwrap_or_default();
        }
        let known: &mut Type = types.entry(name).or_default();
        known.is_alias |= words.next_if_eq(&"alias").is_some();
        if words.next_if_eq(&"=").is_some() {
            known.same_as = words.next();
        }
        for (field, kind) in words.filter_map(|word| word.split_once(':')) {
            let (from, name) = field.split_once('/').unwrap_or(("", field));
            known.fields.insert(name, Field { from, kind });
        }
    }
    types
});

#[derive(Default)]
struct Type {
    fields: BTreeMap<&'static str, Field>,
    is_alias: bool,
    same_as: Option<&'static str>,
}

impl Type {
    /// What Go calls the type itself where a field is wrong.
    fn owner<'a>(&self, kind: &'a str) -> &'a str {
        if self.is_alias { "" } else { bare(kind) }
    }
}

struct Field {
    /// The type that it comes from, where that is another.
    from: &'static str,
    kind: &'static str,
}

/// Gives the fields of a body their names as they are written, since Go reads them in capitals and small letters alike,
/// and looks whether each holds what the type `kind` has there; of several that do not, the first by name is told. What
/// is of a type that is not known here stays as it is.
///
/// Errors: 400, in Go's words.
pub(super) fn fit(body: &mut Json, kind: &str) -> Result<(), ApiError> {
    let (Some(known), Json::Object(fields)) = (TYPES.get(kind), body) else { return Ok(()) };
    fit_fields(fields, known, &Place { owner: known.owner(kind), path: String::new() })
        .map_err(|fault| ApiError::new(400, fault))
}

/// Where a value stands: the innermost type with fields, and the way there.
struct Place<'a> {
    owner: &'a str,
    path: String,
}

fn fit_fields(fields: &mut Map<String, Json>, known: &Type, place: &Place<'_>) -> Result<(), String> {
    let respelled: Vec<(String, &str)> =
        fields.keys().filter_map(|name| Some((name.clone(), other_spelling(known, name)?))).collect();
    for (given, name) in respelled {
        if let Some(value) = fields.remove(&given)
            && !fields.contains_key(name)
        {
            fields.insert(name.to_owned(), value);
        }
    }
    for (name, value) in fields {
        let Some(Field { from, kind }) = known.fields.get(name.as_str()) else { continue };
        let steps = [place.path.as_str(), from, name.as_str()];
        let steps: Vec<&str> = steps.into_iter().filter(|step| !step.is_empty()).collect();
        let path = steps.join(".");
        fit_value(value, kind, &Place { owner: place.owner, path })?;
    }
    Ok(())
}

/// The name of the field that `given` means, where it is not written so.
fn other_spelling(known: &Type, given: &str) -> Option<&'static str> {
    let unknown = !known.fields.contains_key(given);
    known.fields.keys().copied().find(|name| unknown && name.eq_ignore_ascii_case(given))
}

fn fit_value(value: &mut Json, kind: &str, place: &Place<'_>) -> Result<(), String> {
    if value.is_null() || kind == "any" {
        return Ok(());
    }
    let known = TYPES.get(kind);
    if let Some(same) = known.and_then(|known| known.same_as) {
        return fit_value(value, same, place).map_err(|fault| fault.replace(&shown(same), kind));
    }
    match value {
        Json::Array(items) if is_list(kind) => {
            let inner = kind.trim_start_matches("[]").trim_start_matches('*');
            items.iter_mut().try_for_each(|item| fit_value(item, inner, place))
        }
        Json::Object(members) => match (known, kind.strip_prefix("map[string]")) {
            (Some(known), _) => {
                fit_fields(members, known, &Place { owner: known.owner(kind), path: place.path.clone() })
            }
            (None, Some(inner)) => {
                let inner = inner.trim_start_matches('*');
                members.values_mut().try_for_each(|member| fit_value(member, inner, place))
            }
            (None, None) => refuse("object", kind, place),
        },
        Json::Array(_) => refuse("array", kind, place),
        Json::String(_) if kind == "string" => Ok(()),
        Json::String(text) if kind == "[]uint8" => is_base64(text),
        Json::String(_) => refuse("string", kind, place),
        Json::Bool(_) if kind == "bool" => Ok(()),
        Json::Bool(_) => refuse("bool", kind, place),
        Json::Number(number) => match range(kind) {
            Some((least, most)) => {
                let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
                match whole.is_some_and(|whole| (least..=most).contains(&whole)) {
                    true => Ok(()),
                    false => refuse(&format!("number {number}"), kind, place),
                }
            }
            None => refuse("number", kind, place),
        },
        Json::Null => Ok(()),
    }
}

fn is_base64(text: &str) -> Result<(), String> {
    let at = match STANDARD.decode(text) {
        Ok(_) => return Ok(()),
        Err(DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _)) => at,
        // Go points at the beginning of what is not whole.
        Err(_) => text.len() - text.len() % 4,
    };
    Err(format!("illegal base64 data at input byte {at}"))
}

/// Bytes are text in JSON.
fn is_list(kind: &str) -> bool {
    kind.starts_with("[]") && kind != "[]uint8"
}

/// The whole numbers that a type holds.
fn range(kind: &str) -> Option<(i128, i128)> {
    Some(match kind {
        "int" | "int64" | "time.Duration" => (i64::MIN.into(), i64::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "uint" | "uint64" => (0, u64::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint8" => (0, u8::MAX.into()),
        _ => return None,
    })
}

fn refuse(found: &str, kind: &str, place: &Place<'_>) -> Result<(), String> {
    let (owner, path) = (place.owner, &place.path);
    Err(format!("json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {}", shown(kind)))
}

/// A type as Go writes it.
fn shown(kind: &str) -> String {
    match kind {
        "structs.ACLAuthMethodConfig" => {
            "struct { ExpirationLeeway interface {}; NotBeforeLeeway interface {}; ClockSkewLeeway interface {}; \
             *structs.Alias }"
                .to_owned()
        }
        kind => kind.replace("any", "interface {}"),
    }
}

/// A type's name without its package.
fn bare(kind: &str) -> &str {
    kind.rsplit_once('.').map_or(kind, |(_, name)| name)
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    fn fault(body: Json, kind: &str) -> String {
        let mut body = body;
        fit(&mut body, kind).expect_err("a wrong kind").message
    }

    #[test]
    fn wrong_kinds_are_told_with_their_place() {
        for (body, kind, text) in [
            (
                json!({"Job": {"Priority": "high"}}),
                "api.JobRegisterRequest",
                "json: cannot unmarshal string into Go struct field Job.Job.Priority of type int",
            ),
            (
                json!({"Job": {"TaskGroups": [{"Tasks": [{"Env": {"a": 1}}]}]}}),
                "api.JobRegisterRequest",
                "json: cannot unmarshal number into Go struct field Task.Job.TaskGroups.Tasks.Env of type string",
            ),
            (
                json!({"Job": {"TaskGroups": [{"Count": 1.5}]}}),
                "api.JobRegisterRequest",
                "json: cannot unmarshal number 1.5 into Go struct field TaskGroup.Job.TaskGroups.Count of type int",
            ),
            (
                json!({"Job": {"Spreads": [{"Weight": 300}]}}),
                "api.JobRegisterRequest",
                "json: cannot unmarshal number 300 into Go struct field Spread.Job.Spreads.Weight of type int8",
            ),
            (
                json!({"Roles": true}),
                "structs.ACLToken",
                "json: cannot unmarshal bool into Go struct field .Alias.Roles of type []*structs.ACLTokenRoleLink",
            ),
            (
                json!({"SchedulerAlgorithm": 1}),
                "api.SchedulerConfiguration",
                "json: cannot unmarshal number into Go struct field SchedulerConfiguration.SchedulerAlgorithm of type \
                 api.SchedulerAlgorithm",
            ),
        ] {
            assert_eq!(fault(body, kind), text);
        }
    }

    #[test]
    fn names_are_read_in_any_case_and_the_rest_stays() {
        let mut body = json!({"job": {"id": "a", "taskgroups": [{"name": "g"}], "Other": [1]}, "Job2": 1});
        fit(&mut body, "api.JobRegisterRequest").expect("good");
        assert_eq!(body, json!({"Job": {"ID": "a", "TaskGroups": [{"Name": "g"}], "Other": [1]}, "Job2": 1}));
        fit(&mut body, "api.Unknown").expect("not known here");
    }
}
