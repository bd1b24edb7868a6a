//! What expressions evaluate to.

use std::collections::BTreeMap;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// It could not be found out; why has been reported.
    Unknown,
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    List(Vec<Value>),
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// The kind as messages name it.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Unknown | Self::Null => "dynamic",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "tuple",
            Self::Object(_) => "object",
        }
    }

    /// As JSON; whole numbers without a point.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Unknown | Self::Null => serde_json::Value::Null,
            Self::Bool(truth) => (*truth).into(),
            Self::Number(number) => whole(*number).map_or_else(|| (*number).into(), Into::into),
            Self::String(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.clone(), value.to_json()));
                serde_json::Value::Object(entries.collect())
            }
        }
    }

    /// From JSON.
    pub(crate) fn from_json(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Bool(*truth),
            serde_json::Value::Number(number) => Self::Number(number.as_f64().unwrap_or_default()),
            serde_json::Value::String(text) => Self::String(text.clone()),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            serde_json::Value::Object(entries) => Self::Object(
                entries.iter().map(|(key, value)| (key.clone(), Self::from_json(value))).collect(),
            ),
        }
    }

    /// Whether it, or something in it, could not be found out.
    pub(crate) fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::List(items) => items.iter().any(Self::has_unknown),
            Self::Object(entries) => entries.values().any(Self::has_unknown),
            _ => false,
        }
    }
}

/// A number without a fraction that 64 bits hold.
pub(crate) fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9.3e18).then_some(number as i64)
}
