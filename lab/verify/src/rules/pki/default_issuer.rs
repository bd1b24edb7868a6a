//! PKI303: the default issuer.

use crate::Severity;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::vault::{Fact, FactKind};

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    let configurations = cluster.facts.iter().filter(|fact| fact.kind == FactKind::Issuers);
    configurations.filter_map(|configuration| judge(cluster, configuration)).collect()
}

fn judge(cluster: &Cluster, issuers: &Fact) -> Option<Finding> {
    let of_mount =
        |fact: &&Fact| issuers.mount.is_none() || fact.mount.is_none() || fact.mount == issuers.mount;
    let wants_default = |role: &&Fact| role.text("issuer_ref").is_none_or(|issuer| issuer == "default");
    let roles: Vec<&Fact> =
        cluster.facts.iter().filter(|fact| fact.kind == FactKind::PkiRole).filter(of_mount).collect();
    if issuers.text("default").is_none() {
        let waiting = roles.iter().copied().find(|role| wants_default(role));
        let who = waiting.map(|role| format!(", which {} signs with", role.shown())).unwrap_or_default();
        let message = format!("there is no default issuer{who}: `no default issuer currently configured`");
        return Some(Finding::new("PKI303", message).at(issuers.place("default", "empty")));
    }
    let known = cluster.facts.iter().filter(|fact| fact.kind == FactKind::Issuer).filter(of_mount).count();
    if issuers.flag("default_follows_latest_issuer") && known != 1 {
        let message = "the default issuer follows the latest import: the next one changes who signs";
        let place = issuers.place("default_follows_latest_issuer", "moves by itself");
        return Some(Finding::new("PKI303", message).at(place).severity(Severity::Warning));
    }
    None
}
