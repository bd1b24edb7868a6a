//! What is wrong with a file, and how it is shown.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::Span;

/// Something wrong at a place in a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Diagnostic {
    /// What is wrong. A syntax error of HCL1 is in the real parser's words: `At 1:8: literal not terminated`.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to say right under the place.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// A problem at a place, and nothing more.
    pub fn new(message: impl Into<String>, span: Span) -> Self {
        Self { message: message.into(), span, label: None, help: None, notes: Vec::new() }
    }

    /// Adds what to say right under the place.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds something worth knowing.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// A text with the name that messages call it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Usually the path of the file.
    pub name: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// A text called `name`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Line and column of a byte, both from 1; the column counts characters. Beyond the end it is the end.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = floor(&self.text, offset);
        let before = &self.text[..offset];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before[start..].chars().count() + 1)
    }
}

/// Shows `diagnostic` under the line of `source` it speaks of, with file, line and column, for a terminal of 80
/// columns; with colours where `color` is set. Ends without a newline.
pub fn render(source: &Source, diagnostic: &Diagnostic, color: bool) -> String {
    let start = floor(&source.text, diagnostic.span.start);
    let end = floor(&source.text, diagnostic.span.end).max(start);
    let primary = AnnotationKind::Primary.span(start..end).label(diagnostic.label.as_deref());
    let snippet = Snippet::source(&source.text).path(&source.name).annotation(primary);
    let mut group = Level::ERROR.primary_title(&diagnostic.message).element(snippet);
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.term_width(80).render(&[group])
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_shows_file_line_column_and_caret() {
        let source = Source::new("plan.lab.hcl", "scenario \"s\" {\n  sevrers = 3\n}\n");
        let diagnostic = Diagnostic::new("unknown attribute `sevrers`", Span::new(17, 24))
            .with_label("not known here")
            .with_note("known here: clients, servers")
            .with_help("did you mean `servers`?");
        assert_eq!(
            render(&source, &diagnostic, false),
            "error: unknown attribute `sevrers`\n \
             --> plan.lab.hcl:2:3\n  |\n\
             2 |   sevrers = 3\n  |   ^^^^^^^ not known here\n  |\n  \
             = note: known here: clients, servers\n  \
             = help: did you mean `servers`?"
        );
        assert!(render(&source, &diagnostic, true).contains("\u{1b}["));
    }

    #[test]
    fn places_outside_the_text_are_shown_at_its_end() {
        let source = Source::new("x", "é");
        let shown = render(&source, &Diagnostic::new("early end", Span::new(90, 95)), false);
        assert!(shown.contains("x:1:2"), "{shown}");
        assert_eq!(source.position(1), (1, 1), "the middle of a character is its beginning");
        let empty = render(&Source::new("x", ""), &Diagnostic::new("nothing here", Span::new(0, 0)), false);
        assert!(empty.contains("nothing here"), "{empty}");
    }
}
