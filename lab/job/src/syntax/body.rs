//! Attributes and blocks.

use super::ast::{Attribute, Block, Body, Label};
use super::cursor::{Cursor, DEEPEST};
use super::expression;
use super::token::{Token, TokenKind};
use crate::diagnostic::Range;

/// A whole file.
pub(super) fn parse_file(cursor: &mut Cursor<'_>) -> Body {
    parse(cursor, None)
}

/// The items up to the closing brace of the opening one, or to the end of the file.
fn parse(cursor: &mut Cursor<'_>, open: Option<Range>) -> Body {
    cursor.push_newlines(true);
    let start = open.unwrap_or(cursor.peek().range);
    let mut body = Body { range: start, ..Body::default() };
    let end = if open.is_some() { TokenKind::CloseBrace } else { TokenKind::Eof };
    loop {
        let token = cursor.peek().clone();
        match token.kind {
            kind if kind == end => {
                cursor.read();
                break;
            }
            TokenKind::Newline => drop(cursor.read()),
            TokenKind::Identifier => item(cursor, &mut body),
            TokenKind::Eof => {
                if let Some(open) = open {
                    cursor.fail(open, "Unclosed configuration block", "There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.");
                }
                break;
            }
            _ => {
                cursor.read();
                bad_item(cursor, &token);
                cursor.recover(end);
                break;
            }
        }
    }
    cursor.pop_newlines();
    body
}

fn bad_item(cursor: &mut Cursor<'_>, token: &Token) {
    if token.kind == TokenKind::OpenQuote {
        cursor.fail(token.range, "Invalid argument name", "Argument names must not be quoted.");
    } else {
        cursor.fail(token.range, REQUIRED, IS_REQUIRED);
    }
}

fn item(cursor: &mut Cursor<'_>, body: &mut Body) {
    let name = cursor.read();
    match cursor.peek().kind {
        TokenKind::Equal => {
            let attribute = attribute(cursor, &name, false);
            add_attribute(cursor, body, attribute);
        }
        TokenKind::OpenQuote | TokenKind::OpenBrace | TokenKind::Identifier => {
            body.blocks.extend(block(cursor, &name));
        }
        _ => {
            cursor.report.add(name.range, REQUIRED, format!("{IS_REQUIRED} {USE_EQUALS}"));
            cursor.recover_item();
        }
    }
}

fn add_attribute(cursor: &mut Cursor<'_>, body: &mut Body, attribute: Attribute) {
    if let Some(known) = body.attributes.iter().find(|known| known.name == attribute.name) {
        let place = cursor.report.place(known.name_range);
        let name = &attribute.name;
        let detail = format!(
            "The argument \"{name}\" was already set at {place}. Each argument may be set only once."
        );
        cursor.report.add(attribute.name_range, "Attribute redefined", detail);
        return;
    }
    body.attributes.push(attribute);
}

/// The attribute whose name has been read.
fn attribute(cursor: &mut Cursor<'_>, name: &Token, single_line: bool) -> Attribute {
    cursor.read();
    let before = cursor.report.len();
    let value = expression::parse_anyhow(cursor);
    if cursor.failed_since(before) {
        cursor.recover_item();
    } else if !single_line {
        let end = cursor.peek().clone();
        match end.kind {
            TokenKind::Newline => drop(cursor.read()),
            TokenKind::Eof => {}
            kind => {
                let detail = "An argument definition must end with a newline.";
                if kind == TokenKind::Comma {
                    let detail =
                        format!("Argument definitions must be separated by newlines, not commas. {detail}");
                    cursor.fail(end.range, "Unexpected comma after argument", &detail);
                } else {
                    cursor.fail(end.range, "Missing newline after argument", detail);
                }
                cursor.recover_item();
            }
        }
    }
    Attribute { name: cursor.word(name).to_owned(), name_range: name.range, value }
}

/// The block whose kind has been read.
fn block(cursor: &mut Cursor<'_>, kind: &Token) -> Option<Block> {
    let mut labels = Vec::new();
    let brace = loop {
        let token = cursor.peek().clone();
        match token.kind {
            TokenKind::OpenBrace => break cursor.read().range,
            TokenKind::OpenQuote => labels.push(quoted_label(cursor)),
            TokenKind::Identifier => {
                cursor.read();
                labels.push(Label { text: cursor.word(&token).to_owned(), range: token.range });
            }
            other => {
                bad_header(cursor, other, token.range);
                cursor.recover_item();
                return None;
            }
        }
    };
    if cursor.depth >= DEEPEST {
        cursor.fail(brace, "Unsupported nesting", "Blocks are nested too deeply.");
        cursor.recover(TokenKind::CloseBrace);
        return None;
    }
    cursor.depth += 1;
    let body = match cursor.peek().kind {
        TokenKind::Newline | TokenKind::Eof | TokenKind::CloseBrace => parse(cursor, Some(brace)),
        _ => {
            let before = cursor.report.len();
            let body = single_line(cursor, brace);
            end_of_single_line(cursor, brace, before);
            body
        }
    };
    cursor.depth -= 1;
    end_of_block(cursor);
    Some(Block { kind: cursor.word(kind).to_owned(), kind_range: kind.range, labels, brace, body })
}

