//! Whether a blank stands between two pieces of a line.

use super::{Piece, PieceKind};
use crate::syntax::TokenKind as Kind;

/// Whether there is a blank behind `this`, which stands between `before` and `after`.
pub(super) fn has_blank(before: &Piece<'_>, this: &Piece<'_>, after: &Piece<'_>) -> bool {
    if after.is(Kind::Newline) || after.kind == PieceKind::Nothing {
        return false;
    }
    if is_joined(this, after) {
        return false;
    }
    if this.is(Kind::Comma) {
        return true;
    }
    if is_in_template(this, after) {
        return false;
    }
    // `for x in [a]` is no index into `in`.
    if this.is(Kind::Identifier) && this.text == "in" && before.is(Kind::Identifier) {
        return true;
    }
    let is_indexed = this.is(Kind::Identifier) || this.is(Kind::Number) || this.nesting() < 0;
    if after.is(Kind::OpenBracket) && is_indexed || this.is(Kind::Bang) {
        return false;
    }
    if this.is(Kind::Minus) {
        return !is_sign(before);
    }
    if this.is(Kind::OpenBrace) || after.is(Kind::CloseBrace) {
        return !(this.is(Kind::OpenBrace) && after.is(Kind::CloseBrace));
    }
    let is_sequence = |piece: &Piece<'_>| piece.is(Kind::Interpolation) || piece.is(Kind::Directive);
    if is_sequence(this) && after.is(Kind::OpenBrace)
        || this.is(Kind::CloseBrace) && after.is(Kind::SequenceEnd)
    {
        return true;
    }
    if this.is(Kind::SequenceEnd) && is_sequence(after) {
        return false;
    }
    this.nesting() <= 0 && after.nesting() >= 0
}

/// A call's parenthesis, a dot, and what never has a blank before it.
fn is_joined(this: &Piece<'_>, after: &Piece<'_>) -> bool {
    this.is(Kind::Identifier) && after.is(Kind::OpenParenthesis)
        || this.is(Kind::Dot)
        || [Kind::Dot, Kind::Comma, Kind::Ellipsis].iter().any(|kind| after.is(*kind))
}

/// Blanks in a template are its own.
fn is_in_template(this: &Piece<'_>, after: &Piece<'_>) -> bool {
    let is_text = |piece: &Piece<'_>| piece.is(Kind::QuotedText) || piece.is(Kind::HeredocText);
    is_text(this)
        || is_text(after)
        || this.is(Kind::OpenQuote)
        || this.is(Kind::OpenHeredoc)
        || after.is(Kind::CloseQuote)
        || after.is(Kind::CloseHeredoc)
}

/// Whether a minus behind this is a sign, and not an operator.
fn is_sign(before: &Piece<'_>) -> bool {
    let PieceKind::Word(kind) = before.kind else { return before.kind == PieceKind::Nothing };
    matches!(
        kind,
        Kind::OpenParenthesis
            | Kind::OpenBrace
            | Kind::OpenBracket
            | Kind::Equal
            | Kind::Colon
            | Kind::Comma
            | Kind::Question
            | Kind::Plus
            | Kind::Star
            | Kind::Slash
            | Kind::Percent
            | Kind::Minus
            | Kind::EqualEqual
            | Kind::NotEqual
            | Kind::Greater
            | Kind::GreaterEqual
            | Kind::Less
            | Kind::LessEqual
            | Kind::And
            | Kind::Or
            | Kind::Bang
    )
}
