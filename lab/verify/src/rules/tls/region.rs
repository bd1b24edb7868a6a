//! TLS011: an agent and its certificate in different regions.

use crate::finding::Finding;
use crate::rules::subject::{Subject, all_names};

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(certificate(subject));
    findings.extend(lonely_client(subject));
    findings
}

/// A certificate with its agent's role in another region, and not in its own.
fn certificate(subject: &Subject<'_>) -> Option<Finding> {
    let leaf = subject.leaf()?;
    let wanted = subject.agent.wanted_name();
    let (role, _) = wanted.split_once('.')?;
    if all_names(leaf).any(|name| name == wanted) {
        return None;
    }
    let other = all_names(leaf).find_map(|name| region_of(name, role))?;
    let own = &subject.agent.configuration.region;
    let message = format!("this agent is in region `{own}`, and its certificate is for region `{other}`");
    let region = subject.agent.place(&["region"], format!("the region is {own}"));
    let fix = format!(
        "Issue it with common_name={wanted}, or, if {other} is the region that is meant, write\nregion = {other:?}"
    );
    Some(subject.finding("TLS011", message).at(subject.leaf_place()).with(region).fix(fix))
}

/// A client in a region in which there is no server.
fn lonely_client(subject: &Subject<'_>) -> Option<Finding> {
    let configuration = &subject.agent.configuration;
    let servers = || subject.cluster.agents().filter(|(_, agent)| agent.configuration.is_server);
    let has_server = servers().any(|(_, agent)| agent.configuration.region == configuration.region);
    if configuration.is_server || servers().next().is_none() || has_server {
        return None;
    }
    let mut regions: Vec<&str> = servers().map(|(_, agent)| agent.configuration.region.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    let message = format!(
        "this client is in region `{}`, and no server here is (they are in {})",
        configuration.region,
        regions.join(", ")
    );
    let place = subject.agent.place(&["region"], "no server of this region");
    let fix = match regions.as_slice() {
        [only] => format!("region = {only:?}"),
        _ => "Write the region of its servers, or give their files too.".to_owned(),
    };
    Some(subject.finding("TLS011", message).at(place).fix(fix))
}

/// The region of `<role>.<region>.nomad`.
pub(in crate::rules) fn region_of<'a>(name: &'a str, role: &str) -> Option<&'a str> {
    name.strip_prefix(role)?.strip_prefix('.')?.strip_suffix(".nomad").filter(|region| !region.is_empty())
}
