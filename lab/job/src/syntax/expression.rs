//! Operators, terms and the steps after them.

use super::ast::{BinaryOperator, Expression, Kind, Step, UnaryOperator};
use super::cursor::{Cursor, DEEPEST, Unreadable};
use super::token::{Token, TokenKind};
use super::{collection, template};
use crate::diagnostic::Range;
use crate::eval::Value;

/// An expression. One that was not read well enough to go on from there is an error.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Expression, Unreadable> {
    let before = cursor.report.len();
    let expression = parse_anyhow(cursor);
    if cursor.failed_since(before) { Err(Unreadable) } else { Ok(expression) }
}

/// An expression, or what there is of it.
pub(super) fn parse_anyhow(cursor: &mut Cursor<'_>) -> Expression {
    if cursor.depth >= DEEPEST {
        let range = cursor.peek().range;
        cursor.fail(range, "Unsupported nesting", "Expressions are nested too deeply.");
        return unreadable(range);
    }
    cursor.depth += 1;
    let found = conditional(cursor);
    cursor.depth -= 1;
    found
}

/// What stands for an expression that could not be read.
pub(super) fn unreadable(range: Range) -> Expression {
    literal(Value::Unknown, range)
}

fn conditional(cursor: &mut Cursor<'_>) -> Expression {
    let before = cursor.report.len();
    let condition = binary(cursor, 0);
    if cursor.failed_since(before) || !cursor.is(TokenKind::Question) {
        return condition;
    }
    cursor.read();
    let Ok(yes) = parse(cursor) else { return condition };
    if !cursor.is(TokenKind::Colon) {
        let range = cursor.peek().range;
        let detail =
            "The conditional operator (...?...:...) requires a false expression, delimited by a colon.";
        cursor.report.add(range, "Missing false expression in conditional", detail);
        return condition;
    }
    cursor.read();
    let Ok(no) = parse(cursor) else { return condition };
    let (range, start) = (condition.range.to(no.range), condition.start);
    Expression { kind: Kind::Conditional(Box::new([condition, yes, no])), range, start }
}

/// Operators from the weakest binding to the strongest.
const LEVELS: [&[(TokenKind, BinaryOperator)]; 6] = [
    &[(TokenKind::Or, BinaryOperator::Or)],
    &[(TokenKind::And, BinaryOperator::And)],
    &[(TokenKind::EqualEqual, BinaryOperator::Equal), (TokenKind::NotEqual, BinaryOperator::NotEqual)],
    &[
        (TokenKind::Greater, BinaryOperator::Greater),
        (TokenKind::GreaterEqual, BinaryOperator::GreaterEqual),
        (TokenKind::Less, BinaryOperator::Less),
        (TokenKind::LessEqual, BinaryOperator::LessEqual),
    ],
    &[(TokenKind::Plus, BinaryOperator::Add), (TokenKind::Minus, BinaryOperator::Subtract)],
    &[
        (TokenKind::Star, BinaryOperator::Multiply),
        (TokenKind::Slash, BinaryOperator::Divide),
        (TokenKind::Percent, BinaryOperator::Modulo),
    ],
];

fn binary(cursor: &mut Cursor<'_>, level: usize) -> Expression {
    let Some(operators) = LEVELS.get(level) else { return term_with_steps(cursor) };
    let before = cursor.report.len();
    let mut left = binary(cursor, level + 1);
    while !cursor.failed_since(before) {
        let kind = cursor.peek().kind;
        let Some((_, operator)) = operators.iter().find(|(known, _)| *known == kind) else { break };
        cursor.read();
        let right = binary(cursor, level + 1);
        let (range, start) = (left.range.to(right.range), left.start);
        left = Expression { kind: Kind::Binary(*operator, Box::new([left, right])), range, start };
    }
    left
}

fn term_with_steps(cursor: &mut Cursor<'_>) -> Expression {
    let term = term(cursor);
    steps(cursor, term)
}

