//! Quoted strings and heredocs, with their sequences.

use super::ast::{Expression, Kind, Part};
use super::cursor::{Cursor, DEEPEST};
use super::escape::unescape;
use super::token::TokenKind;
use super::{collection, expression};
use crate::diagnostic::Range;

/// `"text ${sequence}"`
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Expression {
    template(cursor, TokenKind::CloseQuote)
}

/// `<<EOT` or, with the indentation taken away, `<<-EOT`.
pub(super) fn heredoc(cursor: &mut Cursor<'_>) -> Expression {
    template(cursor, TokenKind::CloseHeredoc)
}

fn template(cursor: &mut Cursor<'_>, end: TokenKind) -> Expression {
    let open = cursor.read();
    let flush = cursor.word(&open).starts_with("<<-");
    let mut parts = pieces(cursor, end);
    if flush {
        flush_left(&mut parts);
    }
    trim(&mut parts);
    finish(cursor, parts, open.range.to(cursor.previous()))
}

/// A piece of a template, before directives are put together.
enum Piece {
    Text(String, Range),
    Interpolation(Expression),
    If(Expression, Range),
    Else(Range),
    EndIf(Range),
    For {
        key_name: Option<String>,
        value_name: String,
        source: Expression,
        range: Range,
    },
    EndFor(Range),
    /// `~` on the left of a sequence: white space before it goes.
    TrimBefore,
    /// `~` on its right.
    TrimAfter,
}

fn pieces(cursor: &mut Cursor<'_>, end: TokenKind) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let first = cursor.peek().range;
    loop {
        let token = cursor.read();
        match token.kind {
            kind if kind == end => return pieces,
            TokenKind::QuotedText => pieces.push(Piece::Text(unescape(cursor, &token, true), token.range)),
            TokenKind::HeredocText => pieces.push(Piece::Text(unescape(cursor, &token, false), token.range)),
            TokenKind::Interpolation | TokenKind::Directive => {
                if cursor.word(&token).ends_with('~') {
                    pieces.push(Piece::TrimBefore);
                }
                cursor.push_newlines(false);
                let trims = if token.kind == TokenKind::Interpolation {
                    pieces.push(Piece::Interpolation(expression::parse_anyhow(cursor)));
                    end_of_interpolation(cursor, first, end)
                } else {
                    directive(cursor, token.range, &mut pieces)
                };
                cursor.pop_newlines();
                pieces.extend(trims.then_some(Piece::TrimAfter));
            }
            _ => {
                cursor.fail(
                    token.range,
                    "Unterminated template string",
                    "No closing marker was found for the string.",
                );
                cursor.recover(end);
                return pieces;
            }
        }
    }
}

/// Goes behind the closing brace, and says whether it is `~}`. `first` is the first word of the template, which ends
/// with `end`.
fn end_of_interpolation(cursor: &mut Cursor<'_>, first: Range, end: TokenKind) -> bool {
    let token = cursor.peek().clone();
    let (range, summary, detail) = match token.kind {
        TokenKind::SequenceEnd => {
            cursor.read();
            return cursor.word(&token).starts_with('~');
        }
        TokenKind::Eof => (
            first,
            "Unclosed template interpolation sequence",
            "There is no closing brace for this interpolation sequence before the end of the file. This might be caused by incorrect nesting inside the given expression.",
        ),
        TokenKind::Colon => (
            token.range,
            "Extra characters after interpolation expression",
            "Template interpolation doesn't expect a colon at this location. Did you intend this to be a literal sequence to be processed as part of another language? If so, you can escape it by starting with \"$${\" instead of just \"${\".",
        ),
        TokenKind::CloseQuote | TokenKind::OpenQuote if end == TokenKind::CloseQuote => (
            first,
            "Unclosed template interpolation sequence",
            "There is no closing brace for this interpolation sequence before the end of the quoted template. This might be caused by incorrect nesting inside the given expression.",
        ),
        _ => (
            token.range,
            "Extra characters after interpolation expression",
            "Expected a closing brace to end the interpolation expression, but found extra characters.\n\nThis can happen when you include interpolation syntax for another language, such as shell scripting, but forget to escape the interpolation start token. If this is an embedded sequence for another language, escape it by starting with \"$${\" instead of just \"${\".",
        ),
    };
    cursor.fail(range, summary, detail);
    cursor.recover(TokenKind::SequenceEnd);
    false
}

