//! Lines: how far they are indented, and what in them is aligned with their neighbours.

use std::ops::Range;

use super::spacing::has_blank;
use super::{Piece, PieceKind};
use crate::syntax::TokenKind;

/// Blanks a level of brackets.
const INDENT: usize = 2;

/// A line, as the numbers of its pieces. A heredoc belongs to the line that opens it.
struct Line {
    /// What it begins with: all but the others.
    lead: Range<usize>,
    /// An equals sign and a whole value.
    assignment: Range<usize>,
    /// A comment behind something.
    comment: Range<usize>,
}

/// Sets the blanks before every piece.
pub(super) fn arrange(pieces: &mut [Piece<'_>]) {
    let lines = lines(pieces);
    indent(pieces, &lines);
    for line in &lines {
        space(pieces, line.lead.clone());
        if !line.assignment.is_empty() {
            pieces[line.assignment.start].blanks = 1;
            space(pieces, line.assignment.clone());
        }
    }
    align(pieces, &lines, |line| line.assignment.clone(), |line| vec![line.lead.clone()]);
    align(
        pieces,
        &lines,
        |line| line.comment.clone(),
        |line| vec![line.lead.clone(), line.assignment.clone()],
    );
}

fn lines(pieces: &[Piece<'_>]) -> Vec<Line> {
    // What ends the file belongs to no line.
    let end = pieces.iter().position(|piece| piece.is(TokenKind::Eof)).unwrap_or(pieces.len());
    let mut lines = Vec::new();
    let mut start = 0;
    for at in 0..end {
        if pieces[at].ends_line() || at + 1 == end {
            lines.push(line(pieces, start..at + 1));
            start = at + 1;
        }
    }
    lines
}

fn line(pieces: &[Piece<'_>], all: Range<usize>) -> Line {
    let mut lead = all;
    let mut comment = lead.end..lead.end;
    if lead.len() > 1 && pieces[lead.end - 1].kind == PieceKind::Comment {
        comment.start -= 1;
        lead.end -= 1;
    }
    let mut assignment = lead.end..lead.end;
    if let Some(equals) = (lead.start + 1..lead.end).find(|at| pieces[*at].is(TokenKind::Equal)) {
        // A value that goes on in the next line is aligned with nothing.
        let nesting: isize = pieces[equals..lead.end].iter().map(Piece::nesting).sum();
        if nesting == 0 {
            assignment.start = equals;
            lead.end = equals;
        }
    }
    Line { lead, assignment, comment }
}

/// A line that opens brackets moves those behind it, once however many it opens.
fn indent(pieces: &mut [Piece<'_>], lines: &[Line]) {
    let mut opened: Vec<isize> = Vec::new();
    for line in lines {
        let first = line.lead.start;
        if line.lead.is_empty() || pieces[first].is(TokenKind::Newline) {
            pieces[first].blanks = 0;
            continue;
        }
        let lead = &pieces[line.lead.clone()];
        let until = lead.iter().position(|piece| piece.is(TokenKind::OpenHeredoc)).unwrap_or(lead.len());
        let counted = lead[..until].iter().chain(&pieces[line.assignment.clone()]);
        let nesting: isize = counted.map(Piece::nesting).sum();
        close(&mut opened, -nesting);
        pieces[first].blanks = INDENT * opened.len();
        if nesting > 0 {
            opened.push(nesting);
        }
    }
}

/// Takes back what `closed` brackets had moved.
fn close(opened: &mut Vec<isize>, mut closed: isize) {
    while closed > 0
        && let Some(last) = opened.last_mut()
    {
        if closed < *last {
            *last -= closed;
            return;
        }
        closed -= *last;
        opened.pop();
    }
}

/// Sets the blanks between the pieces of a part of a line.
fn space(pieces: &mut [Piece<'_>], part: Range<usize>) {
    let nothing = Piece { kind: PieceKind::Nothing, text: "", blanks: 0 };
    for at in part.start..part.end.saturating_sub(1) {
        let before = if at == part.start { &nothing } else { &pieces[at - 1] };
        pieces[at + 1].blanks = usize::from(has_blank(before, &pieces[at], &pieces[at + 1]));
    }
}

/// Moves a cell of lines that follow each other and have one to the same column.
fn align(
    pieces: &mut [Piece<'_>],
    lines: &[Line],
    cell: impl Fn(&Line) -> Range<usize>,
    before: impl Fn(&Line) -> Vec<Range<usize>>,
) {
    let width = |pieces: &[Piece<'_>], line: &Line| -> usize {
        let before = before(line);
        let all = before.iter().flat_map(|part| &pieces[part.clone()]);
        all.map(|piece| piece.blanks + piece.text.chars().count()).sum()
    };
    for chain in lines.chunk_by(|line, next| !cell(line).is_empty() && !cell(next).is_empty()) {
        if cell(&chain[0]).is_empty() {
            continue;
        }
        let widest = chain.iter().map(|line| width(pieces, line)).max().unwrap_or_default();
        for line in chain {
            pieces[cell(line).start].blanks = widest - width(pieces, line) + 1;
        }
    }
}
