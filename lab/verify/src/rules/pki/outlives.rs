//! PKI302: roles that issue for longer than their issuer lives.

use std::time::Duration;

use lab_pki::Certificate;

use crate::Severity;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::rules::subject::{shown, shown_duration};
use crate::vault::{Fact, FactKind};

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    cluster
        .facts
        .iter()
        .filter(|fact| fact.kind == FactKind::PkiRole)
        .filter_map(|role| judge(cluster, role))
        .collect()
}

fn judge(cluster: &Cluster, role: &Fact) -> Option<Finding> {
    let issuer = issuer_of(cluster, role)?;
    let left = issuer.not_after() - cluster.at;
    let longest = ["ttl", "max_ttl"].into_iter().filter_map(|name| Some((name, role.duration(name)?)));
    let (name, ttl) = longest.max_by_key(|(_, ttl)| *ttl)?;
    let exceeds = |ttl: Duration| time::Duration::try_from(ttl).is_ok_and(|ttl| ttl > left);
    if !exceeds(ttl) {
        return None;
    }
    let message = format!(
        "{} issues for up to {}, and its issuer {:?} has {} left: `cannot satisfy request, as TTL would result in notAfter ...`",
        role.shown(),
        shown_duration(ttl),
        issuer.common_name(),
        if left.is_negative() { "nothing".to_owned() } else { shown(left) }
    );
    // Only what is asked for without a ttl, or with a long one, fails when the maximum alone is too long.
    let is_certain = role.duration("ttl").is_none_or(exceeds);
    let severity = if is_certain { Severity::Critical } else { Severity::Warning };
    Some(
        Finding::new("PKI302", message)
            .at(role.place(name, "longer than the issuer lives"))
            .severity(severity),
    )
}

/// The issuer's certificate: of the same mount where that is known, else the only authority that signs agents here.
fn issuer_of(cluster: &Cluster, role: &Fact) -> Option<Certificate> {
    let issuers = || cluster.facts.iter().filter(|fact| fact.kind == FactKind::Issuer);
    let same_mount = issuers().find(|issuer| issuer.mount.is_some() && issuer.mount == role.mount);
    let only = || Some(issuers().next()?).filter(|_| issuers().count() == 1 && role.mount.is_none());
    if let Some(issuer) = same_mount.or_else(only) {
        let truncates = issuer.text("leaf_not_after_behavior").is_some_and(|behavior| behavior != "err");
        return Certificate::from_pem(&issuer.text("certificate")?).ok().filter(|_| !truncates);
    }
    let mut found: Vec<Certificate> = Vec::new();
    for (_, agent) in cluster.agents() {
        let material = &agent.material;
        let Some(leaf) = material.leaf() else { continue };
        let known = material.intermediates().iter().chain(material.authorities());
        let issuer = known.into_iter().find(|issuer| leaf.check_signature_from(issuer).is_ok());
        if let Some(issuer) = issuer.filter(|issuer| !found.contains(issuer)) {
            found.push(issuer.clone());
        }
    }
    found.into_iter().min_by_key(Certificate::not_after)
}
