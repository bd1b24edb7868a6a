//! TLS006: who is shut out by verify_https_client.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Subject;
use crate::vault::FactKind;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let tls = &subject.agent.configuration.tls;
    if !tls.http || !tls.verify_https_client {
        return Vec::new();
    }
    let place = |label: &str| subject.agent.place(&["tls", "verify_https_client"], label);
    let mut findings = Vec::new();
    if let Some(identity) = identity(subject) {
        let message =
            format!("verify_https_client shuts Vault and Consul out of the JWKS that {identity} needs");
        let other = subject.agent.block_place(
            &identity.split('.').collect::<Vec<_>>(),
            "its tokens are checked with Nomad's JWKS",
        );
        let finding =
            subject.finding("TLS006", message).at(place("the JWKS is served on this port")).with(other);
        findings.push(finding);
    }
    let has_consul = !subject.agent.within(&["consul"]).is_empty();
    if has_consul && subject.agent.text(&["consul", "auto_advertise"]).as_deref() != Some("false") {
        let message = "verify_https_client: Nomad does not register its HTTPS health check in Consul";
        let consul = subject.agent.block_place(&["consul"], "registers the agent's checks");
        let finding = subject.finding("TLS006", message).at(place("Consul has no certificate to show"));
        findings.push(finding.with(consul).severity(Severity::Information));
    }
    findings
}

/// The block by which workloads get identities that others check, unless Vault is known to check them otherwise.
fn identity(subject: &Subject<'_>) -> Option<&'static str> {
    let blocks = [
        ("vault.default_identity", ["vault", "default_identity"]),
        ("consul.service_identity", ["consul", "service_identity"]),
        ("consul.task_identity", ["consul", "task_identity"]),
    ];
    let (name, _) = blocks.into_iter().find(|(_, path)| !subject.agent.within(path).is_empty())?;
    let methods: Vec<_> =
        subject.cluster.facts.iter().filter(|fact| fact.kind == FactKind::JwtMethod).collect();
    let has_keys_otherwise = !methods.is_empty()
        && methods.iter().all(|method| {
            !method.texts("jwt_validation_pubkeys").is_empty()
                || method.text("jwks_url").is_some_and(|url| !leads_to_an_agent(subject, &url))
        });
    (!has_keys_otherwise || !name.starts_with("vault")).then_some(name)
}

/// Whether a URL is one of Nomad's own ports rather than a proxy's.
fn leads_to_an_agent(subject: &Subject<'_>, url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse::<i64>().ok());
    port.is_some_and(|port| subject.cluster.agents().any(|(_, agent)| agent.configuration.http.port == port))
}
