//! Splits a text into words.

use super::token::{Token, TokenKind};
use crate::diagnostic::{Position, Range};

/// What the scanner is in the middle of.
enum Mode {
    /// Words; inside a template until the brace that closes it.
    Words {
        in_template: bool,
        braces: usize,
    },
    Quoted,
    Heredoc {
        marker: String,
    },
}

/// The words of a text, with an `Eof` at the end.
pub(crate) fn scan(text: &str) -> Vec<Token> {
    // A byte order mark is no character.
    let byte = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut scanner = Scanner {
        text,
        at: Position { line: 1, column: 1, byte },
        modes: vec![Mode::Words { in_template: false, braces: 0 }],
        tokens: Vec::new(),
    };
    while !scanner.rest().is_empty() {
        match scanner.modes.last() {
            Some(Mode::Quoted) => scanner.quoted(),
            Some(Mode::Heredoc { marker }) => {
                let marker = marker.clone();
                scanner.heredoc(&marker);
            }
            _ => scanner.word(),
        }
    }
    scanner.push(TokenKind::Eof, 0);
    scanner.tokens
}

/// Words of more than one character come before their beginnings.
const SYMBOLS: [(&str, TokenKind); 32] = [
    ("...", TokenKind::Ellipsis),
    ("==", TokenKind::EqualEqual),
    ("!=", TokenKind::NotEqual),
    ("<=", TokenKind::LessEqual),
    (">=", TokenKind::GreaterEqual),
    ("=>", TokenKind::FatArrow),
    ("&&", TokenKind::And),
    ("||", TokenKind::Or),
    ("[", TokenKind::OpenBracket),
    ("]", TokenKind::CloseBracket),
    ("(", TokenKind::OpenParenthesis),
    (")", TokenKind::CloseParenthesis),
    (",", TokenKind::Comma),
    (".", TokenKind::Dot),
    (":", TokenKind::Colon),
    ("?", TokenKind::Question),
    ("=", TokenKind::Equal),
    ("!", TokenKind::Bang),
    ("+", TokenKind::Plus),
    ("-", TokenKind::Minus),
    ("*", TokenKind::Star),
    ("/", TokenKind::Slash),
    ("%", TokenKind::Percent),
    ("<", TokenKind::Less),
    (">", TokenKind::Greater),
    ("'", TokenKind::Apostrophe),
    ("`", TokenKind::Backquote),
    ("&", TokenKind::BitwiseAnd),
    ("|", TokenKind::BitwiseOr),
    ("^", TokenKind::BitwiseXor),
    ("~", TokenKind::BitwiseNot),
    (";", TokenKind::Semicolon),
];

