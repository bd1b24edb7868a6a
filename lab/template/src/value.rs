//! What a template computes with.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::format;

/// A value; clones share what they hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value at all, as a missing key of a map gives: prints as `<no value>`.
    Missing,
    /// A nil interface, such as JSON's `null`.
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number (`int`).
    Integer(i64),
    /// A floating-point number (`float64`).
    Float(f64),
    /// A number as JSON wrote it (`json.Number`), which is a kind of string: what Vault's answers hold.
    Number(Arc<str>),
    /// A string.
    Text(Arc<str>),
    /// A list of anything (`[]interface {}`).
    List(Arc<Vec<Value>>),
    /// A list of strings (`[]string`).
    Texts(Arc<Vec<Value>>),
    /// A map, in the order of its keys.
    Map(Arc<BTreeMap<String, Value>>),
    /// A structure with named fields.
    Object(Arc<Object>),
    /// A pointer to nothing, of the type named: what a function gives that has no answer yet.
    NilPointer(&'static str),
}

/// A structure with named fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its type as Go names it; `*dependency.Secret` where it stands behind a pointer.
    pub type_name: &'static str,
    /// Its fields in their order.
    pub fields: Vec<(&'static str, Value)>,
    /// What its methods give, none of which takes an argument.
    pub methods: Vec<(&'static str, Value)>,
}

impl Object {
    /// What a method gives, if there is one of that name. `String` is how the structure displays, and `MarshalJSON` what
    /// it is as JSON.
    pub fn method(&self, name: &str) -> Option<&Value> {
        self.methods.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl Value {
    /// A list of values.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(Arc::new(items.into_iter().collect()))
    }

    /// A list of strings.
    pub fn texts<T: Into<Arc<str>>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::Texts(Arc::new(items.into_iter().map(|item| Self::Text(item.into())).collect()))
    }

    /// A map.
    pub fn map(entries: impl IntoIterator<Item = (String, Self)>) -> Self {
        Self::Map(Arc::new(entries.into_iter().collect()))
    }

    /// A structure.
    pub fn object(type_name: &'static str, fields: Vec<(&'static str, Self)>) -> Self {
        Self::Object(Arc::new(Object { type_name, fields, methods: Vec::new() }))
    }

    /// What JSON holds, with its numbers as floating-point numbers, as Go's `json.Unmarshal` gives them.
    pub fn from_json(json: &serde_json::Value) -> Self {
        Self::convert(json, &|number| Self::Float(number.as_f64().unwrap_or(f64::NAN)))
    }

    /// What JSON holds, with its numbers as they are written, as Go's `json.Number` keeps them.
    pub fn from_json_exact(json: &serde_json::Value) -> Self {
        Self::convert(json, &|number| Self::Number(number.to_string().into()))
    }

    fn convert(json: &serde_json::Value, number: &impl Fn(&serde_json::Number) -> Self) -> Self {
        match json {
            serde_json::Value::Null => Self::Nil,
            serde_json::Value::Bool(truth) => Self::Bool(*truth),
            serde_json::Value::Number(digits) => number(digits),
            serde_json::Value::String(text) => Self::from(text.as_str()),
            serde_json::Value::Array(items) => {
                Self::list(items.iter().map(|item| Self::convert(item, number)))
            }
            serde_json::Value::Object(entries) => {
                Self::map(entries.iter().map(|(key, value)| (key.clone(), Self::convert(value, number))))
            }
        }
    }

    /// As JSON; structures become objects, in the order of their fields.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Missing | Self::Nil | Self::NilPointer(_) => serde_json::Value::Null,
            Self::Bool(truth) => (*truth).into(),
            Self::Integer(number) => (*number).into(),
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => (*number as i64).into(),
            Self::Float(number) => (*number).into(),
            Self::Number(digits) => digits.parse().map_or(serde_json::Value::Null, serde_json::Value::Number),
            Self::Text(text) => text.as_ref().into(),
            Self::List(items) | Self::Texts(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.clone(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Self::Object(object) if object.method("MarshalJSON").is_some() => {
                object.method("MarshalJSON").map_or(serde_json::Value::Null, Self::to_json)
            }
            Self::Object(object) => object
                .fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// The text, if it is a string or a number kept as one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) | Self::Texts(items) => Some(items),
            _ => None,
        }
    }

    /// As Go's `%v` writes it.
    pub fn display(&self) -> String {
        format::display(self)
    }

    /// Whether `if` and `with` take it for true: anything that is not zero, empty or nothing.
    pub fn truth(&self) -> bool {
        match self {
            Self::Missing | Self::Nil | Self::NilPointer(_) => false,
            Self::Bool(truth) => *truth,
            Self::Integer(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Number(text) | Self::Text(text) => !text.is_empty(),
            Self::List(items) | Self::Texts(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
            Self::Object(_) => true,
        }
    }

    /// Its type as Go names it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Missing | Self::Nil => "interface {}",
            Self::Bool(_) => "bool",
            Self::Integer(_) => "int",
            Self::Float(_) => "float64",
            Self::Number(_) => "json.Number",
            Self::Text(_) => "string",
            Self::Texts(_) => "[]string",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
            Self::Object(object) => object.type_name,
            Self::NilPointer(name) => name,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}
