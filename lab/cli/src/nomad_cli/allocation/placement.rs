//! Why an allocation is where it is, or why it is nowhere.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::nomad_cli::json::Look;
use crate::nomad_cli::wording::{table, three_digits};

/// What kept a group from being placed: a line for each reason, with `prefix` before it.
pub(in crate::nomad_cli) fn reasons(metrics: &Json, with_scores: bool, prefix: &str) -> String {
    let mut lines = Vec::new();
    if metrics.number("NodesEvaluated") == 0 {
        lines.push("* No nodes were eligible for evaluation".to_owned());
    }
    let available = metrics.entries("NodesAvailable");
    for (center, count) in &available {
        if count.as_i64() == Some(0) {
            lines.push(format!("* No nodes are available in datacenter {center:?}"));
        }
    }
    for (class, count) in metrics.entries("ClassFiltered") {
        lines.push(format!("* Class {class:?}: {count} nodes excluded by filter"));
    }
    for (constraint, count) in metrics.entries("ConstraintFiltered") {
        lines.push(format!("* Constraint {constraint:?}: {count} nodes excluded by filter"));
    }
    let exhausted = metrics.number("NodesExhausted");
    if exhausted > 0 {
        lines.push(format!("* Resources exhausted on {exhausted} nodes"));
    }
    for (class, count) in metrics.entries("ClassExhausted") {
        lines.push(format!("* Class {class:?} exhausted on {count} nodes"));
    }
    for (dimension, count) in metrics.entries("DimensionExhausted") {
        lines.push(format!("* Dimension {dimension:?} exhausted on {count} nodes"));
    }
    for quota in metrics.texts("QuotaExhausted") {
        lines.push(format!("* Quota limit hit {quota:?}"));
    }
    if with_scores && !metrics.list("ScoreMetaData").is_empty() {
        lines.push(scores(metrics));
    }
    lines.iter().map(|line| format!("{prefix}{line}\n")).collect::<String>().trim_end_matches('\n').to_owned()
}

/// How nodes were rated: a line each.
pub(in crate::nomad_cli) fn scores(metrics: &Json) -> String {
    let rated = metrics.list("ScoreMetaData");
    let names: BTreeSet<&str> =
        rated.iter().flat_map(|one| one.entries("Scores")).map(|(name, _)| name).collect();
    let mut lines = vec![format!("Node|{}|final score", names.iter().copied().collect::<Vec<_>>().join("|"))];
    for one in rated {
        let score = |name: &&str| three_digits(one.at("Scores").at(name).as_f64().unwrap_or_default());
        let cells: Vec<String> = names.iter().map(score).collect();
        let last = three_digits(one.at("NormScore").as_f64().unwrap_or_default());
        lines.push(format!("{}|{}|{last}", one.text("NodeID"), cells.join("|")));
    }
    table(&lines)
}
