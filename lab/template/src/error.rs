//! What can be wrong with a template.

/// Why a template could not be parsed or executed; displays as Go says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not parse: `template: web:1: unexpected {{end}}`
    #[error("template: {template}:{line}: {message}")]
    Parse {
        /// The template's name.
        template: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// It parsed, and failed at a place: `template: web:1:9: executing "web" at <.Data.foo>: map has no entry for key
    /// "foo"`
    #[error("template: {template}:{line}:{column}: executing {executing} at <{context}>: {message}")]
    Execute {
        /// The name it was parsed under.
        template: String,
        /// The line, from 1.
        line: usize,
        /// The byte in the line, from 0.
        column: usize,
        /// The definition being executed, in quotes.
        executing: String,
        /// The piece of the template.
        context: String,
        /// What is wrong.
        message: String,
    },
}
