//! What is wrong, where, and what to do about it.

use std::fmt;
use std::sync::Arc;

use lab_hcl::{Source, Span};

use crate::catalogue::{self, Rule};

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// It will hurt one day.
    Warning,
    /// It does not work, or it protects nothing.
    Critical,
}

impl Severity {
    /// As it is written: `information`, `warning`, `critical`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity written as `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Information, Self::Warning, Self::Critical]
            .into_iter()
            .find(|severity| severity.name() == name)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place in a file of the user, and what to say under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// Where in it.
    pub span: Span,
    /// What stands there, or what it leads to.
    pub label: String,
}

impl Place {
    /// Line and column, both from 1.
    pub fn position(&self) -> (usize, usize) {
        self.source.position(self.span.start)
    }
}

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad this case of it is.
    pub severity: Severity,
    /// The node it is about; none where it is about several, or about Vault.
    pub node: Option<String>,
    /// What was seen.
    pub message: String,
    /// Where; none where it is about no file.
    pub place: Option<Place>,
    /// Other places that belong to it.
    pub related: Vec<Place>,
    /// What to do in this case, as text to paste where that is possible.
    pub fix: String,
    /// Why it was allowed, where it was.
    pub allowed: Option<String>,
}

impl Finding {
    /// A finding of the rule `code` with the catalogue's severity and fix.
    ///
    /// Panics: a code that is not in the catalogue, which a test of all rules would show.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        let rule =
            catalogue::rule(code).expect("every rule has an entry in the catalogue, which a test checks");
        Self {
            rule,
            severity: rule.severity,
            node: None,
            message: message.into(),
            place: None,
            related: Vec::new(),
            fix: rule.fix.clone(),
            allowed: None,
        }
    }

    pub(crate) fn on(mut self, node: &str) -> Self {
        self.node = Some(node.to_owned());
        self
    }

    pub(crate) fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    pub(crate) fn with(mut self, place: Option<Place>) -> Self {
        self.related.extend(place);
        self
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }
}
