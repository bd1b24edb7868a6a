//! Choices of machines.

use lab_hcl::{Diagnostic, Kind, Reader, Value};

use super::unknown;
use crate::action::Selector;

/// The attribute `on`: a word such as `servers`, a machine's name, or a list of names.
pub(super) fn read_on(reader: &mut Reader<'_>) -> Result<Option<Selector>, Diagnostic> {
    reader.value("on").map(read_selector).transpose()
}

/// A word, quoted or not.
pub(super) fn word(value: &Value) -> Option<&str> {
    match &value.kind {
        Kind::String(text) | Kind::Expression(text) => Some(text.trim()),
        _ => None,
    }
}

fn read_selector(value: &Value) -> Result<Selector, Diagnostic> {
    let names = match &value.kind {
        Kind::List(elements) => elements.as_slice(),
        _ => std::slice::from_ref(value),
    };
    let mut selected = Vec::new();
    for name in names {
        let Some(text) = word(name) else {
            let problem = "`on` must be a choice of machines, such as servers, or a list of names";
            return Err(
                Diagnostic::new(problem, name.span).with_label(format!("this is {}", name.describe()))
            );
        };
        match Selector::from_word(text) {
            Selector::Nodes(_) if is_node_name(text) => selected.push(text.to_owned()),
            Selector::Nodes(_) => return Err(unknown_node(text, name)),
            selector if names.len() == 1 => return Ok(selector),
            _ => return Err(Diagnostic::new("a list holds names of machines only", name.span)),
        }
    }
    if selected.is_empty() {
        return Err(Diagnostic::new("`on` chooses no machine", value.span));
    }
    Ok(Selector::Nodes(selected))
}

fn unknown_node(text: &str, value: &Value) -> Diagnostic {
    let words: Vec<&str> =
        Selector::WORDS.iter().map(|(word, _)| *word).chain(["server-1", "client-1"]).collect();
    let mut problem = unknown("node", text, value.span, &words);
    if problem.help.is_none() {
        problem.notes =
            vec![format!("machines are called server-1, client-1, ...; or use {}", words[..7].join(", "))];
    }
    problem
}

fn is_node_name(text: &str) -> bool {
    let number = text.strip_prefix("server-").or_else(|| text.strip_prefix("client-"));
    number.is_some_and(|number| number.parse::<usize>().is_ok_and(|number| number > 0))
}
