//! What the real programs say, and what to do about it.

mod catalogue;
mod matching;

pub use self::catalogue::{Cause, Message, messages};

use self::matching::{Texts, words};
use crate::catalogue::Rule;

/// What is known of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explanation {
    /// A code of `lab verify`.
    Rule(&'static Rule),
    /// A message that is in the text as it stands.
    Message(&'static Message),
    /// No message is; this one is the nearest.
    Nearest(&'static Message),
}

/// Explains a text: a code such as `TLS002`, or what a program said. `None`: nothing is near.
pub fn explain(text: &str) -> Option<Explanation> {
    if let Some(rule) = crate::catalogue::rule(text.trim()) {
        return Some(Explanation::Rule(rule));
    }
    let texts = Texts::all();
    if let Some(message) = texts.within(text) {
        return Some(Explanation::Message(message));
    }
    texts.nearest(text).map(Explanation::Nearest)
}

/// Explains the lines of a log: each message that is in it once, with the first line that says it and how often it is
/// said. Lines that say nothing known are passed over.
pub fn explain_log(log: &str) -> Vec<(String, usize, Explanation)> {
    let texts = Texts::all();
    let mut found: Vec<(String, usize, &'static Message)> = Vec::new();
    for line in log.lines() {
        let Some(message) = texts.within(line) else { continue };
        match found.iter_mut().find(|(_, _, known)| std::ptr::eq(*known, message)) {
            Some((_, times, _)) => *times += 1,
            None => found.push((line.trim().to_owned(), 1, message)),
        }
    }
    found.into_iter().map(|(line, times, message)| (line, times, Explanation::Message(message))).collect()
}

/// Whether a text has anything in it that could be looked for.
pub fn is_empty(text: &str) -> bool {
    words(text).is_empty()
}
