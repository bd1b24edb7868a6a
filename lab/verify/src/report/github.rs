//! Annotations that GitHub's workflows show beside the code.

use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::{Judgement, Severity};

pub(super) fn render(cluster: &Cluster, judgement: &Judgement) -> String {
    let mut text: String = judgement.findings.iter().map(line).collect();
    for problem in &cluster.problems {
        let file = property(&problem.path.display().to_string());
        let position = problem.place.as_ref().map_or((1, 1), |place| place.position());
        let (line, column) = position;
        text.push_str(&format!(
            "::error file={file},line={line},col={column}::{}\n",
            escape(&problem.message)
        ));
    }
    text
}

fn line(finding: &Finding) -> String {
    let command = match finding.severity {
        Severity::Information => "notice",
        Severity::Warning => "warning",
        Severity::Critical => "error",
    };
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let (line, column) = place.position();
        format!("file={},line={line},col={column},", property(&place.source.name))
    });
    let node = finding.node.as_ref().map(|node| format!("{node}: ")).unwrap_or_default();
    let message = escape(&format!("{node}{}\nfix: {}", finding.message, finding.fix));
    format!("::{command} {place}title={}::{message}\n", property(&finding.rule.code))
}

/// What would end a message.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What would end a property.
fn property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}
