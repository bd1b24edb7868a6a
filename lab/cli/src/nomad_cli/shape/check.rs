//! JSON that a person wrote, held against a structure as Go's decoder does it.

use lab_wire::go_json;
use serde_json::{Map, Value as Json};

use super::{Kind, kind};

/// The fields of `json` that a structure of this type has, under the names that it has for them.
///
/// Errors: the first value of another kind, in Go's words; `called` is what they call the structure itself.
pub(in crate::nomad_cli) fn checked(json: &Json, of: &'static str, called: &str) -> Result<Json, String> {
    let place = Place { structure: called.to_owned(), path: String::new() };
    place.value(json, of)
}

/// Where in the whole a value is.
struct Place {
    /// The innermost structure, without its package.
    structure: String,
    /// The fields that lead there.
    path: String,
}

impl Place {
    fn value(&self, json: &Json, of: &'static str) -> Result<Json, String> {
        if json.is_null() {
            return Ok(Json::Null);
        }
        match (kind(of), json) {
            (Kind::Pointer(inner), json) => self.value(json, inner),
            (Kind::Structure(fields), Json::Object(given)) => {
                let mut object = Map::new();
                for (name, value) in given {
                    let Some(field) = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
                    else {
                        continue;
                    };
                    let is_top = self.path.is_empty();
                    let path =
                        if is_top { field.name.to_owned() } else { format!("{}.{}", self.path, field.name) };
                    let structure = match of.strip_prefix("api.") {
                        Some(own) if !is_top => own.to_owned(),
                        _ => self.structure.clone(),
                    };
                    let value = Self { structure, path }.value(value, field.kind)?;
                    object.insert(field.name.to_owned(), value);
                }
                Ok(Json::Object(object))
            }
            (Kind::List(inner), Json::Array(items)) => {
                items.iter().map(|item| self.value(item, inner)).collect::<Result<_, _>>().map(Json::Array)
            }
            (Kind::Map(inner), Json::Object(entries)) => {
                let entry = |(key, value): (&String, &Json)| Ok((key.clone(), self.value(value, inner)?));
                entries.iter().map(entry).collect::<Result<Map<_, _>, String>>().map(Json::Object)
            }
            (Kind::Plain, json) if fits(json, of) => Ok(json.clone()),
            _ => Err(self.refusal(json, of)),
        }
    }

    fn refusal(&self, json: &Json, of: &str) -> String {
        let (what, of) = (go_json::kind(json), of.trim_start_matches('*'));
        match self.path.as_str() {
            "" => format!("json: cannot unmarshal {what} into Go value of type {of}"),
            path => format!(
                "json: cannot unmarshal {what} into Go struct field {}.{path} of type {of}",
                self.structure
            ),
        }
    }
}

fn fits(json: &Json, of: &str) -> bool {
    match of {
        "string" | "time.Time" => json.is_string(),
        "bool" => json.is_boolean(),
        number if number.starts_with("uint") => json.is_u64(),
        number if number.starts_with("int") && !number.starts_with("interface") => {
            json.is_i64() || json.is_u64()
        }
        number if number.starts_with("float") => json.is_number(),
        // Durations are written in several ways, and the rest is nobody's.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_another_kind_are_refused_as_go_does() {
        let told = |json: Json| checked(&json, "api.Namespace", "Namespace").expect_err("refused");
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
        let read = checked(&json!({ "name": "a", "bogus": 1, "Quota": null }), "api.Namespace", "Namespace");
        assert_eq!(read, Ok(json!({ "Name": "a", "Quota": null })));
    }
}
