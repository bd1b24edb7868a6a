//! Findings as text for people and machines.

mod github;
mod human;
mod json;
mod junit;
mod sarif;

use crate::{Cluster, Judgement};

pub use self::human::problem;

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people: each under the line that it is about.
    Human {
        /// Whether with colours.
        color: bool,
    },
    /// One JSON document.
    Json,
    /// SARIF 2.1.0, which code scanners and editors read.
    Sarif,
    /// Annotations of GitHub's workflows, one a line.
    Github,
    /// JUnit's XML, a test case for each rule.
    Junit,
}

/// Renders a judgement; ends with a line feed unless it is empty.
pub fn render(cluster: &Cluster, judgement: &Judgement, format: Format) -> String {
    match format {
        Format::Human { color } => human::render(cluster, judgement, color),
        Format::Json => json::render(cluster, judgement),
        Format::Sarif => sarif::render(cluster, judgement),
        Format::Github => github::render(cluster, judgement),
        Format::Junit => junit::render(cluster, judgement),
    }
}
