//! WID405: how long the tokens live that roles give.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::rules::subject::shown_duration;
use crate::vault::{Fact, FactKind};

/// Nomad renews at half of the life, give or take ten seconds.
const SHORTEST: Duration = Duration::from_secs(60);

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    cluster.facts.iter().filter(|fact| fact.kind == FactKind::JwtRole).filter_map(judge).collect()
}

fn judge(role: &Fact) -> Option<Finding> {
    let shown = role.shown();
    let found = |name: &str, message: String, label: &str| {
        Some(Finding::new("WID405", message).at(role.place(name, label)))
    };
    if role.text("token_type").as_deref() == Some("batch") {
        let message = format!("{shown} gives batch tokens, which cannot be renewed");
        return found("token_type", message, "must be service");
    }
    for name in ["token_explicit_max_ttl", "token_max_ttl"] {
        if let Some(longest) = role.duration(name) {
            let message = format!(
                "{shown} gives tokens that end after {} whatever the task does",
                shown_duration(longest)
            );
            return found(name, message, "must be 0");
        }
    }
    let (name, life) =
        ["token_period", "token_ttl"].into_iter().find_map(|name| Some((name, role.duration(name)?)))?;
    if life >= SHORTEST {
        return None;
    }
    let message =
        format!("{shown} gives tokens of {}, less than Nomad needs to renew them", shown_duration(life));
    found(name, message, "too short")
}