fn bad_header(cursor: &mut Cursor<'_>, found: TokenKind, range: Range) {
    let detail = match found {
        TokenKind::Equal => {
            "The equals sign \"=\" indicates an argument definition, and must not be used when defining a block."
        }
        TokenKind::Newline => {
            "A block definition must have block content delimited by \"{\" and \"}\", starting on the same line as the block header."
        }
        _ if cursor.recovering => return,
        _ => "Either a quoted string block label or an opening brace (\"{\") is expected here.",
    };
    cursor.report.add(range, "Invalid block definition", detail);
}

fn end_of_block(cursor: &mut Cursor<'_>) {
    let end = cursor.peek().clone();
    match end.kind {
        TokenKind::Newline => drop(cursor.read()),
        TokenKind::Eof => {}
        _ => {
            let detail = "A block definition must end with a newline.";
            cursor.fail(end.range, "Missing newline after block definition", detail);
            cursor.recover_item();
        }
    }
}

/// What stands in `{ name = value }` on one line.
fn single_line(cursor: &mut Cursor<'_>, brace: Range) -> Body {
    let mut body = Body { range: brace, ..Body::default() };
    let name = cursor.read();
    let next = cursor.peek().clone();
    let (range, summary, detail) = match (name.kind, next.kind) {
        (TokenKind::Identifier, TokenKind::Equal) => {
            body.attributes.push(attribute(cursor, &name, true));
            return body;
        }
        (TokenKind::Identifier, TokenKind::OpenQuote | TokenKind::OpenBrace | TokenKind::Identifier) => (
            name.range.to(next.range),
            "Argument definition required",
            format!(
                "A single-line block definition can contain only a single argument. If you meant to define argument \"{}\", use an equals sign to assign it a value. To define a nested block, place it on a line of its own within its parent block.",
                cursor.word(&name)
            ),
        ),
        (TokenKind::Identifier, _) => (name.range, REQUIRED, format!("{IS_REQUIRED} {USE_EQUALS}")),
        _ => (name.range, REQUIRED, IS_REQUIRED.to_owned()),
    };
    cursor.report.add(range, summary, detail);
    cursor.recover_item();
    body
}

/// The closing brace behind it. What is wrong with that is told before what is wrong inside, which was found after the
/// first `before` problems.
fn end_of_single_line(cursor: &mut Cursor<'_>, brace: Range, before: usize) {
    let end = cursor.peek().clone();
    let (range, summary, detail) = match end.kind {
        TokenKind::CloseBrace => {
            cursor.read();
            return;
        }
        TokenKind::Comma => (
            end.range,
            ONE_LINE,
            "Single-line block syntax can include only one argument definition. To define multiple arguments, use the multi-line block syntax with one argument definition per line.",
        ),
        TokenKind::Newline => (
            end.range,
            ONE_LINE,
            "An argument definition on the same line as its containing block creates a single-line block definition, which must also be closed on the same line. Place the block's closing brace immediately after the argument definition.",
        ),
        _ if cursor.recovering => return cursor.recover(TokenKind::CloseBrace),
        TokenKind::Eof => (
            brace,
            "Unclosed configuration block",
            "There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.",
        ),
        _ => (
            end.range,
            ONE_LINE,
            "A single-line block definition must end with a closing brace immediately after its single argument definition.",
        ),
    };
    cursor.report.insert(before, range, summary, detail);
    cursor.recover(TokenKind::CloseBrace);
}

const REQUIRED: &str = "Argument or block definition required";
const IS_REQUIRED: &str = "An argument or block definition is required here.";
const USE_EQUALS: &str = "To set an argument, use the equals sign \"=\" to introduce the argument value.";
const ONE_LINE: &str = "Invalid single-argument block definition";

/// A label in quotes, which may hold no sequences.
fn quoted_label(cursor: &mut Cursor<'_>) -> Label {
    let open = cursor.read();
    let mut text = String::new();
    loop {
        let token = cursor.read();
        let (detail, closer) = match token.kind {
            TokenKind::CloseQuote => return Label { text, range: open.range.to(token.range) },
            TokenKind::QuotedText => {
                text.push_str(&super::escape::unescape(cursor, &token, true));
                continue;
            }
            TokenKind::Interpolation | TokenKind::Directive => {
                let sign = &cursor.word(&token)[..1];
                let detail = format!(
                    "Template sequences are not allowed in this string. To include a literal \"{sign}\", double it (as \"{sign}{sign}\") to escape it."
                );
                (detail, TokenKind::SequenceEnd)
            }
            TokenKind::Eof => {
                let detail = "Unable to find the closing quote mark before the end of the file.";
                cursor.report.add(token.range, "Unterminated string literal", detail);
                return Label { text, range: open.range.to(token.range) };
            }
            _ => ("This item is not valid in a string literal.".to_owned(), TokenKind::CloseQuote),
        };
        cursor.report.add(token.range, "Invalid string literal", detail);
        cursor.recover(closer);
        if closer == TokenKind::CloseQuote {
            return Label { text, range: open.range.to(token.range) };
        }
    }
}