fn term(cursor: &mut Cursor<'_>) -> Expression {
    let token = cursor.peek().clone();
    match token.kind {
        TokenKind::OpenParenthesis => parentheses(cursor),
        TokenKind::Number => {
            cursor.read();
            number(cursor, &token)
        }
        TokenKind::Identifier => word(cursor),
        TokenKind::OpenQuote => template::quoted(cursor),
        TokenKind::OpenHeredoc => template::heredoc(cursor),
        TokenKind::OpenBracket => collection::tuple(cursor),
        TokenKind::OpenBrace => collection::object(cursor),
        TokenKind::Minus => unary(cursor, UnaryOperator::Negate),
        TokenKind::Bang => unary(cursor, UnaryOperator::Not),
        TokenKind::Eof => {
            let detail = "Expected the start of an expression, but found the end of the file.";
            cursor.fail(token.range, "Missing expression", detail);
            unreadable(token.range)
        }
        _ => {
            let detail = "Expected the start of an expression, but found an invalid expression token.";
            cursor.fail(token.range, "Invalid expression", detail);
            unreadable(token.range)
        }
    }
}

fn number(cursor: &mut Cursor<'_>, token: &Token) -> Expression {
    let value = match cursor.word(token).parse() {
        Ok(number) => Value::Number(number),
        Err(_) => {
            let detail = "Failed to recognize the value of this number literal.";
            cursor.report.add(token.range, "Invalid number literal", detail);
            Value::Unknown
        }
    };
    literal(value, token.range)
}

fn unary(cursor: &mut Cursor<'_>, operator: UnaryOperator) -> Expression {
    let sign = cursor.read();
    if cursor.depth >= DEEPEST {
        cursor.fail(sign.range, "Unsupported nesting", "Expressions are nested too deeply.");
        return unreadable(sign.range);
    }
    cursor.depth += 1;
    let operand = term_with_steps(cursor);
    cursor.depth -= 1;
    let range = sign.range.to(operand.range);
    Expression { kind: Kind::Unary(operator, Box::new(operand)), range, start: sign.range }
}

fn literal(value: Value, range: Range) -> Expression {
    Expression { kind: Kind::Literal(value), range, start: range }
}

fn parentheses(cursor: &mut Cursor<'_>) -> Expression {
    let open = cursor.read();
    cursor.push_newlines(false);
    let before = cursor.report.len();
    let inner = parse_anyhow(cursor);
    if cursor.report.len() > before {
        cursor.recover(TokenKind::CloseParenthesis);
        cursor.pop_newlines();
        return inner;
    }
    let end = cursor.peek().clone();
    if end.kind != TokenKind::CloseParenthesis {
        let detail = "Expected a closing parenthesis to terminate the expression.";
        cursor.report.add(end.range, "Unbalanced parentheses", detail);
        cursor.recovering = true;
    }
    cursor.read();
    cursor.pop_newlines();
    let range = open.range.to(end.range);
    {
        let start = inner.start;
        Expression { kind: Kind::Parentheses(Box::new(inner)), range, start }
    }
}

/// A word: a literal, a call, or the root of a traversal.
fn word(cursor: &mut Cursor<'_>) -> Expression {
    let token = cursor.read();
    let name = cursor.word(&token);
    if cursor.is(TokenKind::OpenParenthesis) {
        return call(cursor, name.to_owned(), token.range);
    }
    match name {
        "true" => literal(Value::Bool(true), token.range),
        "false" => literal(Value::Bool(false), token.range),
        "null" => literal(Value::Null, token.range),
        _ => Expression {
            kind: Kind::Traversal { root: name.to_owned(), steps: Vec::new() },
            range: token.range,
            start: token.range,
        },
    }
}

