//! Go's types, what kinds of value their fields have, and what `encoding/json` says of others.

use std::collections::BTreeMap;

use base64::DecodeError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

/// Go's types by name.
pub struct Types(BTreeMap<&'static str, Type>);

impl Types {
    /// Reads a table of types. A line holds a name and its fields, `Name:type`, and goes on in lines that are indented;
    /// `alias` stands behind those that are read by way of a type without a name, `Other/` before fields that they have
    /// from another type, and `=` before what a name is another word for. A `?` behind a type says something of writing.
    pub fn read(text: &'static str) -> Self {
        let mut types: BTreeMap<&str, Type> = BTreeMap::new();
        let mut name = "";
        for line in text.lines() {
            let mut words = line.split_whitespace().peekable();
            if !line.starts_with(' ') {
                name = words.next().unwrap_or_default();
            }
            let known = types.entry(name).or_default();
            known.is_alias |= words.next_if_eq(&"alias").is_some();
            if words.next_if_eq(&"=").is_some() {
                known.same_as = words.next();
            }
            for (field, kind) in words.filter_map(|word| word.split_once(':')) {
                let (from, name) = field.split_once('/').unwrap_or(("", field));
                let kind = kind.trim_start_matches('*').trim_end_matches('?');
                known.fields.insert(name, Field { from, kind });
            }
        }
        Self(types)
    }

    /// Gives the fields of a body their names as they are written, since Go reads them in capitals and small letters
    /// alike, and looks whether each holds what the type `kind` has there; of several that do not, the first by name is
    /// told. What is of a type that is not known here stays as it is.
    ///
    /// Errors: Go's words.
    pub fn fit(&self, body: &mut Json, kind: &str) -> Result<(), String> {
        let (Some(known), Json::Object(fields)) = (self.0.get(kind), body) else { return Ok(()) };
        self.fit_fields(fields, known, &Place { owner: known.owner(kind), path: String::new() })
    }

    /// The same for what stands at `path` in another type; `owner` is what Go calls the type that has its fields, which
    /// is nothing where a type without a name has them for its own.
    ///
    /// Errors: Go's words.
    pub fn fit_at(&self, body: &mut Json, kind: &str, owner: &str, path: &str) -> Result<(), String> {
        let (Some(known), Json::Object(fields)) = (self.0.get(kind), body) else { return Ok(()) };
        self.fit_fields(fields, known, &Place { owner, path: path.to_owned() })
    }

    fn fit_fields(
        &self,
        fields: &mut Map<String, Json>,
        known: &Type,
        place: &Place<'_>,
    ) -> Result<(), String> {
        let respelled: Vec<(String, &str)> =
            fields.keys().filter_map(|name| Some((name.clone(), other_spelling(known, name)?))).collect();
        for (given, name) in respelled {
            let Some(mut value) = fields.remove(&given) else { continue };
            if fields.get(name).is_none_or(Json::is_null) {
                fields.insert(name.to_owned(), value);
            } else if let Some(field) = known.fields.get(name) {
                // It is of no use, and must be of the right kind all the same.
                self.fit_field(&mut value, name, field, place)?;
            }
        }
        for (name, value) in fields {
            if let Some(field) = known.fields.get(name.as_str()) {
                self.fit_field(value, name, field, place)?;
            }
        }
        Ok(())
    }

    fn fit_field(
        &self,
        value: &mut Json,
        name: &str,
        field: &Field,
        place: &Place<'_>,
    ) -> Result<(), String> {
        let steps = [place.path.as_str(), field.from, name];
        let steps: Vec<&str> = steps.into_iter().filter(|step| !step.is_empty()).collect();
        self.fit_value(value, field.kind, &Place { owner: place.owner, path: steps.join(".") })
    }

    fn fit_value(&self, value: &mut Json, kind: &str, place: &Place<'_>) -> Result<(), String> {
        if value.is_null() || matches!(kind, "any" | "interface{}") {
            return Ok(());
        }
        let known = self.0.get(kind);
        if known.is_none() && is_stranger(kind) {
            return Ok(());
        }
        if let Some(same) = known.and_then(|known| known.same_as) {
            return self.fit_value(value, same, place).map_err(|fault| fault.replace(&shown(same), kind));
        }
        match value {
            Json::Array(items) if is_list(kind) => {
                let inner = kind.trim_start_matches("[]").trim_start_matches('*');
                items.iter_mut().try_for_each(|item| self.fit_value(item, inner, place))
            }
            Json::Object(members) => match (known, kind.strip_prefix("map[string]")) {
                (Some(known), _) => self.fit_fields(
                    members,
                    known,
                    &Place { owner: known.owner(kind), path: place.path.clone() },
                ),
                (None, Some(inner)) => {
                    let inner = inner.trim_start_matches('*');
                    members.values_mut().try_for_each(|member| self.fit_value(member, inner, place))
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
                None if kind.starts_with("float") => Ok(()),
                None => refuse("number", kind, place),
            },
            Json::Null => Ok(()),
        }
    }
}

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

/// Where a value stands: the innermost type with fields, and the way there.
struct Place<'a> {
    owner: &'a str,
    path: String,
}

/// The name of the field that `given` means, where it is not written so.
fn other_spelling(known: &Type, given: &str) -> Option<&'static str> {
    let unknown = !known.fields.contains_key(given);
    known.fields.keys().copied().find(|name| unknown && name.eq_ignore_ascii_case(given))
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

/// A type with a name of its own that is not in the table.
fn is_stranger(kind: &str) -> bool {
    kind.contains('.') && range(kind).is_none() && !kind.starts_with("[]") && !kind.starts_with("map[")
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
        "uint32" => (0, u32::MAX.into()),
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
