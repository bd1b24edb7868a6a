//! Lists, objects, and the expressions that make them.

use super::ast::{Expression, For, Kind, ObjectKey};
use super::cursor::{Cursor, Unreadable};
use super::expression;
use super::token::TokenKind;
use crate::diagnostic::Range;

/// `[a, b]` or `[for ...]`
pub(super) fn tuple(cursor: &mut Cursor<'_>) -> Expression {
    let open = cursor.read().range;
    cursor.push_newlines(false);
    let found = if cursor.is_word("for") {
        for_expression(cursor, open, TokenKind::CloseBracket)
    } else {
        items(cursor, open)
    };
    cursor.pop_newlines();
    found
}

fn items(cursor: &mut Cursor<'_>, open: Range) -> Expression {
    let mut items = Vec::new();
    while !cursor.is(TokenKind::CloseBracket) {
        match expression::parse(cursor) {
            Ok(item) => items.push(item),
            Err(Unreadable) => {
                cursor.recover(TokenKind::CloseBracket);
                return tuple_of(items, open.to(cursor.previous()), open);
            }
        }
        let next = cursor.peek().clone();
        match next.kind {
            TokenKind::Comma => drop(cursor.read()),
            TokenKind::CloseBracket => {}
            kind => {
                if kind == TokenKind::Eof {
                    let detail = "There is no corresponding closing bracket before the end of the file. This may be caused by incorrect bracket nesting elsewhere in this file.";
                    cursor.fail(open, "Unterminated tuple constructor expression", detail);
                } else {
                    let detail = "Expected a comma to mark the beginning of the next item.";
                    cursor.fail(next.range, "Missing item separator", detail);
                }
                cursor.recover(TokenKind::CloseBracket);
                return tuple_of(items, open.to(cursor.previous()), open);
            }
        }
    }
    let close = cursor.read().range;
    tuple_of(items, open.to(close), open)
}

fn tuple_of(items: Vec<Expression>, range: Range, open: Range) -> Expression {
    Expression { kind: Kind::Tuple(items), range, start: open }
}

/// `{a = 1, b: 2}` or `{for ...}`
pub(super) fn object(cursor: &mut Cursor<'_>) -> Expression {
    let open = cursor.read().range;
    cursor.push_newlines(false);
    let is_for = cursor.is_word("for");
    cursor.pop_newlines();
    if is_for {
        return for_expression(cursor, open, TokenKind::CloseBrace);
    }
    cursor.push_newlines(true);
    let mut entries = Vec::new();
    if entries_into(cursor, open, &mut entries).is_none() {
        cursor.recover(TokenKind::CloseBrace);
    }
    cursor.pop_newlines();
    let range = open.to(cursor.previous());
    Expression { kind: Kind::Object(entries), range, start: open }
}

/// Reads up to the closing brace; `None` where something kept it from getting there.
fn entries_into(
    cursor: &mut Cursor<'_>,
    open: Range,
    entries: &mut Vec<(ObjectKey, Expression)>,
) -> Option<()> {
    loop {
        match cursor.peek().kind {
            TokenKind::Newline => {
                cursor.read();
                continue;
            }
            TokenKind::CloseBrace => break,
            _ => {}
        }
        entries.push(entry(cursor, open)?);
        let next = cursor.peek().clone();
        match next.kind {
            TokenKind::Comma | TokenKind::Newline => drop(cursor.read()),
            TokenKind::CloseBrace => break,
            TokenKind::Eof => {
                unterminated(cursor, open);
                return None;
            }
            _ => {
                let detail = "Expected a newline or comma to mark the beginning of the next attribute.";
                cursor.fail(next.range, "Missing attribute separator", detail);
                return None;
            }
        }
    }
    cursor.read();
    Some(())
}

fn unterminated(cursor: &mut Cursor<'_>, open: Range) {
    let detail = "There is no corresponding closing brace before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.";
    cursor.fail(open, "Unterminated object constructor expression", detail);
}

fn entry(cursor: &mut Cursor<'_>, open: Range) -> Option<(ObjectKey, Expression)> {
    let key = expression::parse(cursor).ok()?;
    let next = cursor.peek().clone();
    let (summary, detail) = match next.kind {
        TokenKind::Equal | TokenKind::Colon => {
            cursor.read();
            let value = expression::parse(cursor).ok()?;
            return Some((object_key(key), value));
        }
        TokenKind::Newline | TokenKind::Comma => {
            ("Missing attribute value", "Expected an attribute value, introduced by an equals sign (\"=\").")
        }
        TokenKind::Eof => {
            unterminated(cursor, open);
            return None;
        }
        TokenKind::Identifier => (
            NO_SEPARATOR,
            "Expected an equals sign (\"=\") to mark the beginning of the attribute value. If you intended to given an attribute name containing periods or spaces, write the name in quotes to create a string literal.",
        ),
        _ => (NO_SEPARATOR, "Expected an equals sign (\"=\") to mark the beginning of the attribute value."),
    };
    cursor.fail(next.range, summary, detail);
    None
}

