//! Puts the tokens of a template together.

mod pipeline;

use std::collections::BTreeMap;

use crate::functions::Functions;
use crate::lexer::{Token, Type, tokens};
use crate::node::{Branch, Call, Node};
use crate::quote::unquote;
use crate::template::Options;
use crate::{Error, quote};

/// How deep parentheses and blocks may nest.
const MAX_DEPTH: usize = 100;

/// Parses a template into its definitions, the main one under `name`.
pub(crate) fn parse(
    name: &str,
    text: &str,
    options: &Options,
    functions: &dyn Functions,
) -> Result<BTreeMap<String, Vec<Node>>, Error> {
    let or = |delimiter: &str, usual: &str| {
        if delimiter.is_empty() { usual.to_owned() } else { delimiter.to_owned() }
    };
    let (left, right) = (or(&options.left_delimiter, "{{"), or(&options.right_delimiter, "}}"));
    let mut parser = Parser {
        tokens: tokens(text, &left, &right),
        next: 0,
        functions,
        variables: vec!["$".to_owned()],
        definitions: BTreeMap::new(),
        range_depth: 0,
        depth: 0,
    };
    let failed = |(line, message)| Error::Parse { template: name.to_owned(), line, message };
    parser.main(name).map_err(failed)?;
    Ok(parser.definitions)
}

type Failure = (usize, String);

/// How a list of nodes ended.
enum Ending {
    End,
    Else,
}

impl Ending {
    fn shown(&self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    functions: &'a dyn Functions,
    variables: Vec<String>,
    definitions: BTreeMap<String, Vec<Node>>,
    range_depth: usize,
    depth: usize,
}

impl Parser<'_> {
    fn main(&mut self, name: &str) -> Result<(), Failure> {
        let mut nodes = Vec::new();
        while self.kind() != Type::End {
            if self.kind() == Type::LeftDelimiter && self.is_definition() {
                self.definition()?;
                continue;
            }
            match self.node()? {
                Ok(node) => nodes.extend(node),
                Err(ending) => return self.fail(format!("unexpected {}", ending.shown())),
            }
        }
        self.define(name, nodes)
    }

    fn is_definition(&self) -> bool {
        let mut after = self.tokens[self.next + 1..].iter().filter(|token| token.kind != Type::Space);
        after.next().is_some_and(|token| token.kind == Type::Keyword && token.text == "define")
    }

    fn definition(&mut self) -> Result<(), Failure> {
        self.advance();
        self.advance_over_space();
        let context = "define clause";
        let name = self.string(context)?;
        self.expect(Type::RightDelimiter, context)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let (nodes, ending) = self.nodes()?;
        self.variables = outer;
        if let Ending::Else = ending {
            return self.fail(format!("unexpected {{{{else}}}} in {context}"));
        }
        self.define(&name, nodes)
    }

    /// Keeps a definition. One that is empty does not replace another, and two that are not are an error.
    fn define(&mut self, name: &str, nodes: Vec<Node>) -> Result<(), Failure> {
        let is_empty = |nodes: &[Node]| {
            nodes.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
        };
        match self.definitions.get(name) {
            Some(known) if !is_empty(known) && !is_empty(&nodes) => {
                return self.fail(format!("template: multiple definition of template {}", quote(name)));
            }
            Some(known) if !is_empty(known) => {}
            _ => {
                self.definitions.insert(name.to_owned(), nodes);
            }
        }
        Ok(())
    }