fn call(cursor: &mut Cursor<'_>, name: String, name_range: Range) -> Expression {
    let open = cursor.read().range;
    cursor.push_newlines(false);
    let (mut arguments, mut expands) = (Vec::new(), false);
    let close = loop {
        if cursor.is(TokenKind::CloseParenthesis) {
            break cursor.read().range;
        }
        match parse(cursor) {
            Ok(argument) => arguments.push(argument),
            Err(Unreadable) => {
                cursor.recover(TokenKind::CloseParenthesis);
                break cursor.previous();
            }
        }
        let separator = cursor.read();
        match separator.kind {
            TokenKind::CloseParenthesis => break separator.range,
            TokenKind::Comma => continue,
            TokenKind::Ellipsis => {
                expands = true;
                if cursor.is(TokenKind::CloseParenthesis) {
                    break cursor.read().range;
                }
                let detail = "An expanded function argument (with ...) must be immediately followed by closing parentheses.";
                cursor.fail(separator.range, "Missing closing parenthesis", detail);
            }
            TokenKind::Eof => {
                let detail = "There is no closing parenthesis for this function call before the end of the file. This may be caused by incorrect parenthesis nesting elsewhere in this file.";
                cursor.report.add(name_range.to(open), "Unterminated function call", detail);
            }
            _ => {
                let detail = "A comma is required to separate each function argument from the next.";
                cursor.report.add(separator.range, "Missing argument separator", detail);
            }
        }
        cursor.recover(TokenKind::CloseParenthesis);
        break cursor.previous();
    };
    cursor.pop_newlines();
    let kind = Kind::Call { name, name_range, arguments, expands, close };
    Expression { kind, range: name_range.to(close), start: name_range.to(open) }
}

/// What follows a term: `.name`, `.0`, `[key]`, `.*`, `[*]`.
fn steps(cursor: &mut Cursor<'_>, mut source: Expression) -> Expression {
    loop {
        source = match cursor.peek().kind {
            TokenKind::Dot => dot(cursor, source),
            TokenKind::OpenBracket => bracket(cursor, source),
            _ => return source,
        };
    }
}

fn dot(cursor: &mut Cursor<'_>, source: Expression) -> Expression {
    let dot = cursor.read();
    let token = cursor.peek().clone();
    match token.kind {
        TokenKind::Identifier => {
            cursor.read();
            let step = Step::Attribute(cursor.word(&token).to_owned());
            with_step(source, step, dot.range.to(token.range))
        }
        TokenKind::Number => {
            cursor.read();
            let index = legacy_index(cursor, &token, token.range, false);
            with_step(source, Step::Index(index), dot.range.to(token.range))
        }
        TokenKind::Star => {
            cursor.read();
            let steps = splat_steps(cursor, token.range);
            splat(source, steps, dot.range.to(token.range))
        }
        _ => {
            cursor.report.add(token.range, NO_NAME, NAME_REQUIRED);
            cursor.recovering = true;
            source
        }
    }
}

const NO_NAME: &str = "Invalid attribute name";
const NAME_REQUIRED: &str = "An attribute name is required after a dot.";

/// A number after a dot. `told` is where one that cannot be is complained about.
fn legacy_index(cursor: &mut Cursor<'_>, token: &Token, told: Range, in_splat: bool) -> Value {
    let word = cursor.word(token);
    let Some((first, second)) = word.split_once('.') else {
        return word.parse().map_or(Value::Unknown, Value::Number);
    };
    let syntax = if in_splat { " with a full splat expression [*]" } else { "" };
    let detail = format!(
        "When using the legacy index syntax, chaining two indexes together is not permitted. Use the proper index syntax{syntax} instead, like [{first}][{second}]."
    );
    cursor.report.add(told, "Invalid legacy index syntax", detail);
    Value::Unknown
}

/// The names and numbers after `.*`; `star` is its range.
fn splat_steps(cursor: &mut Cursor<'_>, star: Range) -> Vec<(Step, Range)> {
    let mut steps = Vec::new();
    while cursor.is(TokenKind::Dot) {
        let dot = cursor.read();
        let token = cursor.peek().clone();
        let step = match token.kind {
            TokenKind::Identifier => Step::Attribute(cursor.word(&token).to_owned()),
            TokenKind::Number => Step::Index(legacy_index(cursor, &token, star, true)),
            TokenKind::Star => {
                let detail =
                    "A splat expression (*) cannot be used inside another attribute-only splat expression.";
                cursor.fail(token.range, "Nested splat expression not allowed", detail);
                break;
            }
            _ => {
                cursor.fail(star, NO_NAME, NAME_REQUIRED);
                break;
            }
        };
        cursor.read();
        steps.push((step, dot.range.to(token.range)));
    }
    steps
}

