//! TLS007: certificates that SIGHUP does not read again.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    ["consul", "vault"].into_iter().filter_map(|block| judge(subject, block)).collect()
}

fn judge(subject: &Subject<'_>, block: &'static str) -> Option<Finding> {
    let (name, file) = ["cert_file", "key_file", "ca_file"]
        .into_iter()
        .find_map(|name| Some((name, subject.agent.text(&[block, name])?)))?;
    let tls = &subject.agent.configuration.tls;
    let is_rotated = subject.is_rendered(&file)
        || [&tls.cert_file, &tls.key_file]
            .into_iter()
            .any(|other| *other == file && subject.is_rendered(other));
    let place = subject.agent.place(&[block, name], "read when the agent starts, and not again");
    let message = if is_rotated {
        format!("{block}.{name} is rendered anew by a template, and the {block} block is not reloaded")
    } else {
        format!("{block}.{name}: a reload does not read it again")
    };
    let severity = if is_rotated { Severity::Warning } else { Severity::Information };
    Some(subject.finding("TLS007", message).at(place).severity(severity))
}
