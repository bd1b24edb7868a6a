//! Faults, and reading what may have them.

use crate::structs::Opaque;

/// Faults of one thing.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    pub(super) fn add(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }

    /// Adds the faults of a part, where it has any, as one.
    pub(super) fn nest(&mut self, title: &str, part: Self) {
        if let Some(text) = part.text() {
            self.0.push(format!("{title}{text}"));
        }
    }

    pub(super) fn list(self) -> Vec<String> {
        self.0
    }

    /// As go-multierror writes them; `None` without any.
    pub(super) fn text(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        Some(format!("{}\n\n", listed(&self.0)))
    }
}

/// `1 error occurred:\n\t* …` or `2 errors occurred:\n\t* …\n\t* …`
pub(crate) fn listed(faults: &[String]) -> String {
    let count = if faults.len() == 1 { "1 error".to_owned() } else { format!("{} errors", faults.len()) };
    let lines: Vec<String> = faults.iter().map(|fault| format!("\t* {fault}")).collect();
    format!("{count} occurred:\n{}", lines.join("\n"))
}

/// The elements of a list; none of anything else.
pub(super) fn objects(list: &Opaque) -> impl Iterator<Item = &Opaque> {
    list.as_array().into_iter().flatten()
}

/// A text field; empty where there is none.
pub(super) fn text<'a>(value: &'a Opaque, field: &str) -> &'a str {
    value.get(field).and_then(Opaque::as_str).unwrap_or_default()
}

/// A number field; 0 where there is none.
pub(super) fn number(value: &Opaque, field: &str) -> i64 {
    value.get(field).and_then(Opaque::as_i64).unwrap_or(0)
}
