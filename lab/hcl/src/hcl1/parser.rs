//! Puts the tokens of HCL1 together.

use super::scanner::{Position, Scanner, Token, Type};
use super::{MAX_DEPTH, heredoc, unquote};
use crate::{Attribute, Block, Body, Diagnostic, Item, Kind, Label, Number, Span, Value};

/// Reads a whole text. An error of the scanner goes before one of the parser.
pub(super) fn parse(text: &str) -> Result<Body, Diagnostic> {
    let scanner = Scanner::new(text);
    let start = Token { kind: Type::Eof, text: "", position: Position { offset: 0, line: 1, column: 1 } };
    let mut parser = Parser { scanner, token: start, pending: false };
    let result = parser.items(false, 0);
    if let Some((position, problem)) = parser.scanner.error {
        let end = text.len().min(position.offset + 1);
        return Err(Diagnostic::new(
            format!("At {position}: {problem}"),
            Span::new(position.offset.min(end), end),
        ));
    }
    match result {
        Ok(items) => Ok(Body { items, span: Span::new(0, text.len()) }),
        Err(Failure::End) => Ok(Body::default()),
        Err(Failure::At(position, message)) => {
            let span = if parser.token.position == position {
                parser.token.span()
            } else {
                Span::new(position.offset, (position.offset + 1).min(text.len()))
            };
            Err(Diagnostic::new(format!("At {position}: {message}"), span))
        }
    }
}

/// Why an item could not be read.
enum Failure {
    /// The text ended, which ends the list of items without complaint.
    End,
    /// Something is wrong at a place.
    At(Position, String),
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    token: Token<'a>,
    /// Whether `token` is to be given again.
    pending: bool,
}

