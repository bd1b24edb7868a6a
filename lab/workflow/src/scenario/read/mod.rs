//! Scenario files: `*.lab.hcl`, and their twin in JSON.

mod action;
mod change;
mod condition;
mod invariant;
mod selector;
mod step;

use lab_hcl::{Block, Body, Diagnostic, Reader, Source, Span, hcl1, hcl2};

use super::{Break, InvariantSpec, Scenario};
use crate::action::Job;
use crate::fleet::Topology;

/// The version of the language that is read here.
const FORMAT_VERSION: i64 = 1;

impl Scenario {
    /// Reads a scenario; a name that ends in `.json` means the JSON twin, anything else HCL.
    ///
    /// Errors have the place in the text, and say what was probably meant.
    pub fn read(source: &Source) -> Result<Self, Diagnostic> {
        let body = match source.name.ends_with(".json") {
            true => hcl1::parse_json(&source.text)?,
            false => hcl2::parse(&source.text)?,
        };
        read_file(&body)
    }
}

fn read_file(body: &Body) -> Result<Scenario, Diagnostic> {
    let mut reader = Reader::new(body);
    if let Some(version) = reader.integer("format_version")?
        && version != FORMAT_VERSION
    {
        let span = body.value("format_version").map_or(Span::default(), |value| value.span);
        let problem = format!("format_version {version} is not known here");
        return Err(
            Diagnostic::new(problem, span).with_help(format!("this program reads version {FORMAT_VERSION}"))
        );
    }
    let scenarios = named(&mut reader, "scenario")?;
    let found = scenarios.len();
    reader.finish()?;
    match scenarios.into_iter().next() {
        Some((name, body, _)) if found == 1 => read_scenario(name, body),
        Some((_, _, span)) => Err(Diagnostic::new("a file holds one scenario", span)),
        None => Err(Diagnostic::new("there is no `scenario` block", Span::new(0, body.span.end.min(1)))
            .with_help("a scenario file begins with `scenario \"name\" {`")),
    }
}

fn read_scenario(name: String, body: &Body) -> Result<Scenario, Diagnostic> {
    let mut reader = Reader::new(body);
    let mut scenario = Scenario::new(&name);
    scenario.summary = reader.string("summary")?.unwrap_or_default();
    scenario.source = reader.string("source")?.unwrap_or_default();
    scenario.time_scale = reader.count("time_scale", 2, 100_000)?.and_then(|scale| u32::try_from(scale).ok());
    if let Some(cluster) = reader.block("cluster")? {
        (scenario.topology, scenario.jobs) = read_cluster(&cluster.body)?;
    }
    let invariants = named(&mut reader, "invariant")?;
    let steps = named(&mut reader, "step")?;
    let breaks = named(&mut reader, "break")?;
    let variations = named(&mut reader, "variation")?;
    reader.finish()?;
    for (name, body, span) in &steps {
        unique(&scenario.steps, |step| step.name == *name, "step", name, *span)?;
        scenario.steps.push(step::read_step(name, body)?);
    }
    if scenario.steps.is_empty() {
        return Err(Diagnostic::new("a scenario needs at least one `step`", first_byte(body)));
    }
    let known: Vec<&str> = scenario.steps.iter().map(|step| step.name.as_str()).collect();
    for (name, body, span) in &invariants {
        unique(&scenario.invariants, |known: &InvariantSpec| known.name() == name, "invariant", name, *span)?;
        scenario.invariants.push(invariant::read_invariant(name, body, *span, &known)?);
    }
    for (name, body, span) in &breaks {
        unique(&scenario.breaks, |known: &Break| known.name == *name, "break", name, *span)?;
        let read = change::read_break(name, body, &scenario.steps, &scenario.invariants, true)?;
        scenario.breaks.push(read);
    }
    for (name, body, span) in &variations {
        unique(&scenario.breaks, |known: &Break| known.name == *name, "variation", name, *span)?;
        let read = change::read_break(name, body, &scenario.steps, &scenario.invariants, false)?;
        scenario.breaks.push(read);
    }
    Ok(scenario)
}

fn read_cluster(body: &Body) -> Result<(Topology, Vec<Job>), Diagnostic> {
    let mut reader = Reader::new(body);
    let topology = Topology {
        region: reader.string("region")?.unwrap_or_else(|| "global".to_owned()),
        servers: whole(reader.count("servers", 1, 7)?, 3),
        clients: whole(reader.count("clients", 0, 2000)?, 3),
    };
    let jobs = named(&mut reader, "job")?;
    reader.finish()?;
    let jobs =
        jobs.into_iter().map(|(name, body, _)| action::read_job(&name, body)).collect::<Result<_, _>>()?;
    Ok((topology, jobs))
}

/// The labelled blocks of one kind: label, body, and where to point when the label is wrong.
///
/// `step "a" { }` and, as JSON writes it, `step { a { } }` are the same.
fn named<'a>(reader: &mut Reader<'a>, kind: &str) -> Result<Vec<(String, &'a Body, Span)>, Diagnostic> {
    let mut found = Vec::new();
    for block in reader.blocks(kind) {
        match block.labels.first() {
            Some(label) => found.push((label.text.clone(), &block.body, label.span)),
            None => {
                for item in &block.body.items {
                    let Some(inner) = item.as_block() else { return Err(needs_name(kind, block)) };
                    found.push((inner.kind.clone(), &inner.body, inner.kind_span));
                }
                if block.body.items.is_empty() {
                    return Err(needs_name(kind, block));
                }
            }
        }
    }
    Ok(found)
}

fn needs_name(kind: &str, block: &Block) -> Diagnostic {
    Diagnostic::new(format!("a `{kind}` block needs a name"), block.kind_span)
        .with_help(format!("write `{kind} \"name\" {{ ... }}`"))
}

fn unique<T>(
    known: &[T],
    is_same: impl Fn(&T) -> bool,
    kind: &str,
    name: &str,
    span: Span,
) -> Result<(), Diagnostic> {
    match known.iter().any(is_same) {
        true => {
            Err(Diagnostic::new(format!("{kind} {name:?} is there twice"), span).with_label("the second one"))
        }
        false => Ok(()),
    }
}

/// The problem of a name that is none of those there are.
fn unknown(kind: &str, name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let problem = Diagnostic::new(format!("there is no {kind} called {name:?}"), span);
    match lab_hcl::suggest(name, known.iter().copied()) {
        Some(near) => problem.with_help(format!("did you mean `{near}`?")),
        None if known.is_empty() => problem,
        None => problem.with_note(format!("known here: {}", known.join(", "))),
    }
}

fn first_byte(body: &Body) -> Span {
    Span::new(body.span.start, body.span.end.min(body.span.start + 1))
}

fn whole(number: Option<i64>, otherwise: usize) -> usize {
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or(otherwise)
}
