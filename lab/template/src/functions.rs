//! The functions that a template may call.

use crate::Value;

/// What a program gives its templates to call, besides Go's built-in functions.
pub trait Functions {
    /// What the function called `name` takes; `None` where there is none.
    fn signature(&self, name: &str) -> Option<Signature>;

    /// Calls it. The arguments fit the signature. An error is a message, which the template's error goes round.
    fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, String>;
}

/// Only Go's built-in functions.
#[derive(Clone, Copy, Debug)]
pub struct NoFunctions;

impl Functions for NoFunctions {
    fn signature(&self, _name: &str) -> Option<Signature> {
        None
    }

    fn call(&mut self, name: &str, _arguments: &[Value]) -> Result<Value, String> {
        Err(format!("{name:?} is not a defined function"))
    }
}

/// The parameters of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Those that must be given.
    pub fixed: &'static [Type],
    /// Of what type any number of further ones may be.
    pub rest: Option<Type>,
}

impl Signature {
    /// Exactly these.
    pub const fn fixed(fixed: &'static [Type]) -> Self {
        Self { fixed, rest: None }
    }

    /// These, and any number of `rest`.
    pub const fn variadic(fixed: &'static [Type], rest: Type) -> Self {
        Self { fixed, rest: Some(rest) }
    }
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`
    Any,
    /// `string`
    Text,
    /// `int`
    Integer,
    /// `bool`
    Bool,
    /// `[]string`
    Texts,
}

impl Type {
    /// As Go writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Text => "string",
            Self::Integer => "int",
            Self::Bool => "bool",
            Self::Texts => "[]string",
        }
    }

    /// Whether a value can be passed as it is.
    pub(crate) fn takes(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Text => matches!(value, Value::Text(_)),
            Self::Integer => matches!(value, Value::Integer(_)),
            Self::Bool => matches!(value, Value::Bool(_)),
            Self::Texts => matches!(value, Value::Texts(_)),
        }
    }
}
