//! `lab run --list`

use std::io::Write;

use lab_workflow::{ChangeKind, Scenario};
use serde_json::{Value, json};

use crate::arguments::Format;
use crate::exit::Failure;

/// Prints every scenario with its mistakes and variations, and what each must come to.
pub(crate) fn print(format: Format) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let scenarios = all()?;
    match format {
        Format::Human => {
            for scenario in &scenarios {
                print_one(&mut out, scenario)?;
            }
        }
        Format::Json => writeln!(out, "{:#}", Value::Array(scenarios.iter().map(document).collect()))?,
        Format::Jsonl => {
            for line in scenarios.iter().flat_map(runs) {
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(())
}

fn all() -> Result<Vec<Scenario>, Failure> {
    scenarios::all().iter().map(|embedded| crate::scenario::load(embedded.name)).collect()
}

fn print_one(out: &mut impl Write, scenario: &Scenario) -> std::io::Result<()> {
    writeln!(out, "{}\n  {}", scenario.name, scenario.summary)?;
    for change in &scenario.breaks {
        let outcome = match &change.kind {
            ChangeKind::Mistake { violates } => format!("violates {}", violates.join(", ")),
            ChangeKind::Variation => "holds".to_owned(),
        };
        writeln!(out, "    --break {:<24} {outcome}", change.name)?;
    }
    writeln!(out)
}

fn document(scenario: &Scenario) -> Value {
    let changes: Vec<Value> = scenario
        .breaks
        .iter()
        .map(|change| {
            let (kind, violates) = kind(&change.kind);
            json!({ "name": change.name, "summary": change.summary, "kind": kind, "violates": violates })
        })
        .collect();
    json!({
        "name": scenario.name,
        "summary": scenario.summary,
        "source": scenario.source,
        "steps": scenario.steps.iter().map(|step| &step.name).collect::<Vec<_>>(),
        "invariants": scenario.invariants.iter().map(|invariant| invariant.name()).collect::<Vec<_>>(),
        "changes": changes,
    })
}

/// Every way to run a scenario, with the exit status that it must have.
fn runs(scenario: &Scenario) -> Vec<Value> {
    let name = &scenario.name;
    let plain = json!({ "scenario": name, "change": null, "kind": "plain", "violates": [], "exit": 0 });
    let changed = scenario.breaks.iter().map(|change| {
        let (kind, violates) = kind(&change.kind);
        let exit = if violates.is_empty() { 0 } else { 100 };
        json!({ "scenario": name, "change": change.name, "kind": kind, "violates": violates, "exit": exit })
    });
    std::iter::once(plain).chain(changed).collect()
}

fn kind(kind: &ChangeKind) -> (&'static str, &[String]) {
    match kind {
        ChangeKind::Mistake { violates } => ("mistake", violates),
        ChangeKind::Variation => ("variation", &[]),
    }
}
