//! Splits a template into tokens.

use std::fmt;

use crate::quote::{quote, quote_char};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Error,
    End,
    Text,
    LeftDelimiter,
    RightDelimiter,
    Space,
    Assign,
    Declare,
    Pipe,
    LeftParenthesis,
    RightParenthesis,
    Character,
    Bool,
    CharacterConstant,
    Number,
    RawString,
    QuotedString,
    Dot,
    Field,
    Variable,
    Identifier,
    Nil,
    Keyword,
}

/// A token with its text and place; displays as Go's messages show it.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Type,
    pub(crate) text: String,
    pub(crate) position: usize,
    pub(crate) line: usize,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Type::End => f.write_str("EOF"),
            Type::Error => f.write_str(&self.text),
            Type::Keyword | Type::Dot | Type::Nil => write!(f, "<{}>", self.text),
            _ if self.text.len() > 10 => {
                let cut: String = self.text.chars().take(10).collect();
                write!(f, "{}...", quote(&cut))
            }
            _ => f.write_str(&quote(&self.text)),
        }
    }
}

const KEYWORDS: [&str; 10] =
    ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// Splits `text` into tokens, the last of which is an end or an error.
pub(crate) fn tokens(text: &str, left: &str, right: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, left, right, offset: 0, line: 1, counted: 0, depth: 0, tokens: Vec::new() };
    if let Err(message) = lexer.run() {
        lexer.push(Type::Error, lexer.offset, message);
    }
    lexer.tokens
}

