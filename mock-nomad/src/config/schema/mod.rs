//! What an agent's configuration may hold, and what is said of what it may not.
//!
//! Everything is looked at here, also what has no effect in the lab; the values are taken afterwards.

mod table;
mod types;

use lab_hcl::Body;

use self::table::{Duration, Field, Table, Type, schema};
use super::load::ConfigError;

/// Checks a file's content: the types of all values, then texts that must be durations, then names that nobody knows.
///
/// Errors: the first thing that the real program complains about.
pub(super) fn check(text: &str, body: &Body) -> Result<(), ConfigError> {
    let schema = schema();
    types::check(text, &schema.root, "root", body).map_err(ConfigError::decode)?;
    schema.durations.iter().try_for_each(|duration| check_duration(duration, body))?;
    unused(&schema.root, &[], body).map_or(Ok(()), |problem| Err(ConfigError::Plain(problem)))
}

fn check_duration(duration: &Duration, body: &Body) -> Result<(), ConfigError> {
    let mut bodies = vec![body];
    let Some((last, blocks)) = duration.path.split_last() else { return Ok(()) };
    for name in blocks {
        bodies = bodies.into_iter().flat_map(|body| bodies_of(body, name)).collect();
    }
    let text = bodies.iter().rev().find_map(|body| types::last_text(body, last));
    match text {
        Some(text)
            if !text.is_empty()
                && lab_world::parse_duration(text.trim_start_matches(['-', '+'])).is_err() =>
        {
            Err(ConfigError::Plain(format!("{} can't parse time duration {text}", duration.name)))
        }
        _ => Ok(()),
    }
}

/// What is in the blocks of a name without labels.
fn bodies_of<'a>(body: &'a Body, name: &str) -> Vec<&'a Body> {
    let blocks =
        body.blocks().filter(|block| block.kind.eq_ignore_ascii_case(name) && block.labels.is_empty());
    blocks.map(|block| &block.body).collect()
}

/// The names in a block that nobody asked for, with the path to it from within.
fn unused(table: &Table, path: &[&str], body: &Body) -> Option<String> {
    for field in &table.fields {
        let Type::Block(inner) = &field.kind else { continue };
        let path: Vec<&str> = [field.name].into_iter().chain(path.iter().copied()).collect();
        let labelled = body.blocks().filter(|block| block.kind.eq_ignore_ascii_case(field.name));
        // A label that nobody expects counts as a name in the block.
        let labels = labelled.filter(|block| !block.labels.is_empty());
        let labels = labels.flat_map(|block| block.labels.iter().map(|label| label.text.as_str()));
        if let Some(problem) = told(inner, &path, labels.collect()) {
            return Some(problem);
        }
        for body in bodies_of(body, field.name) {
            if let Some(problem) = unused(inner, &path, body) {
                return Some(problem);
            }
        }
    }
    told(table, path, names_left(table, body))
}

fn told(table: &Table, path: &[&str], mut names: Vec<&str>) -> Option<String> {
    let tolerated = table.tolerated.as_ref()?;
    for name in tolerated {
        match name.strip_suffix('*') {
            Some(every) => names.retain(|left| *left != every),
            None => remove_one(&mut names, name),
        }
    }
    if names.is_empty() {
        return None;
    }
    names.sort_unstable();
    let path = if path.is_empty() { String::new() } else { format!("{} ", path.join(".")) };
    Some(format!("{path}unexpected keys {}", names.join(", ")))
}

/// The names and labels of a body, less one for each field that is there.
fn names_left<'a>(table: &Table, body: &'a Body) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for item in &body.items {
        names.push(item.name());
        let labels = item.as_block().map(|block| block.labels.as_slice()).unwrap_or_default();
        let is_named = table.fields.iter().any(|field| field.is_repeated() && field.is(item.name()));
        names.extend(labels.iter().skip(usize::from(is_named)).map(|label| label.text.as_str()));
    }
    for field in &table.fields {
        remove_one(&mut names, field.name);
    }
    names
}

fn remove_one(names: &mut Vec<&str>, name: &str) {
    if let Some(at) = names.iter().position(|left| left.eq_ignore_ascii_case(name)) {
        names.remove(at);
    }
}

impl Field {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether its blocks have a label each.
    fn is_repeated(&self) -> bool {
        matches!(self.kind, Type::Blocks(_))
    }
}
