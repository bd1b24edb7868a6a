//! Walks over the words.

use super::token::{Token, TokenKind};
use crate::diagnostic::{Range, Report};

/// Something could not be read and has been reported, and the cursor stands in no good place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unreadable;

/// A place among the words.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    /// Whether newlines count, by nesting.
    newlines: Vec<bool>,
    pub(super) report: &'a mut Report,
    /// A problem was reported: those that follow from it are not.
    pub(super) recovering: bool,
    /// How deep the nesting is.
    pub(super) depth: usize,
}

/// How deep expressions and blocks may be nested: far more than anyone writes, far less than the stack holds.
pub(super) const DEEPEST: usize = 32;

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, tokens: Vec<Token>, report: &'a mut Report) -> Self {
        Self { text, tokens, at: 0, newlines: vec![true], report, recovering: false, depth: 0 }
    }

    fn next_index(&self) -> usize {
        let counts = self.newlines.last().copied().unwrap_or(true);
        let last = self.tokens.len() - 1;
        let mut index = self.at.min(last);
        while !counts && self.tokens[index].kind == TokenKind::Newline {
            index += 1;
        }
        index
    }

    pub(super) fn peek(&self) -> &Token {
        &self.tokens[self.next_index()]
    }

    pub(super) fn is(&self, kind: TokenKind) -> bool {
        self.peek().kind == kind
    }

    /// Whether the next word is this identifier.
    pub(super) fn is_word(&self, word: &str) -> bool {
        let token = self.peek();
        token.kind == TokenKind::Identifier && self.word(token) == word
    }

    /// Takes the next word; the last one stays.
    pub(super) fn read(&mut self) -> Token {
        let index = self.next_index();
        self.at = index + 1;
        self.tokens[index].clone()
    }

    /// The word before the next.
    pub(super) fn previous(&self) -> Range {
        self.tokens[self.at.saturating_sub(1)].range
    }

    pub(super) fn word(&self, token: &Token) -> &'a str {
        &self.text[token.range.start.byte..token.range.end.byte]
    }

    /// Whether newlines count from here on, until [`Cursor::pop_newlines`].
    pub(super) fn push_newlines(&mut self, count: bool) {
        self.newlines.push(count);
    }

    pub(super) fn pop_newlines(&mut self) {
        self.newlines.pop();
    }

    /// Whether something was reported since there were `before` problems that leaves the cursor in no good place.
    pub(super) fn failed_since(&self, before: usize) -> bool {
        self.recovering && self.report.len() > before
    }

    /// Reports a problem, unless it may follow from one that was.
    pub(super) fn fail(&mut self, range: Range, summary: &str, detail: &str) {
        if !self.recovering {
            self.report.add(range, summary, detail);
        }
        self.recovering = true;
    }

    /// Goes to after the closing word of this kind that belongs to what is open here; words of other kinds do not count.
    pub(super) fn recover(&mut self, end: TokenKind) {
        self.recovering = true;
        let mut open = 0_usize;
        loop {
            let kind = self.read().kind;
            match kind {
                TokenKind::Eof => return,
                _ if kind == end && open == 0 => return,
                _ if kind == end => open -= 1,
                _ if opens(kind, end) => open += 1,
                _ => {}
            }
        }
    }

    /// Goes to the end of the line, over everything that is opened on it.
    pub(super) fn recover_item(&mut self) {
        self.recovering = true;
        let mut open: Vec<TokenKind> = Vec::new();
        loop {
            let kind = self.read().kind;
            match kind {
                TokenKind::Eof => return,
                TokenKind::Newline if open.is_empty() => return,
                TokenKind::OpenBrace
                | TokenKind::OpenBracket
                | TokenKind::OpenParenthesis
                | TokenKind::OpenQuote
                | TokenKind::OpenHeredoc
                | TokenKind::Interpolation
                | TokenKind::Directive => open.push(kind),
                TokenKind::CloseBrace
                | TokenKind::CloseBracket
                | TokenKind::CloseParenthesis
                | TokenKind::CloseQuote
                | TokenKind::CloseHeredoc
                | TokenKind::SequenceEnd => {
                    let opener = open.iter().rposition(|opener| opens(*opener, kind));
                    open.truncate(opener.unwrap_or(0));
                }
                _ => {}
            }
        }
    }
}

/// Whether a word of one kind opens what one of the other closes.
fn opens(opener: TokenKind, closer: TokenKind) -> bool {
    matches!(
        (opener, closer),
        (TokenKind::OpenBrace, TokenKind::CloseBrace)
            | (TokenKind::OpenBracket, TokenKind::CloseBracket)
            | (TokenKind::OpenParenthesis, TokenKind::CloseParenthesis)
            | (TokenKind::OpenQuote, TokenKind::CloseQuote)
            | (TokenKind::OpenHeredoc, TokenKind::CloseHeredoc)
            | (TokenKind::Interpolation | TokenKind::Directive, TokenKind::SequenceEnd)
    )
}

/// How often words of a kind that the language does not have are told of.
fn is_told(kind: TokenKind, before: usize) -> bool {
    match kind {
        TokenKind::BitwiseAnd | TokenKind::BitwiseOr | TokenKind::BitwiseNot | TokenKind::BitwiseXor => {
            before < 4
        }
        TokenKind::Semicolon => before < 1,
        // Of two quotes the second ends what the first began.
        TokenKind::Apostrophe | TokenKind::Backquote => before.min(3).is_multiple_of(2),
        _ => true,
    }
}

/// Reports words that the language does not have.
pub(super) fn report_invalid(text: &str, tokens: &[Token], report: &mut Report) {
    let (mut bitwise, mut semicolons, mut apostrophes, mut backquotes) = (0, 0, 0, 0);
    for token in tokens {
        let Some((summary, detail)) =
            token.kind.complaint(&text[token.range.start.byte..token.range.end.byte])
        else {
            continue;
        };
        let mut none = 0;
        let count = match token.kind {
            TokenKind::Apostrophe => &mut apostrophes,
            TokenKind::Backquote => &mut backquotes,
            TokenKind::Semicolon => &mut semicolons,
            TokenKind::BitwiseAnd | TokenKind::BitwiseOr | TokenKind::BitwiseNot | TokenKind::BitwiseXor => {
                &mut bitwise
            }
            _ => &mut none,
        };
        if is_told(token.kind, *count) {
            report.add(token.range, summary, detail);
        }
        *count += 1;
    }
}