struct Lexer<'a> {
    text: &'a str,
    left: &'a str,
    right: &'a str,
    offset: usize,
    /// The line of the byte at `counted`.
    line: usize,
    counted: usize,
    depth: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn run(&mut self) -> Result<(), String> {
        loop {
            let rest = self.rest();
            let Some(found) = rest.find(self.left) else {
                if !rest.is_empty() {
                    self.push(Type::Text, self.offset, rest.to_owned());
                }
                self.offset = self.text.len();
                self.push(Type::End, self.offset, String::new());
                return Ok(());
            };
            let (before, action) = rest.split_at(found);
            let trims = has_left_trim(&action[self.left.len()..]);
            let shown = if trims { before.trim_end_matches(SPACES) } else { before };
            if !shown.is_empty() {
                self.push(Type::Text, self.offset, shown.to_owned());
            }
            self.offset += found;
            let inner = self.offset + self.left.len() + if trims { 2 } else { 0 };
            if self.text[inner..].starts_with("/*") {
                self.comment(inner)?;
            } else {
                self.push(Type::LeftDelimiter, self.offset, self.left.to_owned());
                self.offset = inner;
                self.depth = 0;
                self.action()?;
            }
        }
    }

    fn comment(&mut self, start: usize) -> Result<(), String> {
        let Some(length) = self.text[start..].find("*/") else { return Err("unclosed comment".to_owned()) };
        self.offset = start + length + 2;
        match self.right_delimiter() {
            Some(trims) => {
                self.close(trims);
                Ok(())
            }
            None => Err("comment ends before closing delimiter".to_owned()),
        }
    }

    /// The tokens of an action up to its end.
    fn action(&mut self) -> Result<(), String> {
        loop {
            if let Some(trims) = self.right_delimiter() {
                if self.depth > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                self.push(Type::RightDelimiter, self.offset, self.right.to_owned());
                self.close(trims);
                return Ok(());
            }
            self.inside()?;
        }
    }

    fn inside(&mut self) -> Result<(), String> {
        let rest = self.rest();
        let mut characters = rest.chars();
        let Some(c) = characters.next() else { return Err("unclosed action".to_owned()) };
        let next = characters.next();
        match c {
            _ if SPACES.contains(&c) => self.space(),
            '=' => self.take(Type::Assign, 1),
            ':' if next == Some('=') => self.take(Type::Declare, 2),
            ':' => return Err("expected :=".to_owned()),
            '|' => self.take(Type::Pipe, 1),
            '"' => self.quoted('"', "unterminated quoted string", Type::QuotedString)?,
            '\'' => self.quoted('\'', "unterminated character constant", Type::CharacterConstant)?,
            '`' => match rest[1..].find('`') {
                Some(length) => self.take(Type::RawString, length + 2),
                None => return Err("unterminated raw quoted string".to_owned()),
            },
            '$' => self.word(Type::Variable, 1)?,
            '.' if !next.is_some_and(|c| c.is_ascii_digit()) => self.word(Type::Field, 1)?,
            '+' | '-' | '.' | '0'..='9' => self.number()?,
            _ if is_alphanumeric(c) => self.word(Type::Identifier, 0)?,
            '(' => {
                self.depth += 1;
                self.take(Type::LeftParenthesis, 1);
            }
            ')' if self.depth == 0 => return Err("unexpected right paren".to_owned()),
            ')' => {
                self.depth -= 1;
                self.take(Type::RightParenthesis, 1);
            }
            _ if c.is_ascii_graphic() => self.take(Type::Character, 1),
            _ => return Err(format!("unrecognized character in action: {}", unicode(c))),
        }
        Ok(())
    }

    fn space(&mut self) {
        let mut length = self.rest().len() - self.rest().trim_start_matches(SPACES).len();
        // The last blank belongs to a trim marker.
        if self.text[self.offset + length..]
            .strip_prefix('-')
            .is_some_and(|rest| rest.starts_with(self.right))
        {
            length -= 1;
        }
        if length > 0 {
            self.take(Type::Space, length);
        }
    }

    fn quoted(&mut self, mark: char, problem: &str, kind: Type) -> Result<(), String> {
        let mut escaped = false;
        for (index, c) in self.rest().char_indices().skip(1) {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == mark => {
                    self.take(kind, index + 1);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(problem.to_owned())
    }

    /// An identifier, or a field or variable whose first character is a mark.
    fn word(&mut self, kind: Type, mark: usize) -> Result<(), String> {
        let rest = self.rest();
        let length = mark + rest[mark..].len() - rest[mark..].trim_start_matches(is_alphanumeric).len();
        if let Some(c) = self.text[self.offset + length..].chars().next()
            && !self.terminates(self.offset + length)
        {
            return Err(format!("bad character {}", unicode(c)));
        }
        let kind = match (kind, &rest[..length]) {
            (Type::Field, ".") => Type::Dot,
            (Type::Identifier, "nil") => Type::Nil,
            (Type::Identifier, "true" | "false") => Type::Bool,
            (Type::Identifier, word) if KEYWORDS.contains(&word) => Type::Keyword,
            (kind, _) => kind,
        };
        self.take(kind, length);
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        let rest = self.rest();
        let mut length = usize::from(rest.starts_with(['+', '-']));
        let digits = |length: usize, radix: u32| {
            let rest = &rest[length..];
            length + rest.len() - rest.trim_start_matches(|c: char| c.is_digit(radix) || c == '_').len()
        };
        let radix = match &rest.as_bytes()[length..] {
            [b'0', b'x' | b'X', ..] => 16,
            [b'0', b'o' | b'O', ..] => 8,
            [b'0', b'b' | b'B', ..] => 2,
            _ => 10,
        };
        if radix != 10 {
            length += 2;
        }
        length = digits(length, radix);
        if rest[length..].starts_with('.') {
            length = digits(length + 1, radix);
        }
        if radix == 10 && rest[length..].starts_with(['e', 'E']) {
            length += 1;
            length += usize::from(rest[length..].starts_with(['+', '-']));
            length = digits(length, 10);
        }
        match rest[length..].chars().next() {
            Some(c) if is_alphanumeric(c) => {
                Err(format!("bad number syntax: {}", quote(&rest[..length + c.len_utf8()])))
            }
            _ => {
                self.take(Type::Number, length);
                Ok(())
            }
        }
    }

    fn terminates(&self, offset: usize) -> bool {
        let rest = &self.text[offset..];
        rest.starts_with([' ', '\t', '\r', '\n', '.', ',', '|', ':', '(', ')'])
            || rest.starts_with(self.right)
    }

    /// Whether the action ends here, and if so whether it trims the text after it.
    fn right_delimiter(&self) -> Option<bool> {
        let rest = self.rest();
        if rest.starts_with(SPACES)
            && rest[1..].strip_prefix('-').is_some_and(|rest| rest.starts_with(self.right))
        {
            return Some(true);
        }
        rest.starts_with(self.right).then_some(false)
    }

    fn close(&mut self, trims: bool) {
        self.offset += self.right.len();
        if trims {
            self.offset += 2;
            self.offset += self.rest().len() - self.rest().trim_start_matches(SPACES).len();
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    fn take(&mut self, kind: Type, length: usize) {
        let text = self.rest()[..length].to_owned();
        self.push(kind, self.offset, text);
        self.offset += length;
    }

    fn push(&mut self, kind: Type, position: usize, text: String) {
        self.line += self.text[self.counted..position.max(self.counted)].matches('\n').count();
        self.counted = self.counted.max(position);
        self.tokens.push(Token { kind, text, position, line: self.line });
    }
}

/// Whether an action begins by trimming the text before it: `{{- `.
fn has_left_trim(inner: &str) -> bool {
    inner.strip_prefix('-').is_some_and(|rest| rest.starts_with(SPACES))
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// `U+0040 '@'`
fn unicode(c: char) -> String {
    format!("U+{:04X} {}", c as u32, quote_char(c))
}
