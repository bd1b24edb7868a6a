//! WID403: the method's path and the roles' names.

use lab_hcl::Span;

use crate::Severity;
use crate::cluster::Cluster;
use crate::finding::{Finding, Place};
use crate::vault::{Fact, FactKind, LIVE};

const DEFAULT_PATH: &str = "jwt-nomad";
/// What guide 004 says to replace.
const PLACEHOLDER: &str = "AUTH_METHOD_ACCESSOR";

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = paths(cluster);
    findings.extend(default_roles(cluster));
    findings.extend(agents_roles(cluster));
    findings.extend(jobs_roles(cluster));
    findings.extend(placeholders(cluster));
    findings
}

fn of_kind(cluster: &Cluster, kind: FactKind) -> impl Iterator<Item = &Fact> {
    cluster.facts.iter().filter(move |fact| fact.kind == kind)
}

/// Where the agents log in, and where the methods are, as far as that is known.
fn paths(cluster: &Cluster) -> Vec<Finding> {
    let mounts: Vec<&str> =
        of_kind(cluster, FactKind::JwtMethod).filter_map(|method| method.mount.as_deref()).collect();
    if mounts.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (node, agent) in cluster.agents() {
        if !agent.configuration.is_client || !agent.flag(&["vault", "enabled"]) {
            continue;
        }
        let path = agent.text(&["vault", "jwt_auth_backend_path"]).unwrap_or_else(|| DEFAULT_PATH.to_owned());
        if mounts.contains(&path.trim_matches('/')) {
            continue;
        }
        let message =
            format!("this agent logs in at auth/{path}, and Vault's JWT method is at {}", mounts.join(", "));
        let place = agent.place(&["vault", "jwt_auth_backend_path"], "no such method");
        findings.push(Finding::new("WID403", message).on(&node.name).at(place));
    }
    findings
}

fn default_roles(cluster: &Cluster) -> Vec<Finding> {
    of_kind(cluster, FactKind::JwtMethod)
        .filter_map(|method| {
            let role = method.text("default_role")?;
            let place = method.place("default_role", "no such role here")?;
            unknown(cluster, &role, place, &format!("{} has the default role", method.shown()))
        })
        .collect()
}

fn agents_roles(cluster: &Cluster) -> Vec<Finding> {
    cluster
        .agents()
        .filter_map(|(node, agent)| {
            let role = agent.text(&["vault", "create_from_role"])?;
            let place = agent.place(&["vault", "create_from_role"], "no such role here")?;
            Some(unknown(cluster, &role, place, "the agent asks for the role")?.on(&node.name))
        })
        .collect()
}

fn jobs_roles(cluster: &Cluster) -> Vec<Finding> {
    cluster
        .vault_uses
        .iter()
        .filter_map(|vault_use| {
            let role = vault_use.role.as_ref()?;
            let place = vault_use.place("no such role here")?;
            unknown(cluster, role, place, &format!("job {:?} asks for the role", vault_use.job))
        })
        .collect()
}

/// A role that is not among those that are known. Files are named as people like: a name that only ends with the
/// role's counts, unless the roles come from Vault itself.
fn unknown(cluster: &Cluster, role: &str, place: Place, who: &str) -> Option<Finding> {
    let known: Vec<&Fact> = of_kind(cluster, FactKind::JwtRole).collect();
    if known.is_empty() {
        return None;
    }
    let is_it = |fact: &&Fact| {
        let is_live = fact.document.file.source.name.starts_with(LIVE);
        fact.name.as_deref().is_some_and(|name| {
            name.eq_ignore_ascii_case(role) || !is_live && (name.ends_with(role) || role.ends_with(name))
        })
    };
    if known.iter().any(is_it) {
        return None;
    }
    let names: Vec<&str> = known.iter().filter_map(|fact| fact.name.as_deref()).collect();
    let message = format!("{who} `{role}`, and the roles here are {}", names.join(", "));
    Some(Finding::new("WID403", message).at(Some(place)))
}

/// Policies that still hold the guide's placeholder for the method's accessor.
fn placeholders(cluster: &Cluster) -> Vec<Finding> {
    let documents = cluster.policies.iter();
    documents
        .filter_map(|document| {
            let start = document.file.text().find(PLACEHOLDER)?;
            let message = "this policy still says AUTH_METHOD_ACCESSOR: it grants nothing";
            let fix = "Replace it by the accessor that `vault auth list` shows for the method.";
            let place = document.place(Span::new(start, start + PLACEHOLDER.len()), "auth_jwt_...");
            Some(Finding::new("WID403", message).at(Some(place)).fix(fix).severity(Severity::Information))
        })
        .collect()
}
