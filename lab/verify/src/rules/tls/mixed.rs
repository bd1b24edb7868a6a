//! TLS012: agents that do not all speak TLS.

use crate::Severity;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut regions: Vec<&str> =
        cluster.agents().map(|(_, agent)| agent.configuration.region.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    let mut findings: Vec<Finding> =
        regions.into_iter().filter_map(|region| judge(cluster, region)).collect();
    findings.extend(cluster.agents().filter_map(|(node, agent)| half(&Subject { cluster, node, agent })));
    findings
}

/// HTTPS for people, and plaintext between the agents.
fn half(subject: &Subject<'_>) -> Option<Finding> {
    let tls = &subject.agent.configuration.tls;
    if !tls.http || tls.rpc {
        return None;
    }
    let place = subject.agent.place(&["tls", "rpc"], "the agents talk in plaintext");
    let message = "tls.http is on and tls.rpc is not: between the agents nothing is encrypted or checked";
    Some(subject.finding("TLS012", message).at(place).severity(Severity::Information))
}

/// One finding a region: it is about all of its agents.
fn judge(cluster: &Cluster, region: &str) -> Option<Finding> {
    let subjects: Vec<Subject<'_>> = cluster
        .agents()
        .filter(|(_, agent)| agent.configuration.region == region)
        .map(|(node, agent)| Subject { cluster, node, agent })
        .collect();
    let named = |wants_server: bool, wants_tls: bool| -> Vec<&Subject<'_>> {
        subjects
            .iter()
            .filter(|subject| {
                let configuration = &subject.agent.configuration;
                configuration.is_server == wants_server && configuration.tls.rpc == wants_tls
            })
            .collect()
    };
    let (tls_servers, plain_servers) = (named(true, true), named(true, false));
    let (tls_clients, plain_clients) = (named(false, true), named(false, false));
    let is_lenient = tls_servers.iter().all(|server| server.agent.configuration.tls.rpc_upgrade_mode);
    let (message, at, severity) = if !tls_servers.is_empty() && !plain_servers.is_empty() {
        let severity = if is_lenient { Severity::Warning } else { Severity::Critical };
        (
            format!(
                "some servers speak TLS and {} not: those that do cannot dial the others",
                list(&plain_servers)
            ),
            plain_servers[0],
            severity,
        )
    } else if !plain_servers.is_empty() && !tls_clients.is_empty() {
        (
            format!("clients only: {} dial TLS, and the servers do not speak it", list(&tls_clients)),
            tls_clients[0],
            Severity::Critical,
        )
    } else if !tls_servers.is_empty() && !plain_clients.is_empty() {
        let severity = if is_lenient { Severity::Information } else { Severity::Critical };
        let text = if is_lenient {
            format!("servers only, in upgrade mode: {} still to be moved", list(&plain_clients))
        } else {
            format!("servers only: they refuse the plaintext of {}", list(&plain_clients))
        };
        (text, plain_clients[0], severity)
    } else {
        return None;
    };
    let place = at.agent.place(&["tls", "rpc"], format!("tls.rpc = {}", at.agent.configuration.tls.rpc));
    Some(Finding::new("TLS012", message).at(place).severity(severity))
}

/// `client-1, client-2 and 3 more`
fn list(subjects: &[&Subject<'_>]) -> String {
    let mut names: Vec<&str> = subjects.iter().map(|subject| subject.node.name.as_str()).collect();
    names.sort_unstable();
    match names.as_slice() {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        names => names.join(", "),
    }
}
