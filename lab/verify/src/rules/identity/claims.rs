//! WID404: the claims that a role reads.

use lab_hcl::{Body, Kind};

use crate::Severity;
use crate::cluster::Cluster;
use crate::document::bodies;
use crate::finding::Finding;
use crate::vault::{Fact, FactKind};

/// What Nomad writes into a workload's token, besides the registered claims.
const CLAIMS: [&str; 16] = [
    "nomad_namespace",
    "nomad_job_id",
    "nomad_allocation_id",
    "nomad_task",
    "nomad_service",
    "consul_namespace",
    "vault_namespace",
    "vault_role",
    "extra_claims",
    "sub",
    "aud",
    "iat",
    "nbf",
    "exp",
    "jti",
    "iss",
];

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    let roles = cluster.facts.iter().filter(|fact| fact.kind == FactKind::JwtRole);
    roles
        .flat_map(|role| [role_type(role), user_claim(role)].into_iter().flatten().chain(bound_claims(role)))
        .collect()
}

fn role_type(role: &Fact) -> Option<Finding> {
    let said = role.text("role_type");
    if said.as_deref() == Some("jwt") {
        return None;
    }
    let is = said.map_or("not set, which means oidc".to_owned(), |text| format!("{text:?}"));
    let message = format!("role_type of {} is {is}: `role with oidc role_type is not allowed`", role.shown());
    Some(
        Finding::new("WID404", message).at(role.place("role_type", "must be jwt")).fix("role_type = \"jwt\""),
    )
}

fn user_claim(role: &Fact) -> Option<Finding> {
    let place = |label: &str| role.place("user_claim", label);
    let Some(claim) = role.text("user_claim") else {
        let message = format!("{} has no user_claim", role.shown());
        return Some(Finding::new("WID404", message).at(place("user_claim is missing")));
    };
    let is_pointer = role.flag("user_claim_json_pointer");
    if claim.starts_with('/') && !is_pointer {
        let message = format!(
            "user_claim {claim:?} is read as a name, not as a pointer: `claim {claim:?} not found in token`"
        );
        let finding = Finding::new("WID404", message).at(place("needs user_claim_json_pointer"));
        return Some(finding.fix("user_claim_json_pointer = true"));
    }
    if is_known(&claim) {
        return None;
    }
    let message = format!("user_claim {claim:?} is none of the claims of Nomad's tokens");
    Some(Finding::new("WID404", message).at(place("not in the token")))
}

fn bound_claims(role: &Fact) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (body, _) in bodies(&role.body, "bound_claims") {
        findings.extend(claims(role, body));
    }
    findings
}

fn claims(role: &Fact, body: &Body) -> Vec<Finding> {
    let mut findings = Vec::new();
    for attribute in body.attributes() {
        let name = &attribute.name;
        let place = |label: &str| Some(role.document.place(attribute.span, label));
        if !is_known(name) {
            let message = format!(
                "bound claim {name:?} is none of the claims of Nomad's tokens: every login is refused"
            );
            findings.push(Finding::new("WID404", message).at(place("not in the token")));
        }
        let is_text = |kind: &Kind| matches!(kind, Kind::String(_));
        let is_good = match &attribute.value.kind {
            Kind::List(values) => values.iter().all(|value| is_text(&value.kind)),
            kind => is_text(kind),
        };
        if !is_good {
            let message = format!("bound claim {name:?} is not a text: Nomad's claims are");
            findings
                .push(Finding::new("WID404", message).at(place("not a text")).severity(Severity::Warning));
        }
    }
    findings
}

/// A claim by its name, or by a JSON pointer.
fn is_known(claim: &str) -> bool {
    let name = claim.trim_start_matches('/').split('/').next().unwrap_or_default();
    CLAIMS.contains(&name)
}
