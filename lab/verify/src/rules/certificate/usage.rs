//! CERT106: what a certificate may be used for.

use lab_pki::ExtendedKeyUsage;

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(leaf) = subject.leaf() else { return Vec::new() };
    let usages = leaf.extended_key_usage();
    if usages.is_empty() || usages.contains(&ExtendedKeyUsage::Any) {
        return Vec::new();
    }
    let configuration = &subject.agent.configuration;
    let wanted = [
        (ExtendedKeyUsage::ServerAuth, "serverAuth", configuration.is_server || configuration.tls.http),
        (ExtendedKeyUsage::ClientAuth, "clientAuth", true),
    ];
    let missing = wanted.into_iter().find(|(usage, _, is_wanted)| *is_wanted && !usages.contains(usage));
    let Some((usage, name, _)) = missing else { return Vec::new() };
    let is_https_only = usage == ExtendedKeyUsage::ServerAuth && !configuration.is_server;
    let use_of = if is_https_only { "its HTTPS port" } else { "RPC" };
    let message =
        format!("the certificate of this {} lacks {name}, which {use_of} needs", subject.agent.role());
    let severity = if is_https_only { Severity::Warning } else { Severity::Critical };
    vec![subject.finding("CERT106", message).at(subject.leaf_place()).severity(severity)]
}
