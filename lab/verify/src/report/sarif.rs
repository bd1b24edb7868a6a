//! SARIF 2.1.0.

use lab_wire::http::percent_escape;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Problem};
use crate::finding::{Finding, Place};
use crate::{Judgement, Severity, catalogue};

pub(super) fn render(cluster: &Cluster, judgement: &Judgement) -> String {
    let rules: Vec<Value> = catalogue::rules()
        .iter()
        .map(|rule| {
            json!({
                "id": rule.code,
                "shortDescription": { "text": rule.title },
                "fullDescription": { "text": rule.why },
                "help": { "text": rule.fix },
                "defaultConfiguration": { "level": level(rule.severity) },
            })
        })
        .collect();
    let results: Vec<Value> = judgement.findings.iter().chain(&judgement.allowed).map(result).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lab verify",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": cluster.problems.is_empty(),
                "toolExecutionNotifications": cluster.problems.iter().map(notification).collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn result(finding: &Finding) -> Value {
    let node = finding.node.as_ref().map(|node| format!("{node}: ")).unwrap_or_default();
    let mut result = json!({
        "ruleId": finding.rule.code,
        "level": level(finding.severity),
        "message": { "text": format!("{node}{}\n{}", finding.message, finding.fix) },
        "locations": finding.place.iter().map(location).collect::<Vec<_>>(),
        "relatedLocations": finding.related.iter().map(location).collect::<Vec<_>>(),
    });
    if let Some(reason) = &finding.allowed {
        result["suppressions"] = json!([{ "kind": "inSource", "justification": reason }]);
    }
    result
}

/// A file that could not be read or does not parse.
fn notification(problem: &Problem) -> Value {
    let location = match &problem.place {
        Some(place) => location(place),
        None => {
            json!({ "physicalLocation": { "artifactLocation": { "uri": uri(&problem.path.display().to_string()) } } })
        }
    };
    json!({ "level": "error", "message": { "text": problem.message }, "locations": [location] })
}

fn location(place: &Place) -> Value {
    let (line, column) = place.position();
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.source.name) },
            "region": { "startLine": line, "startColumn": column },
        },
    });
    if !place.label.is_empty() {
        location["message"] = json!({ "text": place.label });
    }
    location
}

/// A path as a reference to a file: relative ones stay relative, which is how scanners find them in a repository.
fn uri(path: &str) -> String {
    let encoded = percent_escape(path, |byte| b"-._~/".contains(&byte));
    if path.starts_with('/') { format!("file://{encoded}") } else { encoded }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Information => "note",
        Severity::Warning => "warning",
        Severity::Critical => "error",
    }
}
