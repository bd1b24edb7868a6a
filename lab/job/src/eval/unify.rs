//! A type that two values have in common.

use std::collections::BTreeMap;

use super::{Value, as_string};

/// The type of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    /// Of what is null or not known: goes with everything.
    Any,
    Bool,
    Number,
    String,
    Tuple(Vec<Self>),
    Object(BTreeMap<String, Self>),
    /// A list of one type.
    List(Box<Self>),
    /// An object whose values have one type.
    Map(Box<Self>),
}

/// Values as ones of one type; nothing where there is none for all.
pub(crate) fn alike(values: Vec<Value>) -> Option<Vec<Value>> {
    let common = values.iter().try_fold(Type::Any, |common, value| common.unify(&Type::of(value)))?;
    Some(values.into_iter().map(|value| common.convert(value)).collect())
}

impl Type {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Unknown | Value::Null => Self::Any,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::List(items) => Self::Tuple(items.iter().map(Self::of).collect()),
            Value::Object(entries) => {
                Self::Object(entries.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect())
            }
        }
    }

    /// The type that values of both can be converted to.
    pub(super) fn unify(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Any, other) => Some(other.clone()),
            (this, Self::Any) => Some(this.clone()),
            (this, other) if this == other => Some(this.clone()),
            (Self::String, Self::Bool | Self::Number) | (Self::Bool | Self::Number, Self::String) => {
                Some(Self::String)
            }
            (Self::Tuple(these), Self::Tuple(others)) if these.len() == others.len() => these
                .iter()
                .zip(others)
                .map(|(this, other)| this.unify(other))
                .collect::<Option<_>>()
                .map(Self::Tuple),
            (Self::Tuple(these), Self::Tuple(others)) => {
                common(these.iter().chain(others)).map(|item| Self::List(Box::new(item)))
            }
            (Self::Object(these), Self::Object(others)) if these.keys().eq(others.keys()) => these
                .iter()
                .zip(others.values())
                .map(|((name, this), other)| Some((name.clone(), this.unify(other)?)))
                .collect::<Option<_>>()
                .map(Self::Object),
            (Self::Object(these), Self::Object(others)) => {
                common(these.values().chain(others.values())).map(|item| Self::Map(Box::new(item)))
            }
            _ => None,
        }
    }

    /// A value that this type was unified from, as one of this type.
    pub(super) fn convert(&self, value: Value) -> Value {
        match (self, value) {
            (Self::String, value) => as_string(&value).map_or(value, Value::String),
            (Self::Tuple(types), Value::List(items)) => {
                Value::List(types.iter().zip(items).map(|(kind, item)| kind.convert(item)).collect())
            }
            (Self::List(kind), Value::List(items)) => {
                Value::List(items.into_iter().map(|item| kind.convert(item)).collect())
            }
            (Self::Object(types), Value::Object(entries)) => Value::Object(
                entries
                    .into_iter()
                    .map(|(name, value)| {
                        let value = types.get(&name).unwrap_or(&Self::Any).convert(value);
                        (name, value)
                    })
                    .collect(),
            ),
            (Self::Map(kind), Value::Object(entries)) => {
                Value::Object(entries.into_iter().map(|(name, value)| (name, kind.convert(value))).collect())
            }
            (_, value) => value,
        }
    }

    /// Why the two results of a condition do not go together.
    pub(super) fn mismatch(&self, other: &Self) -> String {
        match (self, other) {
            (Self::Object(these), Self::Object(others)) => {
                for (name, this) in these {
                    match others.get(name) {
                        None => {
                            return format!(
                                "The 'true' value includes object attribute \"{name}\", which is absent in the 'false' value"
                            );
                        }
                        Some(other) if this != other => {
                            return format!(
                                "Type mismatch for object attribute \"{name}\": {}",
                                this.mismatch(other)
                            );
                        }
                        Some(_) => {}
                    }
                }
                let absent = others.keys().find(|name| !these.contains_key(*name));
                absent.map_or_else(String::new, |name| {
                    format!("The 'false' value includes object attribute \"{name}\", which is absent in the 'true' value")
                })
            }
            (Self::Tuple(these), Self::Tuple(others)) if these.len() != others.len() => format!(
                "The 'true' tuple has length {}, but the 'false' tuple has length {}",
                these.len(),
                others.len()
            ),
            (Self::Tuple(these), Self::Tuple(others)) => {
                let different = these.iter().zip(others).enumerate().find(|(_, (this, other))| this != other);
                different.map_or_else(String::new, |(at, (this, other))| {
                    format!("Type mismatch for tuple element {at}: {}", this.mismatch(other))
                })
            }
            (this, other) => {
                format!("The 'true' value is {}, but the 'false' value is {}", this.name(), other.name())
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Any => "dynamic",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::String => "string",
            Self::Tuple(_) => "tuple",
            Self::Object(_) => "object",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }
}

fn common<'a>(mut types: impl Iterator<Item = &'a Type>) -> Option<Type> {
    types.try_fold(Type::Any, |common, kind| common.unify(kind))
}