struct Scanner<'a> {
    text: &'a str,
    at: Position,
    modes: Vec<Mode>,
    tokens: Vec<Token>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at.byte..]
    }

    /// Goes on by so many bytes.
    fn skip(&mut self, bytes: usize) {
        let end = self.at.byte + bytes;
        for character in self.text[self.at.byte..end].chars() {
            if character == '\n' {
                self.at.line += 1;
                self.at.column = 1;
            } else {
                self.at.column += 1;
            }
        }
        self.at.byte = end;
    }

    fn push(&mut self, kind: TokenKind, bytes: usize) {
        let start = self.at;
        self.skip(bytes);
        self.tokens.push(Token { kind, range: Range { start, end: self.at } });
    }

    fn word(&mut self) {
        let rest = self.rest();
        let first = rest.chars().next().unwrap_or_default();
        match first {
            ' ' | '\t' => self.skip(1),
            '\r' if rest.starts_with("\r\n") => self.push(TokenKind::Newline, 2),
            '\n' => self.push(TokenKind::Newline, 1),
            '#' => self.comment(),
            '/' if rest.starts_with("//") => self.comment(),
            '/' if rest.starts_with("/*") && rest.get(2..).is_some_and(|rest| rest.contains("*/")) => {
                let length = rest[2..].find("*/").map_or(rest.len(), |end| end + 4);
                self.skip(length);
            }
            '"' => {
                self.push(TokenKind::OpenQuote, 1);
                self.modes.push(Mode::Quoted);
            }
            '<' if heredoc_start(rest).is_some() => self.open_heredoc(),
            '{' | '}' => self.brace(first),
            '~' if rest.starts_with("~}") && self.closes_template() => self.end_sequence(2),
            _ if first.is_ascii_digit() => self.number(),
            _ if first.is_alphabetic() || first == '_' => self.identifier(),
            _ => self.symbol(first),
        }
    }

    fn comment(&mut self) {
        let length = self.rest().find('\n').unwrap_or(self.rest().len());
        self.skip(length);
    }

    fn symbol(&mut self, first: char) {
        let found = SYMBOLS.iter().find(|(symbol, _)| self.rest().starts_with(symbol));
        match found {
            Some((symbol, kind)) => self.push(*kind, symbol.len()),
            None => self.push(TokenKind::Invalid, first.len_utf8()),
        }
    }

    fn closes_template(&self) -> bool {
        matches!(self.modes.last(), Some(Mode::Words { in_template: true, braces: 0 }))
    }

    fn brace(&mut self, which: char) {
        if which == '}' && self.closes_template() {
            return self.end_sequence(1);
        }
        if let Some(Mode::Words { braces, .. }) = self.modes.last_mut() {
            *braces = if which == '{' { *braces + 1 } else { braces.saturating_sub(1) };
        }
        self.push(if which == '{' { TokenKind::OpenBrace } else { TokenKind::CloseBrace }, 1);
    }

    fn end_sequence(&mut self, bytes: usize) {
        self.push(TokenKind::SequenceEnd, bytes);
        self.modes.pop();
    }

    fn number(&mut self) {
        let rest = self.rest().as_bytes();
        let digits = |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut length = digits(0);
        if rest.get(length) == Some(&b'.') && rest.get(length + 1).is_some_and(u8::is_ascii_digit) {
            length += 1 + digits(length + 1);
        }
        if matches!(rest.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
            let exponent = rest.get(length + 1 + sign..).map_or(0, |_| digits(length + 1 + sign));
            if exponent > 0 {
                length += 1 + sign + exponent;
            }
        }
        self.push(TokenKind::Number, length);
    }

    fn identifier(&mut self) {
        let rest = self.rest();
        let length = rest
            .char_indices()
            .find(|(_, c)| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
            .map_or(rest.len(), |(at, _)| at);
        self.push(TokenKind::Identifier, length);
    }

    /// Opens `${` and `%{`, where they are not escaped.
    fn sequence(&mut self) -> bool {
        let rest = self.rest();
        let kind = match rest.as_bytes() {
            [b'$', b'{', ..] => TokenKind::Interpolation,
            [b'%', b'{', ..] => TokenKind::Directive,
            _ => return false,
        };
        let length = if rest.as_bytes().get(2) == Some(&b'~') { 3 } else { 2 };
        self.push(kind, length);
        self.modes.push(Mode::Words { in_template: true, braces: 0 });
        true
    }

    fn quoted(&mut self) {
        match self.rest().bytes().next() {
            Some(b'"') => {
                self.push(TokenKind::CloseQuote, 1);
                self.modes.pop();
            }
            Some(b'\n' | b'\r') => {
                let newlines = self.rest().bytes().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
                self.push(TokenKind::QuotedNewline, newlines);
            }
            _ if self.sequence() => {}
            _ => {
                let length = literal_length(self.rest(), true);
                self.push(TokenKind::QuotedText, length);
            }
        }
    }

    fn open_heredoc(&mut self) {
        let Some((length, marker)) = heredoc_start(self.rest()) else { return };
        let marker = marker.to_owned();
        self.push(TokenKind::OpenHeredoc, length);
        self.modes.push(Mode::Heredoc { marker });
    }

    fn heredoc(&mut self, marker: &str) {
        let at_line_start = self.at.column == 1;
        let line = self.rest().split('\n').next().unwrap_or_default();
        if at_line_start && line.trim() == marker {
            let length = line.trim_end().len();
            self.push(TokenKind::CloseHeredoc, length);
            self.modes.pop();
        } else if !self.sequence() {
            let length = literal_length(self.rest(), false);
            self.push(TokenKind::HeredocText, length);
        }
    }
}

/// The length of `<<EOT` or `<<-EOT` with its newline, and the marker.
fn heredoc_start(rest: &str) -> Option<(usize, &str)> {
    let after = rest.strip_prefix("<<")?;
    let after = after.strip_prefix('-').unwrap_or(after);
    let line = after.split('\n').next()?;
    let marker = line.trim_end_matches('\r');
    let sound = marker.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && marker.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    let length = rest.len() - after.len() + line.len() + 1;
    (sound && length <= rest.len()).then_some((length, marker))
}

/// How far the text of a template goes: to a sequence, and to the quote or newline of a quoted one, or to the end of the
/// line of a heredoc.
fn literal_length(rest: &str, quoted: bool) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted && bytes.get(at + 1).is_some_and(|next| *next != b'\n') => at += 2,
            b'"' | b'\n' | b'\r' if quoted => break,
            b'\n' => return at + 1,
            sign @ (b'$' | b'%') if bytes.get(at + 1) == Some(&sign) && bytes.get(at + 2) == Some(&b'{') => {
                at += 3
            }
            b'$' | b'%' if bytes.get(at + 1) == Some(&b'{') => break,
            _ => at += 1,
        }
    }
    // An escape may have stepped into the middle of a character.
    (at.min(rest.len())..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len()).max(1)
}
