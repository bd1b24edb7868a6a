//! TLS005: what a reload does not apply.

use mock_nomad::TlsSettings;

use crate::Severity;
use crate::agent::Agent;
use crate::cluster::Cluster;
use crate::document;
use crate::finding::Finding;
use crate::rules::subject::Subject;

/// What Nomad does not compare on SIGHUP, or compares and does not apply.
const NOT_RELOADED: [&str; 5] = [
    "rpc_upgrade_mode",
    "verify_server_hostname",
    "verify_https_client",
    "tls_min_version",
    "tls_cipher_suites",
];

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    let agents = || cluster.agents().map(|(node, agent)| Subject { cluster, node, agent });
    match &cluster.before {
        Some(before) => agents().flat_map(|subject| compare(&subject, before)).collect(),
        None => agents().filter_map(|subject| closed_by_a_line(&subject)).collect(),
    }
}

/// What differs from the same node before.
fn compare(subject: &Subject<'_>, before: &Cluster) -> Vec<Finding> {
    let only = before.agents().count() == 1 && subject.cluster.agents().count() == 1;
    let same = before.agents().find(|(node, _)| node.name == subject.node.name || only);
    let Some((_, before)) = same else { return Vec::new() };
    let (old, new) = (&before.configuration.tls, &subject.agent.configuration.tls);
    let is_reloaded_whole = old.rpc != new.rpc || !has_same_certificates(before, subject.agent);
    if is_reloaded_whole {
        return Vec::new();
    }
    let changed = NOT_RELOADED.into_iter().filter(|name| value(old, name) != value(new, name));
    changed
        .map(|name| {
            let (was, is) = (value(old, name), value(new, name));
            let message =
                format!("tls.{name} changes from {was} to {is}, and a reload alone does not apply it");
            let place = subject.agent.place(&["tls", name], format!("was {was}"));
            subject.finding("TLS005", message).at(place).severity(Severity::Warning)
        })
        .collect()
}

/// A `rpc_upgrade_mode = false` that is written out is the last step of a migration.
fn closed_by_a_line(subject: &Subject<'_>) -> Option<Finding> {
    let configuration = &subject.agent.configuration;
    let settings = subject.agent.settings(&["tls", "rpc_upgrade_mode"]);
    let last = settings.last()?;
    let is_false = matches!(document::text(&last.attribute.value).as_deref(), Some("false" | "0"));
    if !is_false || configuration.tls.rpc_upgrade_mode || !configuration.is_server || !configuration.tls.rpc {
        return None;
    }
    let message = "rpc_upgrade_mode = false closes the port only after a restart: if this line came by a reload, \
                   the port still answers plaintext";
    Some(subject.finding("TLS005", message).at(Some(last.place("was this server restarted since?"))))
}

fn has_same_certificates(one: &Agent, other: &Agent) -> bool {
    let (a, b) = (&one.configuration.tls, &other.configuration.tls);
    let text = |agent: &Agent| {
        let material = &agent.material;
        let files = [&material.ca.file, &material.certificates.file, &material.key.file];
        files.map(|file| file.as_ref().map(|file| file.text().to_owned()))
    };
    (&a.ca_file, &a.cert_file, &a.key_file) == (&b.ca_file, &b.cert_file, &b.key_file)
        && text(one) == text(other)
}

fn value(tls: &TlsSettings, name: &str) -> String {
    let text = |text: &str| if text.is_empty() { "the default".to_owned() } else { format!("{text:?}") };
    match name {
        "rpc_upgrade_mode" => tls.rpc_upgrade_mode.to_string(),
        "verify_server_hostname" => tls.verify_server_hostname.to_string(),
        "verify_https_client" => tls.verify_https_client.to_string(),
        "tls_min_version" => text(&tls.min_version),
        _ => text(&tls.cipher_suites),
    }
}