fn splat(source: Expression, steps: Vec<(Step, Range)>, marker: Range) -> Expression {
    let end = steps.last().map_or(marker, |(_, range)| *range);
    let range = source.range.to(end);
    Expression { kind: Kind::Splat { source: Box::new(source), steps }, range, start: marker }
}

fn bracket(cursor: &mut Cursor<'_>, source: Expression) -> Expression {
    let open = cursor.read().range;
    if cursor.is(TokenKind::Star) {
        return full_splat(cursor, source, open);
    }
    cursor.push_newlines(false);
    let key = parse(cursor);
    match key {
        Err(Unreadable) => cursor.recover(TokenKind::CloseBracket),
        Ok(_) => {
            close_bracket(
                cursor,
                "Missing close bracket on index",
                "The index operator must end with a closing bracket (\"]\").",
            );
        }
    }
    cursor.pop_newlines();
    let close = cursor.previous();
    let key = key.unwrap_or_else(|Unreadable| unreadable(open));
    let bracket = open.to(close);
    match constant(&key) {
        Some(value) => with_step(source, Step::Index(value), bracket),
        None => {
            let (range, start) = (source.range.to(close), open);
            let kind = Kind::Index { source: Box::new(source), key: Box::new(key), bracket };
            Expression { kind, range, start }
        }
    }
}

/// `[*]` and the steps that follow it.
fn full_splat(cursor: &mut Cursor<'_>, source: Expression, open: Range) -> Expression {
    cursor.read();
    let detail =
        "The star for a full splat operator must be immediately followed by a closing bracket (\"]\").";
    close_bracket(cursor, "Missing close bracket on splat index", detail);
    let marker = open.to(cursor.previous());
    let item = Expression {
        kind: Kind::Traversal { root: String::new(), steps: Vec::new() },
        range: marker,
        start: marker,
    };
    match steps(cursor, item).kind {
        Kind::Traversal { steps, .. } => splat(source, steps, marker),
        _ => {
            cursor.fail(marker, "Unsupported splat", "Only names and written indexes may follow a splat.");
            source
        }
    }
}

fn close_bracket(cursor: &mut Cursor<'_>, summary: &str, detail: &str) {
    let end = cursor.read();
    if end.kind != TokenKind::CloseBracket && !cursor.recovering {
        cursor.recover(TokenKind::CloseBracket);
        // It points to where the search for a bracket ended.
        cursor.report.add(cursor.previous(), summary, detail);
    }
}

/// A key that is written out: a number, or a string without sequences.
fn constant(key: &Expression) -> Option<Value> {
    match &key.kind {
        Kind::Literal(value @ Value::Number(_)) => Some(value.clone()),
        Kind::Template(parts) => match parts.as_slice() {
            [] => Some(Value::String(String::new())),
            [super::ast::Part::Text(text, _)] => Some(Value::String(text.clone())),
            _ => None,
        },
        _ => None,
    }
}

fn with_step(source: Expression, step: Step, step_range: Range) -> Expression {
    let range = source.range.to(step_range);
    match source.kind {
        Kind::Traversal { root, mut steps } => {
            steps.push((step, step_range));
            Expression { kind: Kind::Traversal { root, steps }, range, start: range }
        }
        Kind::Relative { source, mut steps } => {
            steps.push((step, step_range));
            Expression { kind: Kind::Relative { source, steps }, range, start: range }
        }
        _ => {
            let kind = Kind::Relative { source: Box::new(source), steps: vec![(step, step_range)] };
            Expression { kind, range, start: range }
        }
    }
}
