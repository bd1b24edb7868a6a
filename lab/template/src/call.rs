//! Calls functions: counts, evaluates and checks their arguments.

use crate::builtin;
use crate::change::changed;
use crate::execute::{Failure, Given, Machine, Place, fail};
use crate::functions::{Effect, Signature, Type};
use crate::node::{Operand, Term};
use crate::{Value, quote};

impl<'t> Machine<'t, '_> {
    /// Calls the function `name` with what is written after it and, in a pipeline, the value before it.
    pub(crate) fn call(
        &mut self,
        dot: &Value,
        name: &str,
        place: Place<'t>,
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Value, Failure> {
        let own = self.functions.signature(name);
        let Some(signature) = own.or_else(|| builtin::signature(name)) else {
            return fail(format!("{} is not a defined function", quote(name)));
        };
        let effect = own.map_or(Effect::None, |_| self.functions.effect(name));
        // A method is known by its type, and called by its own name.
        let shown = name.rsplit('.').next().unwrap_or(name);
        check_count(shown, signature, arguments.len(), last.is_some())?;
        if own.is_none() && matches!(name, "and" | "or") {
            return self.logic(dot, name == "or", arguments, last);
        }
        let parameter =
            |index: usize| signature.fixed.get(index).copied().or(signature.rest).unwrap_or(Type::Any);
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for (index, argument) in arguments.iter().enumerate() {
            values.push(self.argument(dot, parameter(index), argument)?);
        }
        if let Some(last) = last {
            values.push(check(last, parameter(values.len()))?);
        }
        let result = match own {
            Some(_) if effect == Effect::Executes => self.execute_definition(&values),
            Some(_) => self.functions.call(name, &values),
            None if name == "call" => {
                let first = arguments.first().map(ToString::to_string).unwrap_or_default();
                Err(match values.first() {
                    None | Some(Value::Missing | Value::Nil) => "call of nil".to_owned(),
                    Some(value) => format!("non-function {first} of type {}", value.type_name()),
                })
            }
            None => builtin::call(name, &values),
        };
        let result = result.map_err(|message| {
            self.at = place;
            Failure(format!("error calling {shown}: {message}"))
        })?;
        if effect == Effect::ChangesFirst
            && let Some(first) = values.first()
        {
            for (_, held) in &mut self.variables {
                if let Some(new) = changed(held, first, &result) {
                    *held = new;
                }
            }
        }
        Ok(result)
    }

    /// The text that a definition gives for the data after its name.
    fn execute_definition(&mut self, values: &[Value]) -> Result<Value, String> {
        let (name, data) = match values {
            [name] => (name, Value::Missing),
            [name, data] => (name, data.clone()),
            many => {
                let given = many.len();
                return Err(format!(
                    "executeTemplate: wrong number of arguments, expected 1 or 2, but got {given}"
                ));
            }
        };
        let outer = std::mem::take(&mut self.output);
        let result = self.run_definition(name.as_text().unwrap_or_default(), data);
        let text = std::mem::replace(&mut self.output, outer);
        result.map(|()| Value::from(text))
    }

    /// `and` and `or` stop at the first argument that decides.
    fn logic(
        &mut self,
        dot: &Value,
        decides: bool,
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Value, Failure> {
        let mut value = Value::Missing;
        for argument in arguments {
            value = self.argument(dot, Type::Any, argument)?;
            if value.truth() == decides {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    /// The value of an argument, which must fit its parameter.
    pub(crate) fn argument(
        &mut self,
        dot: &Value,
        wanted: Type,
        operand: &'t Operand,
    ) -> Result<Value, Failure> {
        self.at = Place::Operand(operand);
        let value = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Nil => match wanted {
                Type::Any | Type::Texts | Type::Map => return Ok(Value::Nil),
                _ => return fail(format!("cannot assign nil to {}", wanted.name())),
            },
            Term::Field(names) => self.fields(dot, dot.clone(), names, operand, Given::default())?,
            Term::Variable(_) => self.variable(dot, operand, Given::default())?,
            Term::Pipe(pipe) => self.pipeline(dot, pipe)?,
            Term::Function(name) => self.call(dot, name, Place::Operand(operand), &[], None)?,
            Term::Chain(..) => self.chain(dot, operand, Given::default())?,
            Term::Bool(truth) => return literal(Value::Bool(*truth), wanted, operand),
            Term::Number(_, value) | Term::Text(_, value) => return literal(value.clone(), wanted, operand),
        };
        check(value, wanted)
    }
}

fn check_count(name: &str, signature: Signature, written: usize, has_last: bool) -> Result<(), Failure> {
    let given = written + usize::from(has_last);
    let wanted = signature.fixed.len();
    if signature.rest.is_some() {
        if given < wanted {
            return fail(format!("wrong number of args for {name}: want at least {wanted} got {written}"));
        }
    } else if given != wanted {
        return fail(format!("wrong number of args for {name}: want {wanted} got {given}"));
    }
    Ok(())
}

/// A value that was computed, where it can be passed.
fn check(value: Value, wanted: Type) -> Result<Value, Failure> {
    if wanted.takes(&value) {
        return Ok(value);
    }
    match value {
        Value::Missing if wanted == Type::Texts => Ok(Value::texts([""; 0])),
        Value::Missing if wanted == Type::Map => Ok(Value::map([])),
        Value::Missing => fail(format!("invalid value; expected {}", wanted.name())),
        Value::Nil => fail(format!("wrong type for value; expected {}; got interface {{}}", wanted.name())),
        value => fail(format!("wrong type for value; expected {}; got {}", wanted.name(), value.type_name())),
    }
}

/// A literal, where it can be passed.
fn literal(value: Value, wanted: Type, operand: &Operand) -> Result<Value, Failure> {
    if wanted.takes(&value) {
        return Ok(value);
    }
    match wanted {
        Type::Integer => fail(format!("expected integer; found {operand}")),
        Type::Texts | Type::Map => fail(format!("can't handle {operand} for arg of type {}", wanted.name())),
        _ => fail(format!("expected {}; found {operand}", wanted.name())),
    }
}
