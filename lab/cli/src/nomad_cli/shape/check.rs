//! JSON that a person wrote, held against a structure as Go's decoder does it.

use lab_wire::go_json;
use serde_json::{Map, Value as Json};

use super::{Kind, kind, types};

/// The fields of `json` that a structure of this type has, under the names that it has for them. `owner` and `path` are
/// what Go calls the structure and the way to its fields.
///
/// Errors: a value of another kind, in Go's words.
pub(in crate::nomad_cli) fn checked(
    json: &Json,
    of: &'static str,
    (owner, path): (&str, &str),
) -> Result<Json, String> {
    if !json.is_object() && !json.is_null() {
        let what = go_json::kind(json);
        return Err(format!("json: cannot unmarshal {what} into Go value of type {of}"));
    }
    let mut json = json.clone();
    types().fit_at(&mut json, of, owner, path)?;
    Ok(known(json, of))
}

/// What of it the type has.
fn known(json: Json, of: &'static str) -> Json {
    match (kind(of), json) {
        (Kind::Pointer(inner), json) => known(json, inner),
        (Kind::Structure(fields), Json::Object(given)) => {
            let kept = |(name, value): (String, Json)| {
                let field = fields.iter().find(|field| field.name == name)?;
                Some((name, known(value, field.kind)))
            };
            given.into_iter().filter_map(kept).collect::<Map<_, _>>().into()
        }
        (Kind::List(inner), Json::Array(items)) => items.into_iter().map(|item| known(item, inner)).collect(),
        (Kind::Map(inner), Json::Object(entries)) => {
            let entry = |(key, value): (String, Json)| (key, known(value, inner));
            entries.into_iter().map(entry).collect::<Map<_, _>>().into()
        }
        (_, json) => json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_another_kind_are_refused_as_go_does() {
        let told = |json: Json| checked(&json, "api.Namespace", ("Namespace", "")).expect_err("refused");
        assert_eq!(
            told(json!({ "Capabilities": { "EnabledTaskDrivers": 5 } })),
            "json: cannot unmarshal number into Go struct field NamespaceCapabilities.Capabilities.EnabledTaskDrivers of type []string"
        );
        assert_eq!(
            told(json!({ "meta": { "a": 1 } })),
            "json: cannot unmarshal number into Go struct field Namespace.Meta of type string"
        );
        assert_eq!(
            told(json!({ "Capabilities": [] })),
            "json: cannot unmarshal array into Go struct field Namespace.Capabilities of type api.NamespaceCapabilities"
        );
        assert_eq!(told(json!([])), "json: cannot unmarshal array into Go value of type api.Namespace");
        let read =
            checked(&json!({ "name": "a", "bogus": 1, "Quota": null }), "api.Namespace", ("Namespace", ""));
        assert_eq!(read, Ok(json!({ "Name": "a", "Quota": null })));
    }
}
