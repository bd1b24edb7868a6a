//! The JSON form of HCL1.
//!
//! As lenient as the real reader: a comma may stand before a closing brace, and braces missing at the end of the text
//! are not missed.

use super::{MAX_DEPTH, parser, unquote};
use crate::{Attribute, Block, Body, Diagnostic, Item, Kind, Label, Number, Span, Value};

/// Reads a text whose first character other than blanks is `{`. Where it is `strict`, every brace must be closed and
/// nothing may follow the last.
pub(super) fn parse(text: &str, strict: bool) -> Result<Body, Diagnostic> {
    let mut parser = Parser { text, offset: 0, strict, broken: None, last: Type::Eof };
    let read = parser.whole();
    // What is wrong with a string is told before anything that follows from it.
    match parser.broken {
        Some(broken) => Err(broken),
        None => read,
    }
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
    Illegal,
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
            Self::Illegal => "ILLEGAL",
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
    /// The last thing that is wrong with a word or a string.
    broken: Option<Diagnostic>,
    last: Type,
}

impl<'a> Parser<'a> {
    fn whole(&mut self) -> Result<Body, Diagnostic> {
        let open = self.token()?;
        if open.kind != Type::LeftBrace {
            return Err(unexpected("LBRACE", &open));
        }
        let items = self.members(&open, 1)?;
        let span = Span::new(open.span.start, self.offset);
        if self.strict {
            let rest = self.token()?;
            if rest.kind != Type::Eof {
                return Err(unexpected("EOF", &rest));
            }
        }
        Ok(Body { items, span })
    }

    /// The members of an object whose brace has been read, and the closing brace. Where a brace comes too early, or
    /// anything but a comma behind a member, the lenient reader takes the object for done.
    fn members(&mut self, open: &Token<'a>, depth: usize) -> Result<Vec<Item>, Diagnostic> {
        let mut items = Vec::new();
        loop {
            match self.member(open, depth) {
                Ok(Some(item)) => items.extend(parser::expand(item)),
                Ok(None) => return Ok(items),
                Err(_) if !self.strict && self.last == Type::RightBrace => return Ok(items),
                Err(error) => return Err(error),
            }
            let after = self.token()?;
            match after.kind {
                Type::Comma => {}
                Type::RightBrace => return Ok(items),
                Type::Eof if self.strict => return Err(unclosed(open)),
                _ if self.strict => return Err(unexpected("STRING", &after)),
                _ => return Ok(items),
            }
        }
    }

    /// One of them: texts, a colon and a value. Nothing where the object ends before.
    fn member(&mut self, open: &Token<'a>, depth: usize) -> Result<Option<Item>, Diagnostic> {
        let mut names = Vec::new();
        loop {
            let token = self.token()?;
            match token.kind {
                Type::String if names.is_empty() || !self.strict => names.push(token),
                Type::Colon if !names.is_empty() => break,
                Type::Eof if self.strict => return Err(unclosed(open)),
                Type::Eof => return Ok(None),
                Type::RightBrace if names.is_empty() => return Ok(None),
                _ => return Err(unexpected("STRING", &token)),
            }
        }
        let first = self.token()?;
        if first.kind == Type::Eof && !self.strict {
            return Ok(None);
        }
        let value = self.value(&first, depth)?;
        item(&names, value).map(Some)
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
                // The real reader loses truths in lists, and the brackets of lists in them.
                Type::Bool | Type::LeftBracket if !self.strict => {}
                Type::Null if !self.strict => return Err(in_list(&token)),
                Type::Eof => return Err(in_list(&token)),
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
            Some(b'"') => {
                let (length, is_whole) = string_length(rest);
                if !is_whole {
                    self.broken = Some(self.fail(start + length, "literal not terminated"));
                }
                (Type::String, length)
            }
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
                    "" => {
                        let odd = rest.chars().next().unwrap_or_default();
                        self.broken = Some(self.fail(start, &format!("illegal char: {odd}")));
                        (Type::Illegal, odd.len_utf8())
                    }
                    word => {
                        self.broken = Some(self.fail(start + word.len() - 1, "illegal char"));
                        (Type::Illegal, length)
                    }
                }
            }
        };
        self.offset = start + length;
        self.last = kind;
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

/// The length of the string at the beginning of `rest`, quotes included, and whether it ends with one. The end of the
/// line ends it, too.
fn string_length(rest: &str) -> (usize, bool) {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return (index, false),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return (index + 1, true),
            _ => {}
        }
    }
    (rest.len(), false)
}

fn in_list(token: &Token<'_>) -> Diagnostic {
    Diagnostic::new(format!("unexpected token while parsing list: {}", token.kind.name()), token.span)
}

fn item(names: &[Token<'_>], value: Value) -> Result<Item, Diagnostic> {
    let Some((name, labels)) = names.split_first() else {
        return Err(Diagnostic::new("no object keys found!", value.span));
    };
    let text = string(name)?;
    let span = name.span.to(value.span);
    let label = |label: &Token<'_>| Ok(Label { text: string(label)?, span: label.span });
    Ok(match value.kind {
        Kind::Object(body) => {
            let labels = labels.iter().map(label).collect::<Result<_, Diagnostic>>()?;
            Item::Block(Block { kind: text, kind_span: name.span, labels, body, span })
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
