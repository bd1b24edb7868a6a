//! WID401: audiences.

use crate::cluster::Cluster;
use crate::document::{attributes, texts_of};
use crate::finding::{Finding, Place};
use crate::vault::{Fact, FactKind};

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    let roles: Vec<&Fact> = cluster.facts.iter().filter(|fact| fact.kind == FactKind::JwtRole).collect();
    let mut findings: Vec<Finding> = roles.iter().filter_map(|role| unbound(role)).collect();
    for (node, agent) in cluster.agents() {
        for (document, body, span) in agent.within(&["vault", "default_identity"]) {
            let audience = texts_of(body, "aud").unwrap_or_default();
            let written = attributes(body, "aud").last().map_or(span, |attribute| attribute.span);
            let place = document.place(written, "what Nomad puts into its tokens");
            findings.extend(mismatch(&roles, &audience, place).map(|finding| finding.on(&node.name)));
        }
    }
    for vault_use in &cluster.vault_uses {
        let Some(audience) = &vault_use.audience else { continue };
        let own: Vec<&Fact> = match &vault_use.role {
            Some(role) => roles.iter().filter(|fact| fact.name.as_ref() == Some(role)).copied().collect(),
            None => roles.clone(),
        };
        let place = vault_use.place(format!("job {:?}: aud = {audience:?}", vault_use.job));
        findings.extend(place.and_then(|place| mismatch(&own, audience, place)));
    }
    findings
}

/// A role without audiences refuses every token of Nomad's that has one, and all have.
fn unbound(role: &Fact) -> Option<Finding> {
    if !role.texts("bound_audiences").is_empty() {
        return None;
    }
    let message = format!(
        "{} has no bound_audiences: `audience claim found in JWT but no audiences bound to the role`",
        role.shown()
    );
    Some(Finding::new("WID401", message).at(role.place("bound_audiences", "no audience is bound")))
}

/// No role that takes any of these audiences.
fn mismatch(roles: &[&Fact], audience: &[String], place: Place) -> Option<Finding> {
    let bound: Vec<(&Fact, Vec<String>)> = roles
        .iter()
        .map(|role| (*role, role.texts("bound_audiences")))
        .filter(|(_, bound)| !bound.is_empty())
        .collect();
    if audience.is_empty() {
        let message = "the identity has no `aud`: Vault's role wants one of its own";
        return Some(Finding::new("WID401", message).at(Some(place)));
    }
    let (role, wanted) = bound.first()?;
    if bound.iter().any(|(_, bound)| bound.iter().any(|one| audience.contains(one))) {
        return None;
    }
    let message = format!(
        "Nomad's tokens are for {}, and {} takes only {}",
        list(audience),
        role.shown(),
        list(wanted)
    );
    let other = role.place("bound_audiences", format!("takes {}", list(wanted)));
    let fix = format!("aud = [{}]", list(wanted));
    Some(Finding::new("WID401", message).at(Some(place)).with(other).fix(fix))
}

fn list(texts: &[String]) -> String {
    texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ")
}