const NO_SEPARATOR: &str = "Missing key/value separator";

fn object_key(key: Expression) -> ObjectKey {
    match key.kind {
        Kind::Traversal { root, steps } if steps.is_empty() => ObjectKey::Word(root),
        _ => ObjectKey::Expression(Box::new(key)),
    }
}

/// What follows the opening bracket or brace of a `for`.
fn for_expression(cursor: &mut Cursor<'_>, open: Range, end: TokenKind) -> Expression {
    cursor.push_newlines(false);
    let parts = for_parts(cursor, end);
    if parts.is_none() {
        cursor.recover(end);
    }
    cursor.pop_newlines();
    let range = open.to(cursor.previous());
    match parts {
        Some(parts) => Expression { kind: Kind::For(Box::new(parts)), range, start: open },
        None => expression::unreadable(range),
    }
}

/// `None` where something kept it from getting behind the end.
fn for_parts(cursor: &mut Cursor<'_>, end: TokenKind) -> Option<For> {
    cursor.read();
    let (key_name, value_name) = iterator_names(cursor, &FOR_EXPRESSION)?;
    let source = expression::parse(cursor).ok()?;
    if !cursor.is(TokenKind::Colon) {
        let range = cursor.peek().range;
        let detail = "For expression requires a colon after the collection expression.";
        cursor.fail(range, FOR_EXPRESSION.summary, detail);
        return None;
    }
    cursor.read();
    let before = cursor.report.len();
    let mut value = expression::parse_anyhow(cursor);
    let mut key = None;
    if cursor.is(TokenKind::FatArrow) {
        cursor.read();
        key = Some(std::mem::replace(&mut value, expression::parse_anyhow(cursor)));
    }
    if cursor.failed_since(before) {
        return None;
    }
    let groups = cursor.is(TokenKind::Ellipsis).then(|| cursor.read().range);
    let mut condition = None;
    if cursor.is_word("if") {
        cursor.read();
        condition = Some(expression::parse(cursor).ok()?);
    }
    if cursor.is(end) {
        cursor.read();
    } else {
        let range = cursor.peek().range;
        let detail = "Extra characters after the end of the 'for' expression.";
        cursor.fail(range, FOR_EXPRESSION.summary, detail);
        cursor.recover(end);
    }
    let parts = For { key_name, value_name, source, key, value, condition, groups: groups.is_some() };
    check_for(cursor, &parts, groups, end);
    Some(parts)
}

/// Whether a `for` makes what its brackets say.
fn check_for(cursor: &mut Cursor<'_>, parts: &For, ellipsis: Option<Range>, end: TokenKind) {
    if end == TokenKind::CloseBrace {
        if parts.key.is_none() {
            let detail = "Key expression is required when building an object.";
            cursor.report.add(parts.value.range, FOR_EXPRESSION.summary, detail);
        }
        return;
    }
    if let Some(key) = &parts.key {
        let detail = "Key expression is not valid when building a tuple.";
        cursor.report.add(key.range, FOR_EXPRESSION.summary, detail);
    }
    if let Some(range) = ellipsis {
        let detail = "Grouping ellipsis (...) cannot be used when building a tuple.";
        cursor.report.add(range, FOR_EXPRESSION.summary, detail);
    }
}

/// What is said of the names of a `for` that are not right.
pub(super) struct ForWords {
    summary: &'static str,
    no_name: &'static str,
    no_second_name: &'static str,
    no_in: &'static str,
}

const FOR_EXPRESSION: ForWords = ForWords {
    summary: "Invalid 'for' expression",
    no_name: "For expression requires variable name after 'for'.",
    no_second_name: "For expression requires value variable name after comma.",
    no_in: "For expression requires the 'in' keyword after its name declarations.",
};

/// The words of `%{ for ... }`.
pub(super) const FOR_DIRECTIVE: ForWords = ForWords {
    summary: "Invalid 'for' directive",
    no_name: "For directive requires variable name after 'for'.",
    no_second_name: "For directive requires value variable name after comma.",
    no_in: "For directive requires 'in' keyword after names.",
};

/// `k, v in` or `v in`; `None` where that does not stand there.
pub(super) fn iterator_names(cursor: &mut Cursor<'_>, words: &ForWords) -> Option<(Option<String>, String)> {
    let mut key_name = None;
    let mut value_name = name(cursor, words, words.no_name)?;
    if cursor.is(TokenKind::Comma) {
        cursor.read();
        key_name = Some(std::mem::replace(&mut value_name, name(cursor, words, words.no_second_name)?));
    }
    if !cursor.is_word("in") {
        let range = cursor.peek().range;
        cursor.fail(range, words.summary, words.no_in);
        return None;
    }
    cursor.read();
    Some((key_name, value_name))
}

fn name(cursor: &mut Cursor<'_>, words: &ForWords, otherwise: &str) -> Option<String> {
    let token = cursor.peek().clone();
    if token.kind != TokenKind::Identifier {
        cursor.fail(token.range, words.summary, otherwise);
        return None;
    }
    cursor.read();
    Some(cursor.word(&token).to_owned())
}
