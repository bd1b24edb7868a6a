//! Problems of a job file in the words and with the places of the real program.

use std::fmt;

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The byte in the text, from 0.
    pub byte: usize,
}

/// From a place to the one after the last character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first character's place.
    pub start: Position,
    /// The place after the last character.
    pub end: Position,
}

impl Range {
    /// From the beginning of this one to the end of `other`.
    pub(crate) const fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// The empty range at its beginning.
    pub(crate) const fn at_start(self) -> Self {
        Self { start: self.start, end: self.start }
    }
}

impl fmt::Display for Range {
    /// `1,9-10` on one line, `19,23-20,1` over several.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end } = self;
        write!(f, "{},{}-", start.line, start.column)?;
        if start.line != end.line {
            write!(f, "{},", end.line)?;
        }
        write!(f, "{}", end.column)
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file it is in; `None` where it is in no place of any file.
    pub place: Option<(String, Range)>,
    /// What it is, in a few words.
    pub summary: String,
    /// All about it.
    pub detail: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((file, range)) => write!(f, "{file}:{range}: ")?,
            None => f.write_str("<nil>: ")?,
        }
        write!(f, "{}; {}", self.summary, self.detail)
    }
}

/// Everything that is wrong with a job file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    pub(crate) list: Vec<Diagnostic>,
    /// They are told in short: of a text that could not be read at all, and of values that nothing describes.
    pub(crate) syntax: bool,
    /// What could not be read, if it is not the job file.
    pub(crate) of: Option<&'static str>,
}

impl Problems {
    /// The problems, in the order in which they were found.
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }
}

impl fmt::Display for Problems {
    /// The first problem and how many follow, where they are told in short; otherwise all, a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(of) = self.of {
            write!(f, "unable to parse {of}: ")?;
        }
        match self.list.as_slice() {
            [first, rest @ ..] if self.syntax && !rest.is_empty() => {
                write!(f, "{first}, and {} other diagnostic(s)", rest.len())
            }
            list => {
                for (number, problem) in list.iter().enumerate() {
                    let line = if number == 0 { "" } else { "\n" };
                    write!(f, "{line}{problem}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Problems {}

/// Collects the problems of one file.
#[derive(Debug)]
pub(crate) struct Report {
    file: String,
    pub(crate) list: Vec<Diagnostic>,
    /// What is told only if there is nothing else.
    put_off: Vec<Diagnostic>,
    /// What is told along with what is wrong.
    warnings: Vec<Diagnostic>,
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), list: Vec::new(), put_off: Vec::new(), warnings: Vec::new() }
    }

    pub(crate) fn add(&mut self, range: Range, summary: &str, detail: impl Into<String>) {
        let place = Some((self.file.clone(), range));
        self.list.push(Diagnostic { place, summary: summary.to_owned(), detail: detail.into() });
    }

    /// Adds a problem before those that came after the first `at`.
    pub(crate) fn insert(&mut self, at: usize, range: Range, summary: &str, detail: impl Into<String>) {
        self.add(range, summary, detail);
        self.list[at..].rotate_right(1);
    }

    /// A problem that is in no one place.
    pub(crate) fn add_anywhere(&mut self, summary: &str, detail: impl Into<String>) {
        self.list.push(Diagnostic { place: None, summary: summary.to_owned(), detail: detail.into() });
    }

    /// The file's name.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// A place for use inside a text: `x.hcl:2,2-8`.
    pub(crate) fn place(&self, range: Range) -> String {
        format!("{}:{range}", self.file)
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Takes all but the first `length` out.
    pub(crate) fn split_off(&mut self, length: usize) -> Vec<Diagnostic> {
        self.list.split_off(length)
    }

    /// Sets everything but the first `length` aside: it is told if there is nothing else.
    pub(crate) fn put_off(&mut self, length: usize) {
        self.put_off.extend(self.list.drain(length..));
    }

    /// Something that is no fault, but told along with those that are; it is in no one place.
    pub(crate) fn warn(&mut self, summary: &str, detail: impl Into<String>) {
        self.warnings.push(Diagnostic { place: None, summary: summary.to_owned(), detail: detail.into() });
    }

    /// Everything that another one has, with the name of its own file.
    pub(crate) fn take_over(&mut self, other: Self) {
        self.list.extend(other.list);
        self.warnings.extend(other.warnings);
    }

    /// Everything that is wrong; `None` if nothing is.
    pub(crate) fn problems(self) -> Option<Problems> {
        let Self { list, put_off, mut warnings, .. } = self;
        let syntax = list.is_empty();
        let list = if syntax { put_off } else { list };
        (!list.is_empty()).then(|| {
            warnings.extend(list);
            Problems { list: warnings, syntax, of: None }
        })
    }

    /// Forgets all but the first `length`.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.list.truncate(length);
    }
}
