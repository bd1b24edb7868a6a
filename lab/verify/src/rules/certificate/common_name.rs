//! CERT108: a name in the common name only.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(leaf) = subject.leaf() else { return Vec::new() };
    let wanted = subject.agent.wanted_name();
    if leaf.common_name() != wanted || leaf.dns_names().contains(&wanted) {
        return Vec::new();
    }
    let is_server = subject.agent.configuration.is_server;
    let message = if is_server {
        format!("{wanted} stands in the common name only: whoever dials this server refuses it")
    } else {
        format!(
            "{wanted} stands in the common name only: servers let it in, callers of its HTTPS port refuse it"
        )
    };
    let severity = if is_server { Severity::Critical } else { Severity::Warning };
    vec![subject.finding("CERT108", message).at(subject.leaf_place()).severity(severity)]
}
