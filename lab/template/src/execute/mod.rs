//! Runs a template.

mod access;

use std::fmt;

use crate::functions::Functions;
use crate::node::{Branch, Call, Command, Node, Operand, Pipe, Term};
use crate::template::Template;
use crate::{Error, Value, format, quote};

/// How deep templates may call each other.
const MAX_DEPTH: usize = 60;
/// How many nodes one execution may visit: more than any honest template, and done in a second or two.
const MAX_STEPS: usize = 5_000_000;
/// How long the text may get.
const MAX_LENGTH: usize = 64 << 20;

/// The text that `template` gives for `data`.
pub(crate) fn execute(
    template: &Template,
    data: &Value,
    functions: &mut dyn Functions,
) -> Result<String, Error> {
    let variables = vec![("$".to_owned(), data.clone())];
    let mut machine = Machine {
        template,
        functions,
        executing: &template.name,
        variables,
        at: Place::Nowhere,
        output: String::new(),
        steps: 0,
        depth: 0,
    };
    let Some(nodes) = template.definitions.get(&template.name) else { return Ok(String::new()) };
    match machine.walk(data, nodes) {
        Ok(_) => Ok(machine.output),
        Err(Failure(message)) => Err(machine.error(message)),
    }
}

/// What the machine is looking at: where an error is reported.
#[derive(Clone, Copy)]
pub(crate) enum Place<'t> {
    Nowhere,
    Pipe(&'t Pipe),
    Command(&'t Command),
    Operand(&'t Operand),
    Call(&'t Call),
}

impl Place<'_> {
    fn position(&self) -> usize {
        match self {
            Self::Nowhere => 0,
            Self::Pipe(pipe) => pipe.position,
            Self::Command(command) => command.position,
            Self::Operand(operand) => operand.position,
            Self::Call(call) => call.position,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => Ok(()),
            Self::Pipe(pipe) => pipe.fmt(f),
            Self::Command(command) => command.fmt(f),
            Self::Operand(operand) => operand.fmt(f),
            Self::Call(call) => call.fmt(f),
        }
    }
}

/// Why an execution ended early; the place is the machine's.
pub(crate) struct Failure(pub(crate) String);

/// What stands behind a field, which may be a method.
#[derive(Clone, Default)]
pub(crate) struct Given<'t> {
    pub(crate) operands: &'t [Operand],
    /// The value before it in a pipeline.
    pub(crate) last: Option<Value>,
}

impl Given<'_> {
    pub(crate) fn is_any(&self) -> bool {
        !self.operands.is_empty() || self.last.is_some()
    }
}

/// What a list of nodes came to.
#[derive(PartialEq)]
enum Flow {
    On,
    Break,
    Continue,
}

pub(crate) struct Machine<'t, 'f> {
    pub(crate) template: &'t Template,
    pub(crate) functions: &'f mut dyn Functions,
    executing: &'t str,
    pub(crate) variables: Vec<(String, Value)>,
    pub(crate) at: Place<'t>,
    pub(crate) output: String,
    steps: usize,
    depth: usize,
}

pub(crate) fn fail<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure(message.into()))
}

