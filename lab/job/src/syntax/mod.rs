//! From text to syntax tree.

mod ast;
mod body;
mod collection;
mod cursor;
mod escape;
mod expression;
mod names;
mod scanner;
mod template;
mod token;

pub(crate) use self::ast::{
    Attribute, BinaryOperator, Block, Body, Expression, For, Kind, Label, ObjectKey, Part, Step,
    UnaryOperator,
};
pub(crate) use self::names::traversals;

pub(crate) use self::scanner::scan;
pub(crate) use self::token::{Token, TokenKind};
use crate::diagnostic::{Position, Report};

/// Reads a text. What is wrong with it goes into `report`; the tree is then what could be read.
pub(crate) fn parse(text: &str, report: &mut Report) -> Body {
    let mut cursor = cursor(text, report);
    body::parse_file(&mut cursor)
}

/// Reads a text that is one expression, as the value of a variable on the command line is.
pub(crate) fn parse_expression(text: &str, report: &mut Report) -> Option<Expression> {
    let mut cursor = cursor(text, report);
    cursor.push_newlines(false);
    let expression = expression::parse(&mut cursor).ok()?;
    if cursor.peek().kind != TokenKind::Eof {
        let range = cursor.peek().range;
        cursor.fail(
            range,
            "Extra characters after expression",
            "An expression was successfully parsed, but extra characters were found after it.",
        );
        return None;
    }
    Some(expression)
}

/// A cursor at the beginning of a text.
fn cursor<'a>(text: &'a str, report: &'a mut Report) -> cursor::Cursor<'a> {
    let mut tokens = scan(text);
    cursor::report_invalid(text, &tokens, report);
    with_comments(text, &mut tokens);
    cursor::Cursor::new(text, tokens, report)
}

/// For messages a newline behind a comment begins with the comment.
fn with_comments(text: &str, tokens: &mut [Token]) {
    for at in 0..tokens.len() {
        if tokens[at].kind != TokenKind::Newline {
            continue;
        }
        let before =
            at.checked_sub(1).map_or(Position { line: 1, column: 1, byte: 0 }, |at| tokens[at].range.end);
        let gap = &text[before.byte..tokens[at].range.start.byte];
        let comment = gap.trim_start_matches([' ', '\t']);
        if comment.starts_with('#') || comment.starts_with("//") {
            let blanks = gap.len() - comment.len();
            let (column, byte) = (before.column + blanks, before.byte + blanks);
            tokens[at].range.start = Position { column, byte, ..before };
        }
    }
}

/// Whether a text is a name as the language has them.
pub(crate) fn is_identifier(text: &str) -> bool {
    matches!(scan(text).as_slice(), [name, end] if name.kind == TokenKind::Identifier && end.kind == TokenKind::Eof && name.range.end.byte == text.len() && name.range.start.byte == 0)
}
