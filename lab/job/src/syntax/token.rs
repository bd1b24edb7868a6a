//! The words of the language.

use crate::diagnostic::Range;

/// A word of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) range: Range,
}

/// What kind of word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Identifier,
    Number,
    OpenQuote,
    CloseQuote,
    /// A stretch of text in a quoted template.
    QuotedText,
    /// A newline where a quoted template may have none.
    QuotedNewline,
    OpenHeredoc,
    CloseHeredoc,
    /// A line of a heredoc, or a part of one.
    HeredocText,
    /// `${` or `${~`
    Interpolation,
    /// `%{` or `%{~`
    Directive,
    /// `}` or `~}` at the end of either.
    SequenceEnd,
    Newline,
    Eof,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    OpenParenthesis,
    CloseParenthesis,
    Comma,
    Dot,
    Ellipsis,
    Colon,
    Question,
    Equal,
    FatArrow,
    EqualEqual,
    NotEqual,
    Bang,
    And,
    Or,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// `'`
    Apostrophe,
    /// `` ` ``
    Backquote,
    /// `&` alone.
    BitwiseAnd,
    /// `|` alone.
    BitwiseOr,
    /// `~`
    BitwiseNot,
    /// `^`
    BitwiseXor,
    /// `;`
    Semicolon,
    /// Anything else.
    Invalid,
}

impl TokenKind {
    /// What is said of a word that the language does not have: summary and detail.
    pub(super) fn complaint(self, word: &str) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Apostrophe => (
                "Invalid character",
                "Single quotes are not valid. Use double quotes (\") to enclose strings.",
            ),
            Self::Backquote => (
                "Invalid character",
                "The \"`\" character is not valid. To create a multi-line string, use the \"heredoc\" syntax, like \"<<EOT\".",
            ),
            Self::BitwiseAnd => (
                "Unsupported operator",
                "Bitwise operators are not supported. Did you mean boolean AND (\"&&\")?",
            ),
            Self::BitwiseOr => (
                "Unsupported operator",
                "Bitwise operators are not supported. Did you mean boolean OR (\"||\")?",
            ),
            Self::BitwiseNot => (
                "Unsupported operator",
                "Bitwise operators are not supported. Did you mean boolean NOT (\"!\")?",
            ),
            Self::BitwiseXor => ("Unsupported operator", "Bitwise operators are not supported."),
            Self::Semicolon => (
                "Invalid character",
                "The \";\" character is not valid. Use newlines to separate arguments and blocks, and commas to separate items in collection values.",
            ),
            Self::Invalid if matches!(word, "\u{201c}" | "\u{201d}") => (
                "Invalid character",
                "\"Curly quotes\" are not valid here. These can sometimes be inadvertently introduced when sharing code via documents or discussion forums. It might help to replace the character with a \"straight quote\".",
            ),
            Self::Invalid => ("Invalid character", "This character is not used within the language."),
            Self::QuotedNewline => (
                "Invalid multi-line string",
                "Quoted strings may not be split over multiple lines. To produce a multi-line string, either use the \\n escape to represent a newline character or use the \"heredoc\" multi-line template syntax.",
            ),
            _ => return None,
        })
    }
}