impl<'t> Machine<'t, '_> {
    fn error(&self, message: String) -> Error {
        let before = &self.template.text[..self.at.position().min(self.template.text.len())];
        Error::Execute {
            template: self.template.name.clone(),
            line: before.matches('\n').count() + 1,
            column: before.len() - before.rfind('\n').map_or(0, |newline| newline + 1),
            executing: quote(self.executing),
            context: self.at.to_string(),
            message,
        }
    }

    fn walk(&mut self, dot: &Value, nodes: &'t [Node]) -> Result<Flow, Failure> {
        for node in nodes {
            self.count()?;
            match node {
                Node::Text(text) => self.print(text)?,
                Node::Action(pipe) => {
                    let value = self.pipeline(dot, pipe)?;
                    if pipe.declarations.is_empty() {
                        self.print(&format::print(&value))?;
                    }
                }
                Node::If(branch) => {
                    let flow = self.branch(dot, branch, false)?;
                    if flow != Flow::On {
                        return Ok(flow);
                    }
                }
                Node::With(branch) => {
                    let flow = self.branch(dot, branch, true)?;
                    if flow != Flow::On {
                        return Ok(flow);
                    }
                }
                Node::Range(branch) => {
                    let flow = self.range(dot, branch)?;
                    if flow != Flow::On {
                        return Ok(flow);
                    }
                }
                Node::Template(call) => self.call_template(dot, call)?,
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::On)
    }

    fn count(&mut self) -> Result<(), Failure> {
        self.steps += 1;
        if self.steps > MAX_STEPS { fail("the template does not come to an end") } else { Ok(()) }
    }

    fn print(&mut self, text: &str) -> Result<(), Failure> {
        if self.output.len() + text.len() > MAX_LENGTH {
            return fail("the text gets too long");
        }
        self.output.push_str(text);
        Ok(())
    }

    fn branch(&mut self, dot: &Value, branch: &'t Branch, is_with: bool) -> Result<Flow, Failure> {
        let mark = self.variables.len();
        let value = self.pipeline(dot, &branch.pipe)?;
        let flow = if !value.truth() {
            self.walk(dot, &branch.otherwise)?
        } else if is_with {
            self.walk(&value, &branch.body)?
        } else {
            self.walk(dot, &branch.body)?
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, dot: &Value, branch: &'t Branch) -> Result<Flow, Failure> {
        let mark = self.variables.len();
        let value = self.pipeline(dot, &branch.pipe)?;
        let after = self.variables.len();
        let mut ran = false;
        let mut once = |machine: &mut Self, index: Value, element: Value| {
            ran = true;
            machine.count()?;
            machine.bind(&branch.pipe, after, &index, &element);
            let flow = machine.walk(&element, &branch.body)?;
            machine.variables.truncate(after);
            Ok(flow != Flow::Break)
        };
        match &value {
            Value::List(items) | Value::Texts(items) => {
                for (index, item) in items.iter().enumerate() {
                    if !once(self, Value::Integer(index as i64), item.clone())? {
                        break;
                    }
                }
            }
            Value::Map(entries) => {
                for (key, item) in entries.iter() {
                    if !once(self, Value::from(key.as_str()), item.clone())? {
                        break;
                    }
                }
            }
            Value::Integer(_) if branch.pipe.declarations.len() > 1 => {
                return fail(format!("can't use {} to iterate over more than one variable", value.display()));
            }
            Value::Integer(end) => {
                for number in 0..*end {
                    if !once(self, Value::Integer(number), Value::Integer(number))? {
                        break;
                    }
                }
            }
            Value::Missing | Value::Nil => {}
            _ => return fail(format!("range can't iterate over {}", value.display())),
        }
        let flow = if ran { Flow::On } else { self.walk(dot, &branch.otherwise)? };
        self.variables.truncate(mark);
        Ok(flow)
    }

    /// Sets the variables of a `range` for one round. With one the element is wanted, with two the index comes first.
    fn bind(&mut self, pipe: &Pipe, top: usize, index: &Value, element: &Value) {
        let values = match pipe.declarations.len() {
            0 => vec![],
            1 => vec![element],
            _ => vec![index, element],
        };
        for (place, (name, value)) in pipe.declarations.iter().zip(&values).enumerate() {
            if pipe.assigns {
                self.assign(name, value);
            } else {
                self.variables[top - values.len() + place].1 = (*value).clone();
            }
        }
    }

    fn call_template(&mut self, dot: &Value, call: &'t Call) -> Result<(), Failure> {
        self.at = Place::Call(call);
        let Some(nodes) = self.template.definitions.get(&call.name) else {
            return fail(format!("template {} not defined", quote(&call.name)));
        };
        if self.depth == MAX_DEPTH {
            return fail(format!("exceeded maximum template depth ({MAX_DEPTH})"));
        }
        let data = match &call.pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Missing,
        };
        self.walk_definition(&call.name, nodes, data)
    }

    fn walk_definition(&mut self, name: &'t str, nodes: &'t [Node], data: Value) -> Result<(), Failure> {
        let outer = std::mem::replace(&mut self.variables, vec![("$".to_owned(), data.clone())]);
        let executing = std::mem::replace(&mut self.executing, name);
        self.depth += 1;
        self.walk(&data, nodes)?;
        self.depth -= 1;
        self.executing = executing;
        self.variables = outer;
        Ok(())
    }

    /// Runs a definition as a template of its own: what is wrong in it is told as its whole error.
    pub(crate) fn run_definition(&mut self, name: &str, data: Value) -> Result<(), String> {
        let Some((name, nodes)) = self.template.definitions.get_key_value(name) else {
            return Err(format!(
                "template: no template {} associated with template {}",
                quote(name),
                quote(&self.template.name)
            ));
        };
        if self.depth == MAX_DEPTH {
            return Err(format!("exceeded maximum template depth ({MAX_DEPTH})"));
        }
        let executing = self.executing;
        let result = self.walk_definition(name, nodes, data);
        let told = result.map_err(|Failure(message)| self.error(message).to_string());
        self.executing = executing;
        told
    }

    /// The value of a pipeline, which it also gives to the variables it declares.
    pub(crate) fn pipeline(&mut self, dot: &Value, pipe: &'t Pipe) -> Result<Value, Failure> {
        self.count()?;
        self.at = Place::Pipe(pipe);
        let mut value = None;
        for command in &pipe.commands {
            let result = self.command(dot, command, value.take())?;
            // An interface is looked into: what it does not hold is no value.
            value = Some(if result == Value::Nil { Value::Missing } else { result });
        }
        let value = value.unwrap_or(Value::Missing);
        for name in &pipe.declarations {
            if pipe.assigns {
                if !self.assign(name, &value) {
                    return fail(format!("undefined variable: {name}"));
                }
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &'t Command, last: Option<Value>) -> Result<Value, Failure> {
        // The parser gives every command an operand.
        let Some((first, rest)) = command.operands.split_first() else { return Ok(Value::Missing) };
        let has_arguments = !rest.is_empty() || last.is_some();
        let refuse = |operand: &Operand| {
            if has_arguments {
                fail(format!("can't give argument to non-function {operand}"))
            } else {
                Ok(())
            }
        };
        match &first.term {
            Term::Field(names) => {
                self.at = Place::Operand(first);
                self.fields(dot, dot.clone(), names, first, Given { operands: rest, last })
            }
            Term::Chain(..) => self.chain(dot, first, Given { operands: rest, last }),
            Term::Function(name) => {
                self.at = Place::Operand(first);
                self.call(dot, name, Place::Command(command), rest, last)
            }
            Term::Pipe(pipe) => {
                refuse(first)?;
                self.pipeline(dot, pipe)
            }
            Term::Variable(_) => self.variable(dot, first, Given { operands: rest, last }),
            Term::Bool(truth) => {
                self.at = Place::Operand(first);
                refuse(first)?;
                Ok(Value::Bool(*truth))
            }
            Term::Dot => {
                self.at = Place::Operand(first);
                refuse(first)?;
                Ok(dot.clone())
            }
            Term::Nil => {
                self.at = Place::Operand(first);
                refuse(first)?;
                fail("nil is not a command")
            }
            Term::Number(_, value) | Term::Text(_, value) => {
                self.at = Place::Operand(first);
                refuse(first)?;
                Ok(value.clone())
            }
        }
    }

    fn assign(&mut self, name: &str, value: &Value) -> bool {
        match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            Some((_, held)) => {
                *held = value.clone();
                true
            }
            None => false,
        }
    }
}
