//! The canonical form of a file: indentation, blanks, and equals signs and comments one below the other.
//!
//! Only blanks change. The rules are those of HCL's own writer.

mod layout;
mod spacing;

use crate::diagnostic::{Problems, Report};
use crate::syntax::{self, Token, TokenKind};

/// A text in canonical form, whatever its blocks mean: job files, variable files, agents' configurations.
///
/// Errors: what keeps it from being read; `name` is the file's in them.
pub fn format(name: &str, text: &str) -> Result<String, Problems> {
    let mut report = Report::new(name);
    syntax::parse(text, &mut report);
    if report.len() > 0 {
        return Err(Problems { list: report.list, syntax: true, of: None });
    }
    let mut pieces = pieces(text, &syntax::scan(text));
    layout::arrange(&mut pieces);
    let mut formatted = String::with_capacity(text.len());
    for piece in &pieces {
        formatted.extend(std::iter::repeat_n(' ', piece.blanks));
        formatted.push_str(piece.text);
    }
    Ok(formatted)
}

/// A word or a comment, and how many blanks stand before it.
#[derive(Clone, Debug)]
struct Piece<'a> {
    kind: PieceKind,
    text: &'a str,
    blanks: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PieceKind {
    Word(TokenKind),
    /// A comment; with its newline where it goes to the end of its line.
    Comment,
    /// Nothing, beyond either end of a line.
    Nothing,
}

impl Piece<'_> {
    fn is(&self, kind: TokenKind) -> bool {
        self.kind == PieceKind::Word(kind)
    }

    fn ends_line(&self) -> bool {
        self.is(TokenKind::Newline) || self.kind == PieceKind::Comment && self.text.ends_with('\n')
    }

    /// How it changes the depth of brackets.
    fn nesting(&self) -> isize {
        let PieceKind::Word(kind) = self.kind else { return 0 };
        match kind {
            TokenKind::OpenBrace
            | TokenKind::OpenBracket
            | TokenKind::OpenParenthesis
            | TokenKind::Interpolation
            | TokenKind::Directive => 1,
            TokenKind::CloseBrace
            | TokenKind::CloseBracket
            | TokenKind::CloseParenthesis
            | TokenKind::SequenceEnd => -1,
            _ => 0,
        }
    }
}

/// The words of a text, and the comments that stand between them.
fn pieces<'a>(text: &'a str, tokens: &[Token]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for token in tokens {
        let (start, mut end) = (token.range.start.byte, token.range.end.byte);
        let mut blanks = 0;
        while at < start {
            let rest = &text[at..start];
            let comment = if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |close| close + 2)
            } else if rest.starts_with('#') || rest.starts_with("//") {
                rest.len()
            } else {
                blanks += 1;
                at += 1;
                continue;
            };
            // The newline behind it belongs to it.
            if comment == rest.len() && !rest.starts_with("/*") && token.kind == TokenKind::Newline {
                pieces.push(Piece { kind: PieceKind::Comment, text: &text[at..end], blanks });
                at = end;
                break;
            }
            pieces.push(Piece { kind: PieceKind::Comment, text: &text[at..at + comment], blanks });
            at += comment;
            blanks = 0;
        }
        end = end.max(at);
        if at < end || token.kind == TokenKind::Eof {
            pieces.push(Piece { kind: PieceKind::Word(token.kind), text: &text[at..end], blanks });
        }
        at = end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_change() {
        let text = "job \"a\" {\ntype=\"batch\"   # why\n  datacenters   = [ \"x\",\"y\" ]// there\n\n\n/* b */ group \"g\" {\n\
                    count=-1\nmeta = {\na = \"${ b }\"\nlonger=upper( \"c\" )\n}\n data = <<-EOT\n  as it is {\n  EOT\n}\n}";
        let wanted = "job \"a\" {\n  type        = \"batch\"    # why\n  datacenters = [\"x\", \"y\"] // there\n\n\n  \
                      /* b */ group \"g\" {\n    count = -1\n    meta = {\n      a      = \"${b}\"\n      longer = \
                      upper(\"c\")\n    }\n    data = <<-EOT\n  as it is {\n  EOT\n  }\n}";
        let formatted = format("a.nomad", text).expect("well formed");
        assert_eq!(formatted, wanted);
        assert_eq!(format("a.nomad", &formatted).as_deref(), Ok(wanted));
        let squeeze = |text: &str| text.replace([' ', '\t'], "");
        assert_eq!(squeeze(&formatted), squeeze(text));
    }

    #[test]
    fn what_cannot_be_read_stays() {
        let problems = format("a.nomad", "a = {\n").expect_err("cut off");
        assert!(problems.to_string().starts_with("a.nomad:"), "{problems}");
    }
}
