//! The parameters an endpoint knows, and a request's values for them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::logical::convert::{Converted, Kind, convert};
use crate::logical::request::Data;

/// A parameter that an endpoint knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    name: &'static str,
    kind: Kind,
    preset: Preset,
}

#[derive(Clone, Copy, Debug)]
enum Preset {
    None,
    Text(&'static str),
    Number(i64),
    Flag(bool),
    List(&'static [&'static str]),
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {
        $($(#[$doc])* pub(crate) const fn $name(name: &'static str) -> Self {
            Self { name, kind: Kind::$kind, preset: Preset::None }
        })*
    };
}

impl Field {
    constructors! {
        /// Text.
        text => Text;
        /// Text in lower case.
        lower => LowerText;
        /// A whole number.
        number => Number;
        /// A boolean.
        flag => Flag;
        /// Seconds.
        seconds => Seconds;
        /// Seconds, negative ones too.
        signed_seconds => SignedSeconds;
        /// A list; a single value becomes a list of one.
        list => List;
        /// A list; text is split at commas.
        comma_list => CommaList;
        /// An object.
        object => Object;
        /// Texts by name.
        pairs => Pairs;
        /// Anything, to be read from [`Fields::raw`].
        any => Any;
    }

    /// The parameter's name.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The value where the request has none.
    pub(crate) const fn or_text(self, text: &'static str) -> Self {
        Self { preset: Preset::Text(text), ..self }
    }

    /// The value where the request has none.
    pub(crate) const fn or_number(self, number: i64) -> Self {
        Self { preset: Preset::Number(number), ..self }
    }

    /// The value where the request has none.
    pub(crate) const fn or_true(self) -> Self {
        Self { preset: Preset::Flag(true), ..self }
    }

    /// The value where the request has none.
    pub(crate) const fn or_list(self, list: &'static [&'static str]) -> Self {
        Self { preset: Preset::List(list), ..self }
    }
}

/// A request's parameters, converted to what the endpoint's fields say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    given: BTreeMap<&'static str, Converted>,
    presets: BTreeMap<&'static str, Preset>,
    /// Everything that was sent, and the path's captures.
    raw: Data,
}

impl Fields {
    /// Converts `raw` by `schema`. Errors: `error converting input for field "ttl": ...`.
    pub(crate) fn read(schema: &[&'static [Field]], raw: Data) -> Result<Self, String> {
        let mut fields = Self::default();
        for field in schema.iter().copied().flatten() {
            match raw.get(field.name) {
                // Go's framework takes a duration that is null for none.
                Some(value) if !(value.is_null() && field.kind.is_duration()) => {
                    let converted = convert(field.kind, value).map_err(|text| {
                        format!("error converting input for field {:?}: {text}", field.name)
                    })?;
                    fields.given.insert(field.name, converted);
                }
                // Most fields have none.
                _ if matches!(field.preset, Preset::None) => {}
                _ => {
                    fields.presets.insert(field.name, field.preset);
                }
            }
        }
        fields.raw = raw;
        Ok(fields)
    }

    /// Whether the request has this parameter.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Everything that was sent, and the path's captures, unconverted.
    pub(crate) fn raw(&self) -> &Data {
        &self.raw
    }

    /// A text, or its preset, or nothing.
    pub(crate) fn text(&self, name: &str) -> &str {
        match (self.given.get(name), self.presets.get(name)) {
            (Some(Converted::Text(text)), _) => text,
            (None, Some(Preset::Text(text))) => text,
            _ => "",
        }
    }

    /// A boolean, or its preset, or `false`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match (self.given.get(name), self.presets.get(name)) {
            (Some(Converted::Flag(flag)), _) => *flag,
            (None, Some(Preset::Flag(flag))) => *flag,
            _ => false,
        }
    }

    /// A number or seconds, or its preset, or zero.
    pub(crate) fn number(&self, name: &str) -> i64 {
        match (self.given.get(name), self.presets.get(name)) {
            (Some(Converted::Number(number)), _) => *number,
            (None, Some(Preset::Number(number))) => *number,
            _ => 0,
        }
    }

    /// Seconds as a duration; negative ones are zero.
    pub(crate) fn duration(&self, name: &str) -> Duration {
        Duration::from_secs(u64::try_from(self.number(name)).unwrap_or(0))
    }

    /// A list, or its preset, or an empty one.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        match (self.given.get(name), self.presets.get(name)) {
            (Some(Converted::List(list)), _) => list.clone(),
            (None, Some(Preset::List(list))) => list.iter().map(|&item| item.to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    /// An object, where there is one.
    pub(crate) fn object(&self, name: &str) -> Option<&Data> {
        match self.given.get(name) {
            Some(Converted::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// Texts by name, or none.
    pub(crate) fn pairs(&self, name: &str) -> BTreeMap<String, String> {
        match self.given.get(name) {
            Some(Converted::Pairs(pairs)) => pairs.clone(),
            _ => BTreeMap::new(),
        }
    }
}

/// The names in `raw` that no field of `schema` has, in order.
pub(crate) fn unknown(schema: &[&'static [Field]], raw: &Data) -> Vec<String> {
    let known = |name: &str| schema.iter().copied().flatten().any(|field| field.name == name);
    let mut names: Vec<String> = raw.keys().filter(|name| !known(name)).cloned().collect();
    names.sort();
    names
}

/// Puts a capture of the path over what was sent; tells whether there was something.
pub(crate) fn capture(raw: &mut Data, name: &str, value: &str) -> bool {
    raw.insert(name.to_owned(), Value::from(value)).is_some_and(|old| !old.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SCHEMA: &[&[Field]] =
        &[&[Field::text("name").or_text("x"), Field::seconds("ttl"), Field::flag("on").or_true()]];

    #[test]
    fn presets_fill_what_was_not_sent() {
        let Value::Object(raw) = json!({"ttl": "1h", "other": 1}) else { unreachable!() };
        assert_eq!(unknown(SCHEMA, &raw), ["other"]);
        let fields = Fields::read(SCHEMA, raw).expect("good values");
        assert_eq!((fields.text("name"), fields.number("ttl"), fields.flag("on")), ("x", 3600, true));
        assert!(fields.has("ttl") && !fields.has("name"));
    }

    #[test]
    fn a_bad_value_names_its_field() {
        let Value::Object(raw) = json!({"ttl": "soon"}) else { unreachable!() };
        assert_eq!(
            Fields::read(SCHEMA, raw).expect_err("bad"),
            "error converting input for field \"ttl\": time: invalid duration \"soon\""
        );
    }
}
