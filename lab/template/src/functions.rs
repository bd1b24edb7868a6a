//! The functions that a template may call.

use crate::Value;

/// What a program gives its templates to call, besides Go's built-in functions.
pub trait Functions {
    /// What the function called `name` takes; `None` where there is none. Methods of structures that take arguments are
    /// functions, too, called `TYPE.METHOD`.
    fn signature(&self, name: &str) -> Option<Signature>;

    /// Calls it. The arguments fit the signature. An error is a message, which the template's error goes round.
    fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, String>;

    /// What a method without arguments gives, of values that are no structures with methods of their own; `None` where
    /// there is no such method.
    fn method(&self, _receiver: &Value, _name: &str) -> Option<Value> {
        None
    }

    /// What calling it does besides giving a value.
    fn effect(&self, _name: &str) -> Effect {
        Effect::None
    }
}

/// What calling a function does besides giving a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// It changes the map that it is given first, and gives that map: every variable that holds it sees the change.
    ChangesFirst,
    /// It does not give a value itself: what it is called with is the name of a definition and the data for it, whose
    /// text is the value.
    Executes,
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
    /// `map[string]interface {}`
    Map,
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
            Self::Map => "map[string]interface {}",
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
            Self::Map => matches!(value, Value::Map(_)),
        }
    }
}
