//! Pipelines: declarations, commands and their operands.

use super::{Failure, MAX_DEPTH, Parser};
use crate::lexer::Type;
use crate::node::{Command, Operand, Pipe, Term};
use crate::quote::unquote;
use crate::{Value, builtin, number, quote};

impl Parser<'_> {
    pub(super) fn pipeline(&mut self, context: &str, end: Type) -> Result<Pipe, Failure> {
        let position = self.peek_over_space().position;
        let mut pipe = Pipe { position, assigns: false, declarations: Vec::new(), commands: Vec::new() };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.peek_over_space();
            if token.kind == end {
                self.advance_over_space();
                return self.check(pipe, context);
            }
            match token.kind {
                Type::Bool
                | Type::CharacterConstant
                | Type::Dot
                | Type::Field
                | Type::Identifier
                | Type::Number
                | Type::Nil
                | Type::RawString
                | Type::QuotedString
                | Type::Variable
                | Type::LeftParenthesis => {
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => {
                    self.advance_over_space();
                    return self.unexpected(&token, context);
                }
            }
        }
    }

    /// `$x :=`, `$x =` or, in `range`, `$i, $x :=`.
    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Result<(), Failure> {
        loop {
            let variable = self.peek_over_space();
            if variable.kind != Type::Variable {
                return Ok(());
            }
            let before = self.next;
            self.advance_over_space();
            let sign = self.peek_over_space();
            match (sign.kind, sign.text.as_str()) {
                (Type::Assign | Type::Declare, _) => {
                    pipe.assigns = sign.kind == Type::Assign;
                    self.advance_over_space();
                    pipe.declarations.push(variable.text.clone());
                    self.variables.push(variable.text);
                    return Ok(());
                }
                (Type::Character, ",") => {
                    self.advance_over_space();
                    pipe.declarations.push(variable.text.clone());
                    self.variables.push(variable.text);
                    if context != "range" || pipe.declarations.len() > 1 {
                        return self.fail(format!("too many declarations in {context}"));
                    }
                    if !matches!(
                        self.peek_over_space().kind,
                        Type::Variable | Type::RightDelimiter | Type::RightParenthesis
                    ) {
                        return self.fail("range can only initialize variables");
                    }
                }
                _ => {
                    self.next = before;
                    return Ok(());
                }
            }
        }
    }

    fn check(&self, pipe: Pipe, context: &str) -> Result<Pipe, Failure> {
        if pipe.commands.is_empty() {
            return self.fail(format!("missing value for {context}"));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            if let Some(Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(..) | Term::Text(..)) =
                command.operands.first().map(|operand| &operand.term)
            {
                return self.fail(format!("non executable command in pipeline stage {}", index + 1));
            }
        }
        Ok(pipe)
    }

    fn command(&mut self) -> Result<Command, Failure> {
        let position = self.peek_over_space().position;
        let mut operands = Vec::new();
        loop {
            self.skip_space();
            operands.extend(self.operand()?);
            let token = self.peek();
            match token.kind {
                Type::Space => {}
                Type::RightDelimiter | Type::RightParenthesis => break,
                Type::Pipe => {
                    self.advance();
                    break;
                }
                _ => {
                    self.advance();
                    return self.unexpected(&token, "operand");
                }
            }
            self.advance();
        }
        if operands.is_empty() { self.fail("empty command") } else { Ok(Command { position, operands }) }
    }

    fn operand(&mut self) -> Result<Option<Operand>, Failure> {
        let Some(mut operand) = self.term()? else { return Ok(None) };
        let position = self.peek().position;
        let mut fields = Vec::new();
        while self.kind() == Type::Field {
            fields.push(self.advance().text[1..].to_owned());
        }
        if fields.is_empty() {
            return Ok(Some(operand));
        }
        match &mut operand.term {
            Term::Field(names) | Term::Variable(names) => {
                names.extend(fields);
                operand.position = position;
            }
            Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(..) | Term::Text(..) => {
                return self.fail(format!("unexpected . after term {}", quote(&operand.to_string())));
            }
            _ => operand = Operand { position, term: Term::Chain(Box::new(operand), fields) },
        }
        Ok(Some(operand))
    }

    fn term(&mut self) -> Result<Option<Operand>, Failure> {
        let token = self.peek_over_space();
        let text = token.text.clone();
        let term = match token.kind {
            Type::Identifier if self.functions.signature(&text).is_none() && !builtin::exists(&text) => {
                return self.fail(format!("function {} not defined", quote(&text)));
            }
            Type::Identifier => Term::Function(text),
            Type::Dot => Term::Dot,
            Type::Nil => Term::Nil,
            Type::Bool => Term::Bool(text == "true"),
            Type::Variable if !self.variables.contains(&text) => {
                return self.fail(format!("undefined variable {}", quote(&text)));
            }
            Type::Variable => Term::Variable(vec![text]),
            Type::Field => Term::Field(vec![text[1..].to_owned()]),
            Type::CharacterConstant | Type::Number => match number::parse(&text) {
                Ok(value) => Term::Number(text, value),
                Err(message) => return self.fail(message),
            },
            Type::QuotedString | Type::RawString => match unquote(&text) {
                Some(value) => Term::Text(text, Value::from(value)),
                None => return self.fail("invalid syntax"),
            },
            Type::LeftParenthesis => {
                self.advance_over_space();
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return self.fail(format!("nested deeper than {MAX_DEPTH} levels"));
                }
                let pipe = self.pipeline("parenthesized pipeline", Type::RightParenthesis)?;
                self.depth -= 1;
                let term = Term::Pipe(Box::new(pipe));
                return Ok(Some(Operand { position: token.position, term }));
            }
            _ => return Ok(None),
        };
        self.advance_over_space();
        Ok(Some(Operand { position: token.position, term }))
    }
}