    /// Nodes up to `{{end}}` or `{{else}}`.
    fn nodes(&mut self) -> Result<(Vec<Node>, Ending), Failure> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        let mut nodes = Vec::new();
        while self.peek_over_space().kind != Type::End {
            match self.node()? {
                Ok(node) => nodes.extend(node),
                Err(ending) => {
                    self.depth -= 1;
                    return Ok((nodes, ending));
                }
            }
        }
        self.fail("unexpected EOF")
    }

    fn node(&mut self) -> Result<Result<Option<Node>, Ending>, Failure> {
        let token = self.advance_over_space();
        match token.kind {
            Type::Text => Ok(Ok(Some(Node::Text(token.text)))),
            Type::LeftDelimiter => self.action(),
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Result<Result<Option<Node>, Ending>, Failure> {
        let token = self.peek_over_space();
        if token.kind != Type::Keyword {
            // What it declares lives on to the end of the list that it stands in.
            let pipe = self.pipeline("command", Type::RightDelimiter)?;
            return Ok(Ok(Some(Node::Action(pipe))));
        }
        self.advance_over_space();
        let node = match token.text.as_str() {
            "if" => Node::If(self.control("if")?),
            "with" => Node::With(self.control("with")?),
            "range" => Node::Range(self.control("range")?),
            "break" => self.loop_control("break", Node::Break)?,
            "continue" => self.loop_control("continue", Node::Continue)?,
            "template" => self.call()?,
            "block" => self.block()?,
            "end" => {
                self.expect(Type::RightDelimiter, "end")?;
                return Ok(Err(Ending::End));
            }
            "else" => {
                let after = self.peek_over_space();
                if !(after.kind == Type::Keyword && matches!(after.text.as_str(), "if" | "with")) {
                    self.expect(Type::RightDelimiter, "else")?;
                }
                return Ok(Err(Ending::Else));
            }
            _ => return self.unexpected(&token, "command"),
        };
        Ok(Ok(Some(node)))
    }

    fn control(&mut self, context: &'static str) -> Result<Branch, Failure> {
        let mark = self.variables.len();
        let pipe = self.pipeline(context, Type::RightDelimiter)?;
        let is_range = usize::from(context == "range");
        self.range_depth += is_range;
        let (body, ending) = self.nodes()?;
        self.range_depth -= is_range;
        let mut otherwise = Vec::new();
        if let Ending::Else = ending {
            let token = self.peek();
            if token.kind == Type::Keyword && token.text == context && context != "range" {
                self.advance();
                self.depth += 1;
                let branch = self.control(context)?;
                self.depth -= 1;
                otherwise.push(if context == "if" { Node::If(branch) } else { Node::With(branch) });
            } else {
                let (nodes, ending) = self.nodes()?;
                if let Ending::Else = ending {
                    return self.fail("expected end; found {{else}}");
                }
                otherwise = nodes;
            }
        }
        self.variables.truncate(mark);
        Ok(Branch { pipe, body, otherwise })
    }

    fn loop_control(&mut self, word: &str, node: Node) -> Result<Node, Failure> {
        self.expect(Type::RightDelimiter, &format!("{{{{{word}}}}}"))?;
        if self.range_depth == 0 {
            return self.fail(format!("{{{{{word}}}}} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn call(&mut self) -> Result<Node, Failure> {
        let context = "template clause";
        let position = self.peek_over_space().position;
        let name = self.string(context)?;
        let pipe = match self.peek_over_space().kind {
            Type::RightDelimiter => {
                self.advance_over_space();
                None
            }
            _ => Some(self.pipeline(context, Type::RightDelimiter)?),
        };
        Ok(Node::Template(Call { position, name, pipe }))
    }

    fn block(&mut self) -> Result<Node, Failure> {
        let context = "block clause";
        let position = self.peek_over_space().position;
        let name = self.string(context)?;
        let pipe = self.pipeline(context, Type::RightDelimiter)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let (nodes, ending) = self.nodes()?;
        self.variables = outer;
        if let Ending::Else = ending {
            return self.fail(format!("unexpected {{{{else}}}} in {context}"));
        }
        self.define(&name, nodes)?;
        Ok(Node::Template(Call { position, name, pipe: Some(pipe) }))
    }

    fn string(&mut self, context: &str) -> Result<String, Failure> {
        let token = self.advance_over_space();
        if !matches!(token.kind, Type::QuotedString | Type::RawString) {
            return self.unexpected(&token, context);
        }
        match unquote(&token.text) {
            Some(name) => Ok(name),
            None => self.fail("invalid syntax"),
        }
    }

    fn expect(&mut self, kind: Type, context: &str) -> Result<(), Failure> {
        let token = self.advance_over_space();
        if token.kind == kind { Ok(()) } else { self.unexpected(&token, context) }
    }

    fn unexpected<T>(&self, token: &Token, context: &str) -> Result<T, Failure> {
        if token.kind == Type::Error {
            return Err((token.line, token.text.clone()));
        }
        self.fail(format!("unexpected {token} in {context}"))
    }

    /// Fails at the line of the token that was looked at last.
    fn fail<T>(&self, message: impl Into<String>) -> Result<T, Failure> {
        Err((self.peek().line, message.into()))
    }

    fn peek(&self) -> Token {
        // The last token is an end or an error, and stays.
        self.tokens[self.next.min(self.tokens.len() - 1)].clone()
    }

    fn kind(&self) -> Type {
        self.tokens[self.next.min(self.tokens.len() - 1)].kind
    }

    fn peek_over_space(&mut self) -> Token {
        self.skip_space();
        self.peek()
    }

    fn advance(&mut self) -> Token {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn advance_over_space(&mut self) -> Token {
        self.skip_space();
        self.advance()
    }

    fn skip_space(&mut self) {
        while self.kind() == Type::Space {
            self.next += 1;
        }
    }
}