/// Reads a directive and goes behind its closing brace; whether that is `~}`.
fn directive(cursor: &mut Cursor<'_>, open: Range, pieces: &mut Vec<Piece>) -> bool {
    let Some((word, piece)) = directive_parts(cursor, open) else {
        cursor.recover(TokenKind::SequenceEnd);
        return false;
    };
    let token = cursor.peek().clone();
    pieces.push(with_range(piece, open.to(token.range)));
    if token.kind == TokenKind::SequenceEnd {
        cursor.read();
        return cursor.word(&token).starts_with('~');
    }
    let detail = "Expected a closing brace to end the sequence, but found extra characters.";
    cursor.fail(token.range, &format!("Extra characters in {word} marker"), detail);
    cursor.recover(TokenKind::SequenceEnd);
    false
}

/// Directives are known by the whole of their sequence.
fn with_range(piece: Piece, range: Range) -> Piece {
    match piece {
        Piece::If(condition, _) => Piece::If(condition, range),
        Piece::Else(_) => Piece::Else(range),
        Piece::EndIf(_) => Piece::EndIf(range),
        Piece::EndFor(_) => Piece::EndFor(range),
        Piece::For { key_name, value_name, source, .. } => Piece::For { key_name, value_name, source, range },
        other => other,
    }
}

/// What stands in a directive: its keyword, and what it means. `None` where nothing sound does.
fn directive_parts<'a>(cursor: &mut Cursor<'a>, range: Range) -> Option<(&'a str, Piece)> {
    const WORDS: [&str; 5] = ["if", "for", "else", "endif", "endfor"];
    let token = cursor.peek().clone();
    if token.kind != TokenKind::Identifier {
        let detail = "A template directive keyword (\"if\", \"for\", etc) is expected at the beginning of a %{ sequence.";
        cursor.fail(token.range, "Invalid template directive", detail);
        return None;
    }
    cursor.read();
    let word = cursor.word(&token);
    let piece = match word {
        "if" => Piece::If(expression::parse_anyhow(cursor), range),
        "else" => Piece::Else(range),
        "endif" => Piece::EndIf(range),
        "endfor" => Piece::EndFor(range),
        "for" => {
            let (key_name, value_name) = collection::iterator_names(cursor, &collection::FOR_DIRECTIVE)?;
            let source = expression::parse_anyhow(cursor);
            Piece::For { key_name, value_name, source, range }
        }
        other => {
            let hint = crate::decode::suggestion(other, WORDS.into_iter());
            let detail = format!("\"{other}\" is not a valid template control keyword.{hint}");
            cursor.fail(token.range, "Invalid template control keyword", &detail);
            return None;
        }
    };
    Some((word, piece))
}

/// Takes the indentation that all lines have from them.
fn flush_left(pieces: &mut [Piece]) {
    let indentation = |text: &str| text.len() - text.trim_start_matches([' ', '\t']).len();
    let begins = |range: &Range| range.start.column == 1;
    let least = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Text(text, range) if begins(range) && !text.trim().is_empty() => Some(indentation(text)),
            Piece::Text(text, range) if begins(range) && !text.ends_with('\n') => Some(indentation(text)),
            _ => None,
        })
        .min()
        .unwrap_or(0);
    for piece in pieces {
        if let Piece::Text(text, range) = piece
            && begins(range)
        {
            let cut = indentation(text).min(least);
            text.drain(..cut);
            range.start.column += cut;
            range.start.byte += cut;
        }
    }
}

/// Takes white space away where `~` says so.
fn trim(pieces: &mut Vec<Piece>) {
    for at in 0..pieces.len() {
        match pieces[at] {
            Piece::TrimBefore if at > 0 => {
                if let Piece::Text(text, _) = &mut pieces[at - 1] {
                    text.truncate(text.trim_end().len());
                }
            }
            Piece::TrimAfter => {
                if let Some(Piece::Text(text, _)) = pieces.get_mut(at + 1) {
                    *text = text.trim_start().to_owned();
                }
            }
            _ => {}
        }
    }
    pieces.retain(|piece| !matches!(piece, Piece::TrimBefore | Piece::TrimAfter));
}

fn finish(cursor: &mut Cursor<'_>, pieces: Vec<Piece>, range: Range) -> Expression {
    let end = cursor.previous();
    let mut pieces = pieces.into_iter().peekable();
    let mut parts = Vec::new();
    while pieces.peek().is_some() {
        parts.push(part(cursor, &mut pieces, end));
    }
    let mut parts = join(parts);
    let start = match parts.first() {
        Some(Part::Text(_, range)) => *range,
        Some(Part::Interpolation(expression) | Part::If(expression, ..)) => expression.start,
        _ => Range { start: range.end, ..range },
    };
    if matches!(parts.as_slice(), [Part::Interpolation(_)])
        && let Some(Part::Interpolation(inner)) = parts.pop()
    {
        return Expression { kind: Kind::Wrap(Box::new(inner)), range, start: range };
    }
    Expression { kind: Kind::Template(parts), range, start }
}

