//! The JSON form of HCL1.
//!
//! As lenient as the real reader: a comma may stand before a closing brace, and braces missing at the end of the text
//! are not missed.

use super::{MAX_DEPTH, parser, unquote};
use crate::{Attribute, Block, Body, Diagnostic, Item, Kind, Number, Span, Value};

/// Reads a text whose first character other than blanks is `{`. Where it is `strict`, every brace must be closed and
/// nothing may follow the last.
pub(super) fn parse(text: &str, strict: bool) -> Result<Body, Diagnostic> {
    let mut parser = Parser { text, offset: 0, strict };
    let open = parser.token()?;
    if open.kind != Type::LeftBrace {
        return Err(unexpected("LBRACE", &open));
    }
    let items = parser.members(&open, 1)?;
    let span = Span::new(open.span.start, parser.offset);
    if strict {
        let rest = parser.token()?;
        if rest.kind != Type::Eof {
            return Err(unexpected("EOF", &rest));
        }
    }
    Ok(Body { items, span })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Eof,
    Number,
    Float,
    Bool,
    Null,
    String,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Comma,
    Colon,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Eof => "EOF",
            Self::Number => "NUMBER",
            Self::Float => "FLOAT",
            Self::Bool => "BOOL",
            Self::Null => "NULL",
            Self::String => "STRING",
            Self::LeftBracket => "LBRACK",
            Self::RightBracket => "RBRACK",
            Self::LeftBrace => "LBRACE",
            Self::RightBrace => "RBRACE",
            Self::Comma => "COMMA",
            Self::Colon => "COLON",
        }
    }
}

struct Token<'a> {
    kind: Type,
    text: &'a str,
    span: Span,
}

struct Parser<'a> {
    text: &'a str,
    offset: usize,
    strict: bool,
}

impl<'a> Parser<'a> {
    /// The members of an object whose brace has been read, and the closing brace.
    fn members(&mut self, open: &Token<'a>, depth: usize) -> Result<Vec<Item>, Diagnostic> {
        let mut items = Vec::new();
        loop {
            let name = self.token()?;
            match name.kind {
                Type::Eof if self.strict => return Err(unclosed(open)),
                Type::RightBrace | Type::Eof => return Ok(items),
                Type::String => {}
                _ => return Err(unexpected("STRING", &name)),
            }
            let colon = self.token()?;
            if colon.kind != Type::Colon {
                return Err(unexpected("STRING", &colon));
            }
            let first = self.token()?;
            let value = self.value(&first, depth)?;
            items.extend(parser::expand(item(&name, value)?));
            let after = self.offset;
            match self.token()?.kind {
                Type::Comma => {}
                Type::Eof if self.strict => return Err(unclosed(open)),
                Type::RightBrace | Type::Eof => return Ok(items),
                _ => self.offset = after,
            }
        }
    }

    fn value(&mut self, first: &Token<'a>, depth: usize) -> Result<Value, Diagnostic> {
        if depth > MAX_DEPTH {
            return Err(Diagnostic::new(format!("nested deeper than {MAX_DEPTH} levels"), first.span));
        }
        let kind = match first.kind {
            Type::String => Kind::String(string(first)?),
            Type::Number | Type::Float => Kind::Number(Number::new(first.text)),
            Type::Bool => Kind::Bool(first.text == "true"),
            Type::Null => Kind::Null,
            Type::LeftBrace => {
                let items = self.members(first, depth + 1)?;
                Kind::Object(Body { items, span: Span::new(first.span.start, self.offset) })
            }
            Type::LeftBracket => Kind::List(self.elements(depth + 1)?),
            _ => return Err(unexpected("value", first)),
        };
        Ok(Value { kind, span: Span::new(first.span.start, self.offset) })
    }

    fn elements(&mut self, depth: usize) -> Result<Vec<Value>, Diagnostic> {
        let mut elements = Vec::new();
        loop {
            let token = self.token()?;
            match token.kind {
                Type::RightBracket => return Ok(elements),
                Type::Comma => {}
                Type::Eof => {
                    let message = format!("unexpected token while parsing list: {}", token.kind.name());
                    return Err(Diagnostic::new(message, token.span));
                }
                _ => elements.push(self.value(&token, depth)?),
            }
        }
    }

    fn token(&mut self) -> Result<Token<'a>, Diagnostic> {
        let rest = self.text[self.offset..].trim_start_matches([' ', '\t', '\n', '\r']);
        let start = self.text.len() - rest.len();
        let (kind, length) = match rest.as_bytes().first() {
            None => (Type::Eof, 0),
            Some(b'{') => (Type::LeftBrace, 1),
            Some(b'}') => (Type::RightBrace, 1),
            Some(b'[') => (Type::LeftBracket, 1),
            Some(b']') => (Type::RightBracket, 1),
            Some(b',') => (Type::Comma, 1),
            Some(b':') => (Type::Colon, 1),
            Some(b'"') => (
                Type::String,
                string_length(rest).ok_or_else(|| self.fail(rest.len() + start, "literal not terminated"))?,
            ),
            Some(b'-' | b'0'..=b'9') => {
                let length = rest.len()
                    - rest.trim_start_matches(|c: char| c.is_ascii_digit() || "+-.eE".contains(c)).len();
                let float = rest[..length].contains(['.', 'e', 'E']);
                (if float { Type::Float } else { Type::Number }, length)
            }
            Some(_) => {
                let length = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric()).len();
                match &rest[..length] {
                    "true" | "false" => (Type::Bool, length),
                    "null" => (Type::Null, length),
                    word => return Err(self.fail(start + word.len().saturating_sub(1), "illegal char")),
                }
            }
        };
        self.offset = start + length;
        Ok(Token { kind, text: &rest[..length], span: Span::new(start, start + length) })
    }

    fn fail(&self, offset: usize, problem: &str) -> Diagnostic {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        Diagnostic::new(format!("{line}:{column}: {problem}"), Span::new(offset, offset + 1))
    }
}

/// The length of the string at the beginning of `rest`, quotes included.
fn string_length(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(index + 1),
            '\n' => return None,
            _ => {}
        }
    }
    None
}

fn item(name: &Token<'_>, value: Value) -> Result<Item, Diagnostic> {
    let text = string(name)?;
    let span = name.span.to(value.span);
    Ok(match value.kind {
        Kind::Object(body) => {
            Item::Block(Block { kind: text, kind_span: name.span, labels: Vec::new(), body, span })
        }
        _ => Item::Attribute(Attribute { name: text, name_span: name.span, value, span }),
    })
}

fn string(token: &Token<'_>) -> Result<String, Diagnostic> {
    // `\/` is JSON's own; the rest of its escapes are HCL1's.
    unquote::unquote(&token.text.replace("\\/", "/"))
        .ok_or_else(|| Diagnostic::new("illegal char escape", token.span))
}

fn unclosed(open: &Token<'_>) -> Diagnostic {
    Diagnostic::new("`{` is not closed", open.span).with_label("it begins here")
}

fn unexpected(wanted: &str, token: &Token<'_>) -> Diagnostic {
    Diagnostic::new(format!("expected: {wanted} got: {}", token.kind.name()), token.span)
}
