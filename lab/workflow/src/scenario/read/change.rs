//! Breaks and variations.

use lab_hcl::{Body, Diagnostic, Kind, Reader, Value};

use super::selector::word;
use super::{first_byte, named, step, unknown};
use crate::scenario::{Break, ChangeKind, Edit, InvariantSpec, Position, Step};

pub(super) fn read_break(
    name: &str,
    body: &Body,
    steps: &[Step],
    invariants: &[InvariantSpec],
    is_mistake: bool,
) -> Result<Break, Diagnostic> {
    let known: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let mut reader = Reader::new(body);
    let summary = reader.string("summary")?.unwrap_or_default();
    let kind = match is_mistake {
        true => ChangeKind::Mistake { violates: read_violates(&mut reader, body, invariants)? },
        false => ChangeKind::Variation,
    };
    let mut edits = Vec::new();
    for (name, body, span) in named(&mut reader, "replace")? {
        if !known.contains(&name.as_str()) {
            return Err(unknown("step", &name, span, &known));
        }
        edits.push(Edit::Replace(step::read_step(&name, body)?));
    }
    for (name, body, _) in named(&mut reader, "insert")? {
        edits.push(read_insert(&name, body, &known)?);
    }
    for skipped in words(&mut reader, "skip")? {
        let (name, value) = skipped?;
        if !known.contains(&name) {
            return Err(unknown("step", name, value.span, &known));
        }
        edits.push(Edit::Skip(name.to_owned()));
    }
    reader.finish()?;
    if edits.is_empty() {
        return Err(Diagnostic::new(format!("{name:?} changes nothing"), first_byte(body))
            .with_help("use `replace \"step\" { ... }`, `insert \"step\" { ... }` or `skip = [\"step\"]`"));
    }
    Ok(Break { name: name.to_owned(), summary, kind, edits })
}

fn read_violates(
    reader: &mut Reader<'_>,
    body: &Body,
    invariants: &[InvariantSpec],
) -> Result<Vec<String>, Diagnostic> {
    let known: Vec<&str> = invariants.iter().map(InvariantSpec::name).collect();
    let mut violates = Vec::new();
    for word in words(reader, "violates")? {
        let (name, value) = word?;
        if !known.contains(&name) {
            return Err(unknown("invariant", name, value.span, &known));
        }
        violates.push(name.to_owned());
    }
    if violates.is_empty() {
        let problem = Diagnostic::new("a break names the invariants that it violates", first_byte(body));
        return Err(problem.with_help(
            "write `violates = [\"no_plaintext\"]`, or make it a `variation`, which violates none",
        ));
    }
    Ok(violates)
}

fn read_insert(name: &str, body: &Body, known: &[&str]) -> Result<Edit, Diagnostic> {
    let mut reader = Reader::new(body);
    let before = reader.value("before");
    let after = reader.value("after");
    let (value, is_before) = match (before, after) {
        (Some(value), None) => (value, true),
        (None, Some(value)) => (value, false),
        _ => {
            let problem = Diagnostic::new("an inserted step needs `before` or `after`", first_byte(body));
            return Err(problem.with_help("name the step beside it: after = \"clients\""));
        }
    };
    let beside = word(value).unwrap_or_default();
    if !known.contains(&beside) {
        return Err(unknown("step", beside, value.span, known));
    }
    let position = match is_before {
        true => Position::Before(beside.to_owned()),
        false => Position::After(beside.to_owned()),
    };
    let step = step::read_described(name, &mut reader, body)?;
    reader.finish()?;
    Ok(Edit::Insert(position, step))
}

type Word<'a> = Result<(&'a str, &'a Value), Diagnostic>;

/// The words of a list, each with its place; a lone word is a list of one.
fn words<'a>(reader: &mut Reader<'a>, name: &str) -> Result<Vec<Word<'a>>, Diagnostic> {
    let Some(value) = reader.value(name) else { return Ok(Vec::new()) };
    let elements = match &value.kind {
        Kind::List(elements) => elements.as_slice(),
        _ => std::slice::from_ref(value),
    };
    let name = name.to_owned();
    let read = |element: &'a Value| {
        let problem = || Diagnostic::new(format!("`{name}` must be a list of names"), element.span);
        word(element).map(|word| (word, element)).ok_or_else(problem)
    };
    Ok(elements.iter().map(read).collect())
}
