//! HCL1: agent, consul-template and policy files.
//!
//! Every quirk below was measured on the real parsers: attributes may share a line, commas between them are allowed,
//! `key = { }` is a block, an assignment at the end of the file is dropped, a text that begins with `{` is JSON.

mod format;
mod heredoc;
mod json;
mod parser;
mod scanner;
mod unquote;

use crate::{Body, Diagnostic, Span};

pub use self::format::format;

/// How deep blocks and lists may nest.
const MAX_DEPTH: usize = 128;

/// Reads an HCL1 text, or JSON where the first character is `{`.
///
/// The message of a syntax error is the real parser's, with its place: `At 1:8: literal not terminated`.
pub fn parse(text: &str) -> Result<Body, Diagnostic> {
    if text.trim_start().starts_with('{') { json::parse(text, false) } else { parser::parse(text) }
}

/// As [`parse`], from bytes that may not be text.
pub fn parse_bytes(bytes: &[u8]) -> Result<Body, Diagnostic> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = good.matches('\n').count() + 1;
            let column = good.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
            let span = Span::new(error.valid_up_to(), error.valid_up_to() + 1);
            Err(Diagnostic::new(format!("At {line}:{column}: illegal UTF-8 encoding"), span))
        }
    }
}

/// Reads the JSON form: objects are blocks, a list of objects is a repeated block.
///
/// Stricter than [`parse`], which like the real parser does not miss the braces at the end of a text that was cut.
pub fn parse_json(text: &str) -> Result<Body, Diagnostic> {
    json::parse(text, true)
}
