//! Splits HCL1 into tokens.

use std::fmt;

use super::heredoc;
use crate::Span;

/// A place in the text, as messages name it: the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) offset: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What a token is; displays as the real parser names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Illegal,
    Eof,
    Ident,
    Number,
    Float,
    Bool,
    String,
    Heredoc,
    LeftBracket,
    LeftBrace,
    Comma,
    Period,
    RightBracket,
    RightBrace,
    Assign,
    Add,
    Subtract,
    Comment,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Illegal => "ILLEGAL",
            Self::Eof => "EOF",
            Self::Ident => "IDENT",
            Self::Number => "NUMBER",
            Self::Float => "FLOAT",
            Self::Bool => "BOOL",
            Self::String => "STRING",
            Self::Heredoc => "HEREDOC",
            Self::LeftBracket => "LBRACK",
            Self::LeftBrace => "LBRACE",
            Self::Comma => "COMMA",
            Self::Period => "PERIOD",
            Self::RightBracket => "RBRACK",
            Self::RightBrace => "RBRACE",
            Self::Assign => "ASSIGN",
            Self::Add => "ADD",
            Self::Subtract => "SUB",
            Self::Comment => "COMMENT",
        })
    }
}

/// A token with its text and where it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Type,
    pub(super) text: &'a str,
    pub(super) position: Position,
}

impl Token<'_> {
    pub(super) fn span(&self) -> Span {
        Span::new(self.position.offset, self.position.offset + self.text.len())
    }
}