/// Neighbouring texts are one.
fn join(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        if let (Some(Part::Text(text, range)), Part::Text(more, end)) = (joined.last_mut(), &part) {
            text.push_str(more);
            *range = range.to(*end);
            continue;
        }
        joined.push(part);
    }
    joined
}

type Pieces = std::iter::Peekable<std::vec::IntoIter<Piece>>;

/// The next part of the tree: a piece, or a directive with all that belongs to it. `end` is the end of the template.
fn part(cursor: &mut Cursor<'_>, pieces: &mut Pieces, end: Range) -> Part {
    let nothing = Part::Text(String::new(), end);
    let Some(piece) = pieces.next() else { return nothing };
    if cursor.depth >= DEEPEST {
        cursor.fail(end, "Unsupported nesting", "Template directives are nested too deeply.");
        return nothing;
    }
    cursor.depth += 1;
    let part = match piece {
        Piece::Text(text, range) => Some(Part::Text(text, range)),
        Piece::Interpolation(expression) => Some(Part::Interpolation(expression)),
        Piece::If(condition, range) => {
            branches(cursor, pieces, range, end).map(|(yes, no)| Part::If(condition, join(yes), join(no)))
        }
        Piece::For { key_name, value_name, source, range } => repeated(cursor, pieces, range, end)
            .map(|body| Part::For { key_name, value_name, source, body: join(body) }),
        Piece::Else(range) => unexpected(cursor, "else", range, UNBALANCED),
        Piece::EndIf(range) => unexpected(cursor, "endif", range, UNBALANCED),
        Piece::EndFor(range) => unexpected(cursor, "endfor", range, UNBALANCED),
        Piece::TrimBefore | Piece::TrimAfter => None,
    };
    cursor.depth -= 1;
    part.unwrap_or(nothing)
}

const UNBALANCED: &str = "The control directives within this template are unbalanced.";

fn unexpected<T>(cursor: &mut Cursor<'_>, word: &str, range: Range, detail: &str) -> Option<T> {
    cursor.report.add(range, &format!("Unexpected {word} directive"), detail);
    None
}

/// What stands between `if` and `else`, and between that and `endif`.
fn branches(
    cursor: &mut Cursor<'_>,
    pieces: &mut Pieces,
    open: Range,
    end: Range,
) -> Option<(Vec<Part>, Vec<Part>)> {
    let (mut yes, mut no, mut in_else) = (Vec::new(), Vec::new(), false);
    loop {
        match pieces.peek() {
            None => return unclosed(cursor, "if", open, end),
            Some(Piece::Else(_)) if !in_else => {
                in_else = true;
                pieces.next();
            }
            Some(Piece::Else(range)) => {
                let range = *range;
                pieces.next();
                let place = cursor.report.place(open);
                let detail = format!("Already in the else clause for the if started at {place}.");
                return unexpected(cursor, "else", range, &detail);
            }
            Some(Piece::EndIf(_)) => {
                pieces.next();
                return Some((yes, no));
            }
            Some(Piece::EndFor(range)) => {
                let range = *range;
                pieces.next();
                let place = cursor.report.place(open);
                let detail = format!("Expecting an endif directive for the if started at {place}.");
                return unexpected(cursor, "endfor", range, &detail);
            }
            Some(_) => if in_else { &mut no } else { &mut yes }.push(part(cursor, pieces, end)),
        }
    }
}

/// What stands between `for` and `endfor`.
fn repeated(cursor: &mut Cursor<'_>, pieces: &mut Pieces, open: Range, end: Range) -> Option<Vec<Part>> {
    let mut body = Vec::new();
    loop {
        match pieces.peek() {
            None => return unclosed(cursor, "for", open, end),
            Some(Piece::Else(range)) => {
                let range = *range;
                pieces.next();
                let detail = "An else clause is not expected for a for directive.";
                return unexpected(cursor, "else", range, detail);
            }
            Some(Piece::EndFor(_)) => {
                pieces.next();
                return Some(body);
            }
            Some(Piece::EndIf(range)) => {
                let range = *range;
                pieces.next();
                let place = cursor.report.place(open);
                let detail =
                    format!("Expecting an endfor directive corresponding to the for directive at {place}.");
                return unexpected(cursor, "endif", range, &detail);
            }
            Some(_) => body.push(part(cursor, pieces, end)),
        }
    }
}

fn unclosed<T>(cursor: &mut Cursor<'_>, kind: &str, open: Range, end: Range) -> Option<T> {
    let place = cursor.report.place(open);
    let detail = format!("The {kind} directive at {place} is missing its corresponding end{kind} directive.");
    cursor.report.add(end, "Unexpected end of template", detail);
    None
}
