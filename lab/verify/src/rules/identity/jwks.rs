//! WID402: how Vault gets Nomad's keys.

use crate::Severity;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::vault::{Fact, FactKind};

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    let methods = cluster.facts.iter().filter(|fact| fact.kind == FactKind::JwtMethod);
    methods.flat_map(|method| judge(cluster, method)).collect()
}

fn judge(cluster: &Cluster, method: &Fact) -> Vec<Finding> {
    let Some(url) = method.text("jwks_url") else { return Vec::new() };
    let is_https = url.starts_with("https://");
    let authority = url.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    let mut findings = Vec::new();
    if is_https && method.text("jwks_ca_pem").is_none() {
        let message = format!(
            "{} fetches {url} and trusts the system's authorities only: no jwks_ca_pem",
            method.shown()
        );
        findings
            .push(Finding::new("WID402", message).at(method.place("jwks_url", "signed by Nomad's own CA")));
    }
    let is_own_port = |port: i64| authority.ends_with(&format!(":{port}"));
    let strict: Vec<&str> = cluster
        .agents()
        .filter(|(_, agent)| agent.configuration.tls.http && agent.configuration.tls.verify_https_client)
        .filter(|(_, agent)| is_own_port(agent.configuration.http.port))
        .map(|(node, _)| node.name.as_str())
        .collect();
    if is_https && let Some(first) = strict.first() {
        let message = format!(
            "{first} wants a client certificate on that port (verify_https_client), and Vault has none to show: {url}"
        );
        findings.push(
            Finding::new("WID402", message).at(method.place("jwks_url", "`tls: certificate required`")),
        );
    }
    let is_local = ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| authority.starts_with(host));
    if is_local && cluster.agents().count() > 1 {
        let message = format!("{} fetches {url}, which is Vault's own machine", method.shown());
        let fix = "Write an address that leads to several agents: a load balancer, a proxy or DNS.";
        let place = method.place("jwks_url", "no agent of several");
        findings.push(Finding::new("WID402", message).at(place).fix(fix).severity(Severity::Warning));
    }
    findings
}