/// The scanner. It goes on after an error, as the real one does; the last error is the one that is reported.
pub(super) struct Scanner<'a> {
    text: &'a str,
    next: Position,
    last: Position,
    pub(super) error: Option<(Position, &'static str)>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let start = Position { offset: 0, line: 1, column: 1 };
        Self { text, next: start, last: start, error: None }
    }

    /// The next token that is not a comment.
    pub(super) fn token(&mut self) -> Token<'a> {
        loop {
            let token = self.token_or_comment();
            if token.kind != Type::Comment {
                return token;
            }
        }
    }

    /// The next token.
    pub(super) fn token_or_comment(&mut self) -> Token<'a> {
        let mut first = self.read();
        while matches!(first, Some(' ' | '\t' | '\n' | '\r')) {
            first = self.read();
        }
        let position = self.last;
        let kind = first.map_or(Type::Eof, |c| self.kind(c));
        let end = self.next.offset.max(position.offset);
        Token { kind, text: &self.text[position.offset..end], position }
    }

    fn kind(&mut self, first: char) -> Type {
        match first {
            '#' | '/' => {
                self.comment(first);
                Type::Comment
            }
            c if is_letter(c) => {
                let start = self.last.offset;
                self.skip_while(|c| is_letter(c) || c.is_numeric() || c == '-' || c == '.');
                match &self.text[start..self.next.offset] {
                    "true" | "false" => Type::Bool,
                    _ => Type::Ident,
                }
            }
            '0'..='9' => self.number(first),
            '"' => {
                self.string();
                Type::String
            }
            '<' => {
                if let Err(problem) = heredoc::scan(self) {
                    self.fail(problem);
                }
                Type::Heredoc
            }
            '-' if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                let digit = self.read().unwrap_or('0');
                self.number(digit)
            }
            '.' if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                self.skip_while(|c| c.is_ascii_digit());
                self.exponent();
                Type::Float
            }
            '[' => Type::LeftBracket,
            ']' => Type::RightBracket,
            '{' => Type::LeftBrace,
            '}' => Type::RightBrace,
            ',' => Type::Comma,
            '=' => Type::Assign,
            '+' => Type::Add,
            '-' => Type::Subtract,
            '.' => Type::Period,
            _ => {
                self.fail("illegal char");
                Type::Illegal
            }
        }
    }

    fn number(&mut self, first: char) -> Type {
        if first == '0' && matches!(self.peek(), Some('x' | 'X')) {
            self.read();
            let start = self.next.offset;
            self.skip_while(|c| c.is_ascii_hexdigit());
            if self.next.offset == start {
                self.read();
                self.fail("illegal hexadecimal number");
            }
            return Type::Number;
        }
        self.skip_while(|c| c.is_ascii_digit());
        let mut kind = Type::Number;
        if self.peek() == Some('.') {
            self.read();
            self.skip_while(|c| c.is_ascii_digit());
            kind = Type::Float;
        }
        if self.exponent() { Type::Float } else { kind }
    }

    fn exponent(&mut self) -> bool {
        if !matches!(self.peek(), Some('e' | 'E')) {
            return false;
        }
        self.read();
        if matches!(self.peek(), Some('+' | '-')) {
            self.read();
        }
        self.skip_while(|c| c.is_ascii_digit());
        true
    }

    /// Reads to the closing quote. Inside `${...}` quotes and line breaks are part of the text.
    fn string(&mut self) {
        let mut braces = 0_usize;
        loop {
            let c = self.read();
            match c {
                None => return self.fail("literal not terminated"),
                Some('\n') if braces == 0 => return self.fail("literal not terminated"),
                Some('"') if braces == 0 => return,
                Some('$') if braces == 0 && self.peek() == Some('{') => {
                    self.read();
                    braces = 1;
                }
                Some('{') if braces > 0 => braces += 1,
                Some('}') if braces > 0 => braces -= 1,
                Some('\\') => self.escape(),
                Some(_) => {}
            }
        }
    }

    fn escape(&mut self) {
        let (digits, radix) = match self.read() {
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' | '"') => return,
            Some('0'..='7') => (2, 8),
            Some('x') => (2, 16),
            Some('u') => (4, 16),
            Some('U') => (8, 16),
            _ => return self.fail("illegal char escape"),
        };
        for _ in 0..digits {
            if !self.peek().is_some_and(|c| c.is_digit(radix)) {
                self.read();
                return self.fail("illegal char escape");
            }
            self.read();
        }
    }

    fn comment(&mut self, first: char) {
        let block = first == '/' && self.peek() == Some('*');
        if first == '/' && !block && self.peek() != Some('/') {
            return self.fail("expected '/' for comment");
        }
        if !block {
            return self.skip_while(|c| c != '\n');
        }
        self.read();
        loop {
            match self.read() {
                None => return self.fail("comment not terminated"),
                Some('*') if self.peek() == Some('/') => {
                    self.read();
                    return;
                }
                Some(_) => {}
            }
        }
    }

    /// Reads while `wanted` holds. At the end of the text the column goes on, as the real scanner's does.
    pub(super) fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.read();
        }
        if self.peek().is_none() {
            self.read();
        }
    }

    /// The next character; `None` at the end, and at a null character, which is an error.
    pub(super) fn read(&mut self) -> Option<char> {
        let rest = &self.text[self.next.offset..];
        // Windows line ends count as one character.
        let skipped = usize::from(rest.starts_with("\r\n"));
        self.next.offset += skipped;
        self.last = self.next;
        self.next.column += 1;
        let c = rest[skipped..].chars().next()?;
        self.next.offset += c.len_utf8();
        if c == '\n' {
            self.next.line += 1;
            self.next.column = 1;
        }
        if c == '\0' {
            self.fail("unexpected null character (0x00)");
            return None;
        }
        Some(c)
    }

    /// The character that [`Self::read`] would give.
    pub(super) fn peek(&self) -> Option<char> {
        let rest = &self.text[self.next.offset..];
        let rest = if rest.starts_with("\r\n") { &rest[1..] } else { rest };
        rest.chars().next().filter(|c| *c != '\0')
    }

    /// The text from `start` up to the character read last, and that one's place.
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.last.offset.max(start)]
    }

    pub(super) fn offset(&self) -> usize {
        self.next.offset
    }

    fn fail(&mut self, problem: &'static str) {
        self.error = Some((self.last, problem));
    }
}

fn is_letter(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}
