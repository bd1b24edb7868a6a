//! CERT103: the name of the agent's role and region.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::{Subject, all_names};
use crate::rules::tls_region_of;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(leaf) = subject.leaf() else { return Vec::new() };
    let wanted = subject.agent.wanted_name();
    let role = wanted.split('.').next().unwrap_or_default();
    let has = |name: &str| all_names(leaf).any(|own| own == name);
    // The right role in another region is TLS011, a client with a server's name CERT104.
    let is_elsewhere = all_names(leaf).any(|name| tls_region_of(name, role).is_some());
    let is_server = has(&format!("server.{}.nomad", subject.agent.configuration.region));
    if has(&wanted) || is_elsewhere || (role == "client" && is_server) {
        return Vec::new();
    }
    let tls = &subject.agent.configuration.tls;
    let severity = if tls.verify_server_hostname && tls.rpc { Severity::Critical } else { Severity::Warning };
    let message =
        format!("the certificate of this {} does not carry the name {wanted}", subject.agent.role());
    vec![
        subject
            .finding("CERT103", message)
            .at(subject.leaf_place())
            .severity(severity)
            .fix(format!("Issue it with common_name={wanted} (Vault also writes it as alternative name).")),
    ]
}
