//! JUnit's XML: each rule is a test case, which fails where the rule does not hold.

use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::{Judgement, Severity, catalogue};

pub(super) fn render(cluster: &Cluster, judgement: &Judgement) -> String {
    let cases: Vec<(String, bool)> = catalogue::rules()
        .iter()
        .map(|rule| {
            let of = |findings: &[Finding]| -> Vec<Finding> {
                findings.iter().filter(|finding| finding.rule.code == rule.code).cloned().collect()
            };
            case(&rule.code, &rule.title, &of(&judgement.findings), &of(&judgement.allowed))
        })
        .collect();
    let problems: Vec<String> = cluster
        .problems
        .iter()
        .map(|problem| {
            let name = escape(&problem.path.display().to_string());
            format!("    <testcase classname=\"lab.verify.files\" name=\"{name}\">\n      <error message=\"{}\"/>\n    </testcase>\n", escape(&problem.message))
        })
        .collect();
    let failures = cases.iter().filter(|(_, failed)| *failed).count();
    let tests = cases.len() + problems.len();
    let body: String = cases.into_iter().map(|(text, _)| text).chain(problems.iter().cloned()).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"lab verify\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{}\">\n{body}  </testsuite>\n</testsuites>\n",
        problems.len()
    )
}

/// A rule's test case, and whether it failed. Information does not fail it.
fn case(code: &str, title: &str, findings: &[Finding], allowed: &[Finding]) -> (String, bool) {
    let (bad, notes): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.severity > Severity::Information);
    let mut inside = String::new();
    if let Some(first) = bad.first() {
        let lines: Vec<String> = bad.iter().map(|finding| describe(finding)).collect();
        inside.push_str(&format!(
            "      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
            first.severity,
            escape(&first.message),
            escape(&lines.join("\n"))
        ));
    } else if let (Some(first), true) = (allowed.first(), notes.is_empty()) {
        let reason = first.allowed.clone().unwrap_or_default();
        inside.push_str(&format!("      <skipped message=\"allowed: {}\"/>\n", escape(&reason)));
    }
    if !notes.is_empty() {
        let lines: Vec<String> = notes.iter().map(|finding| describe(finding)).collect();
        inside.push_str(&format!("      <system-out>{}</system-out>\n", escape(&lines.join("\n"))));
    }
    let name = escape(&format!("{code} {title}"));
    (
        format!("    <testcase classname=\"lab.verify\" name=\"{name}\">\n{inside}    </testcase>\n"),
        !bad.is_empty(),
    )
}

fn describe(finding: &Finding) -> String {
    let node = finding.node.as_ref().map(|node| format!("{node}: ")).unwrap_or_default();
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let (line, column) = place.position();
        format!("{}:{line}:{column}: ", place.source.name)
    });
    format!("{place}{node}{}\nfix: {}", finding.message, finding.fix)
}

/// XML has no way to write most control characters at all.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(letter),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}