impl<'a> Parser<'a> {
    fn scan(&mut self) -> Token<'a> {
        if !std::mem::take(&mut self.pending) {
            self.token = self.scanner.token();
        }
        self.token
    }

    fn unscan(&mut self) {
        self.pending = true;
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, Failure> {
        Err(Failure::At(self.token.position, message.into()))
    }

    /// Items up to the end of the text, or, in an object, up to its closing brace.
    fn items(&mut self, in_object: bool, depth: usize) -> Result<Vec<Item>, Failure> {
        let mut items = Vec::new();
        loop {
            if in_object {
                let token = self.scan();
                self.unscan();
                if token.kind == Type::RightBrace {
                    return Ok(items);
                }
            }
            match self.item(depth) {
                Ok(item) => items.extend(expand(item)),
                Err(Failure::End) => return Ok(items),
                Err(failure) => return Err(failure),
            }
            if self.scan().kind != Type::Comma {
                self.unscan();
            }
        }
    }

    fn item(&mut self, depth: usize) -> Result<Item, Failure> {
        let keys = self.keys()?;
        let value = match self.token.kind {
            Type::Assign => self.value(depth)?,
            Type::LeftBrace => self.object(depth)?,
            _ => {
                let names: Vec<&str> = keys.iter().map(|key| key.text).collect();
                let names = names.join(" ");
                return self
                    .fail(format!("key '{names}' expected start of object ('{{') or assignment ('=')"));
            }
        };
        // The real parser looks one token ahead for a comment; it shows in the columns of later errors.
        self.scan();
        self.unscan();
        self.finish_item(&keys, value)
    }

    fn finish_item(&self, keys: &[Token<'a>], value: Value) -> Result<Item, Failure> {
        let mut labels = keys.iter().map(|key| {
            let text = match key.kind {
                Type::String => self.unquote(key)?,
                _ => key.text.to_owned(),
            };
            Ok(Label { text, span: key.span() })
        });
        let Some(name) = labels.next() else { return self.fail("no object keys found!") };
        let name = name?;
        let labels = labels.collect::<Result<_, _>>()?;
        let span = name.span.to(value.span);
        Ok(match value.kind {
            Kind::Object(body) => {
                Item::Block(Block { kind: name.text, kind_span: name.span, labels, body, span })
            }
            _ => Item::Attribute(Attribute { name: name.text, name_span: name.span, value, span }),
        })
    }

    /// The words before `=` or `{`; the token after them is the current one.
    fn keys(&mut self) -> Result<Vec<Token<'a>>, Failure> {
        let mut keys = Vec::new();
        loop {
            let token = self.scan();
            match token.kind {
                Type::Ident | Type::String => keys.push(token),
                Type::Eof if keys.is_empty() => return Err(Failure::End),
                Type::Assign if keys.len() > 1 => {
                    return self.fail("nested object expected: LBRACE got: ASSIGN");
                }
                Type::Assign if keys.is_empty() => return self.fail("no object keys found!"),
                Type::LeftBrace if keys.is_empty() => {
                    return self.fail("expected: IDENT | STRING got: LBRACE");
                }
                Type::Eof | Type::Assign | Type::LeftBrace => return Ok(keys),
                // Keys without a value at the end of an object: the caller has the better message.
                Type::RightBrace if !keys.is_empty() => return Ok(keys),
                Type::Illegal => return self.fail("illegal character"),
                kind => return self.fail(format!("expected: IDENT | STRING | ASSIGN | LBRACE got: {kind}")),
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Failure> {
        let token = self.scan();
        match token.kind {
            Type::Number | Type::Float | Type::Bool | Type::String | Type::Heredoc => self.literal(token),
            Type::LeftBrace => self.object(depth),
            Type::LeftBracket => self.list(depth),
            Type::Eof => Err(Failure::End),
            kind => self.fail(format!("Unknown token: {} {kind} {}", token.position, token.text)),
        }
    }

    fn literal(&self, token: Token<'a>) -> Result<Value, Failure> {
        let kind = match token.kind {
            Type::Bool => Kind::Bool(token.text == "true"),
            Type::Heredoc => Kind::String(heredoc::text(token.text)),
            Type::String => Kind::String(self.unquote(&token)?),
            _ => Kind::Number(Number::new(token.text)),
        };
        Ok(Value { kind, span: token.span() })
    }

    fn unquote(&self, token: &Token<'a>) -> Result<String, Failure> {
        match unquote::unquote(token.text) {
            Some(text) => Ok(text),
            // The scanner has complained already, and goes on to find its last complaint.
            None if self.scanner.error.is_some() => Ok(String::new()),
            None => Err(Failure::At(token.position, "illegal char escape".to_owned())),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Failure> {
        let open = self.token;
        self.check_depth(depth)?;
        let items = self.items(true, depth + 1)?;
        let close = self.scan();
        if close.kind != Type::RightBrace {
            return self.fail(format!("object expected closing RBRACE got: {}", close.kind));
        }
        let span = open.span().to(close.span());
        Ok(Value { kind: Kind::Object(Body { items, span }), span })
    }

    fn list(&mut self, depth: usize) -> Result<Value, Failure> {
        let open = self.token;
        self.check_depth(depth)?;
        let mut elements = Vec::new();
        let mut need_comma = false;
        loop {
            let token = self.scan();
            if need_comma && !matches!(token.kind, Type::Comma | Type::RightBracket) {
                let kind = token.kind;
                return self.fail(format!("error parsing list, expected comma or list end, got: {kind}"));
            }
            match token.kind {
                Type::Bool | Type::Number | Type::Float | Type::String | Type::Heredoc => {
                    elements.push(self.literal(token)?);
                    need_comma = true;
                }
                Type::Comma => need_comma = false,
                Type::LeftBrace => {
                    elements.push(self.object(depth + 1).map_err(|inner| within(token, "object", inner))?);
                    need_comma = true;
                }
                Type::LeftBracket => {
                    elements.push(self.list(depth + 1).map_err(|inner| within(token, "list", inner))?);
                }
                Type::RightBracket => {
                    return Ok(Value { kind: Kind::List(elements), span: open.span().to(token.span()) });
                }
                kind => return self.fail(format!("unexpected token while parsing list: {kind}")),
            }
        }
    }

    fn check_depth(&self, depth: usize) -> Result<(), Failure> {
        if depth < MAX_DEPTH { Ok(()) } else { self.fail(format!("nested deeper than {MAX_DEPTH} levels")) }
    }
}

fn within(token: Token<'_>, what: &str, inner: Failure) -> Failure {
    let inner = match inner {
        Failure::End => "EOF token found".to_owned(),
        Failure::At(position, message) => format!("At {position}: {message}"),
    };
    Failure::At(token.position, format!("error while trying to parse {what} within list: {inner}"))
}

/// A list that holds nothing but objects is a block repeated, with each object as its body.
pub(super) fn expand(item: Item) -> Vec<Item> {
    let attribute = match item {
        Item::Attribute(attribute) => attribute,
        block => return vec![block],
    };
    match attribute.value.kind {
        Kind::List(elements)
            if !elements.is_empty()
                && elements.iter().all(|element| matches!(element.kind, Kind::Object(_))) =>
        {
            let bodies = elements.into_iter().filter_map(|element| match element.kind {
                Kind::Object(body) => Some(body),
                _ => None,
            });
            let block = |body: Body| {
                Item::Block(Block {
                    kind: attribute.name.clone(),
                    kind_span: attribute.name_span,
                    labels: Vec::new(),
                    span: attribute.name_span.to(body.span),
                    body,
                })
            };
            bodies.map(block).collect()
        }
        kind => {
            let value = Value { kind, span: attribute.value.span };
            vec![Item::Attribute(Attribute { value, ..attribute })]
        }
    }
}
