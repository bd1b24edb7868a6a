//! One JSON document.

use serde_json::{Value, json};

use crate::cluster::{Cluster, Problem};
use crate::finding::{Finding, Place};
use crate::{Judgement, Severity};

/// The version of the document's form.
const VERSION: u64 = 1;

pub(super) fn render(cluster: &Cluster, judgement: &Judgement) -> String {
    let count = |severity| judgement.findings.iter().filter(|finding| finding.severity == severity).count();
    let document = json!({
        "version": VERSION,
        "judged_at": lab_world::format_rfc3339(cluster.at),
        "files": cluster.files,
        "nodes": cluster.node_names(),
        "summary": {
            "critical": count(Severity::Critical),
            "warning": count(Severity::Warning),
            "information": count(Severity::Information),
            "allowed": judgement.allowed.len(),
        },
        "problems": cluster.problems.iter().map(problem).collect::<Vec<_>>(),
        "findings": judgement.findings.iter().map(finding).collect::<Vec<_>>(),
        "allowed": judgement.allowed.iter().map(finding).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn finding(finding: &Finding) -> Value {
    json!({
        "code": finding.rule.code,
        "severity": finding.severity.name(),
        "node": finding.node,
        "message": finding.message,
        "title": finding.rule.title,
        "place": finding.place.as_ref().map(place),
        "related": finding.related.iter().map(place).collect::<Vec<_>>(),
        "why": finding.rule.why,
        "source": finding.rule.source,
        "fix": finding.fix,
        "scenario": finding.rule.scenario,
        "allowed": finding.allowed,
    })
}

fn place(place: &Place) -> Value {
    let (line, column) = place.position();
    json!({ "file": place.source.name, "line": line, "column": column, "label": place.label })
}

fn problem(problem: &Problem) -> Value {
    json!({
        "file": problem.path.display().to_string(),
        "message": problem.message,
        "place": problem.place.as_ref().map(place),
    })
}
