//! Reads expressions. Every alternative that was tried in vain at the farthest place is remembered, since the real
//! parser lists them all when nothing fits.

use std::collections::BTreeSet;

use super::expression::Expression;
use super::grammar;

/// How deep parentheses and `not` may nest.
const MAX_DEPTH: usize = 64;

/// Reads a whole text as an expression.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser::new(text);
    match grammar::input(&mut parser) {
        _ if parser.error.is_some() => Err(parser.error.unwrap_or_default()),
        Some(expression) => Ok(expression),
        None => Err(parser.nothing_fits()),
    }
}

/// A place in a text, and what was tried.
pub(super) struct Parser<'text> {
    text: &'text str,
    at: usize,
    farthest: usize,
    tried: BTreeSet<String>,
    eof_tried: bool,
    /// What rules call a fault, which ends everything.
    error: Option<String>,
    depth: usize,
    /// Above 0, nothing that fails is remembered: a rule looks ahead.
    silent: usize,
}

impl<'text> Parser<'text> {
    fn new(text: &'text str) -> Self {
        Self {
            text,
            at: 0,
            farthest: 0,
            tried: BTreeSet::new(),
            eof_tried: false,
            error: None,
            depth: 0,
            silent: 0,
        }
    }

    fn rest(&self) -> &'text str {
        &self.text[self.at..]
    }

    fn fail(&mut self, wanted: Option<&str>) {
        if self.silent > 0 || self.at < self.farthest {
            return;
        }
        if self.at > self.farthest {
            self.farthest = self.at;
            self.tried.clear();
            self.eof_tried = false;
        }
        match wanted {
            Some(wanted) => drop(self.tried.insert(wanted.to_owned())),
            None => self.eof_tried = true,
        }
    }

    /// One of these words, as they stand in the text.
    pub(super) fn word(&mut self, word: &str) -> Option<()> {
        if self.rest().starts_with(word) {
            self.at += word.len();
            return Some(());
        }
        self.fail(Some(&lab_pki::quote(word)));
        None
    }

    /// A character of a class, which is written as `name` in messages.
    pub(super) fn class(&mut self, name: &str, of: impl Fn(char) -> bool) -> Option<char> {
        match self.rest().chars().next().filter(|next| of(*next)) {
            Some(found) => {
                self.at += found.len_utf8();
                Some(found)
            }
            None => {
                self.fail(Some(name));
                None
            }
        }
    }

    /// The end of the text.
    pub(super) fn end(&mut self) -> Option<()> {
        if self.rest().is_empty() {
            return Some(());
        }
        self.fail(None);
        None
    }

    /// Blanks, at least one.
    pub(super) fn blank(&mut self) -> Option<()> {
        let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
        self.class(r"[ \t\r\n]", blank)?;
        while self.class(r"[ \t\r\n]", blank).is_some() {}
        Some(())
    }

    /// Blanks or none.
    pub(super) fn blanks(&mut self) {
        let _ = self.blank();
    }

    /// Tries a rule; where it does not fit, the place is as before.
    pub(super) fn attempt<T>(&mut self, rule: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let start = self.at;
        if self.error.is_some() || self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let found = rule(self);
        self.depth -= 1;
        if found.is_none() {
            self.at = start;
        }
        found.filter(|_| self.error.is_none())
    }

    /// Whether a rule would fit here.
    pub(super) fn sees<T>(&mut self, rule: impl FnOnce(&mut Self) -> Option<T>) -> bool {
        let start = self.at;
        self.silent += 1;
        let found = self.attempt(rule).is_some();
        self.silent -= 1;
        self.at = start;
        found
    }

    /// Ends with a fault that a rule names.
    pub(super) fn fault<T>(&mut self, rule: &str, text: &str) -> Option<T> {
        if self.error.is_none() && self.silent == 0 {
            self.error = Some(format!("{}: rule {}: {text}", self.place(self.at), lab_pki::quote(rule)));
        }
        None
    }

    fn place(&self, at: usize) -> String {
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        format!("{line}:{column} ({at})")
    }

    fn nothing_fits(&self) -> String {
        let mut wanted: Vec<&str> = self.tried.iter().map(String::as_str).collect();
        if self.eof_tried {
            wanted.push("EOF");
        }
        let list = match wanted.as_slice() {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
        };
        format!("{}: no match found, expected: {list}", self.place(self.farthest))
    }
}
