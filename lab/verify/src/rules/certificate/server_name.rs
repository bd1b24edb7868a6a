//! CERT104: a client that can act as a server.

use crate::finding::Finding;
use crate::rules::subject::{Subject, all_names};
use crate::rules::tls_region_of;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let configuration = &subject.agent.configuration;
    let Some(leaf) = subject.leaf().filter(|_| !configuration.is_server) else { return Vec::new() };
    let Some(name) = all_names(leaf).find(|name| tls_region_of(name, "server").is_some()) else {
        return Vec::new();
    };
    let message = format!("this client's certificate carries {name}: it can act as a server");
    let fix = format!(
        "Issue it from a Vault role that allows only client.{}.nomad (lab explain PKI301).",
        configuration.region
    );
    vec![subject.finding("CERT104", message).at(subject.leaf_place()).fix(fix)]
}
