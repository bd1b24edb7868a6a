//! Variables, and the fields of values.

use super::{Failure, Given, Machine, Place, fail};
use crate::node::{Operand, Term};
use crate::template::MissingKey;
use crate::{Type, Value, quote};

impl<'t> Machine<'t, '_> {
    /// `(...).a.b`
    pub(crate) fn chain(
        &mut self,
        dot: &Value,
        operand: &'t Operand,
        given: Given<'t>,
    ) -> Result<Value, Failure> {
        self.at = Place::Operand(operand);
        let Term::Chain(first, names) = &operand.term else { return Ok(Value::Missing) };
        let value = match &first.term {
            Term::Pipe(pipe) => self.pipeline(dot, pipe)?,
            _ => self.argument(dot, Type::Any, first)?,
        };
        self.fields(dot, value, names, operand, given)
    }

    /// `$x.a.b`
    pub(crate) fn variable(
        &mut self,
        dot: &Value,
        operand: &'t Operand,
        given: Given<'t>,
    ) -> Result<Value, Failure> {
        self.at = Place::Operand(operand);
        let Term::Variable(names) = &operand.term else { return Ok(Value::Missing) };
        let (name, fields) =
            names.split_first().map_or(("$", names.as_slice()), |(name, rest)| (name.as_str(), rest));
        let Some((_, value)) = self.variables.iter().rev().find(|(known, _)| known == name) else {
            return fail(format!("undefined variable: {name}"));
        };
        if fields.is_empty() && given.is_any() {
            return fail(format!("can't give argument to non-function {operand}"));
        }
        let value = value.clone();
        self.fields(dot, value, fields, operand, given)
    }

    /// The field of a field of a value; the last may be a method with arguments.
    pub(crate) fn fields(
        &mut self,
        dot: &Value,
        value: Value,
        names: &[String],
        operand: &'t Operand,
        given: Given<'t>,
    ) -> Result<Value, Failure> {
        let (mut value, mut from_map) = (value, false);
        for (index, name) in names.iter().enumerate() {
            let is_last = index + 1 == names.len();
            if let Value::Object(object) = &value {
                let method = format!("{}.{name}", object.type_name);
                if self.functions.signature(&method).is_some() {
                    let given = if is_last { given.clone() } else { Given::default() };
                    value = self.call(dot, &method, Place::Operand(operand), given.operands, given.last)?;
                    continue;
                }
            }
            if let Some(result) = self.functions.method(&value, name) {
                value = result;
                continue;
            }
            let next = self.field(&value, name, given.is_any() && is_last, from_map)?;
            from_map = matches!(value, Value::Map(_));
            value = next;
        }
        Ok(value)
    }

    fn field(
        &self,
        value: &Value,
        name: &str,
        has_arguments: bool,
        from_map: bool,
    ) -> Result<Value, Failure> {
        match value {
            Value::Missing if self.template.missing_key == MissingKey::Error => {
                fail(format!("nil data; no entry for key {}", quote(name)))
            }
            Value::Missing => Ok(Value::Missing),
            Value::Nil | Value::NilPointer(_) => {
                fail(format!("nil pointer evaluating {}.{name}", value.type_name()))
            }
            Value::Object(object) => {
                match object.fields.iter().chain(&object.methods).find(|(known, _)| *known == name) {
                    Some(_) if has_arguments => {
                        fail(format!("{name} has arguments but cannot be invoked as function"))
                    }
                    Some((_, field)) => Ok(field.clone()),
                    None => fail(format!("can't evaluate field {name} in type {}", value.type_name())),
                }
            }
            Value::Map(_) if has_arguments => fail(format!("{name} is not a method but has arguments")),
            Value::Map(entries) => match (entries.get(name), self.template.missing_key) {
                (Some(entry), _) => Ok(entry.clone()),
                (None, MissingKey::Invalid) => Ok(Value::Missing),
                (None, MissingKey::Zero) => Ok(Value::Nil),
                (None, MissingKey::Error) => fail(format!("map has no entry for key {}", quote(name))),
            },
            // What a map holds is of no type of its own.
            _ if from_map => fail(format!("can't evaluate field {name} in type interface {{}}")),
            _ => fail(format!("can't evaluate field {name} in type {}", value.type_name())),
        }
    }
}
