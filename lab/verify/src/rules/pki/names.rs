//! PKI301: the names that a role issues.

use crate::Severity;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::vault::{Fact, FactKind};

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    cluster.facts.iter().filter(|fact| fact.kind == FactKind::PkiRole).filter_map(judge).collect()
}

fn judge(role: &Fact) -> Option<Finding> {
    let shown = role.shown();
    let found = |name: &str, message: String, label: &str, severity: Severity| {
        Some(Finding::new("PKI301", message).at(role.place(name, label)).severity(severity))
    };
    if role.flag("allow_any_name") {
        let message = format!("{shown} issues any name at all, server.<region>.nomad among them");
        return found("allow_any_name", message, "every name", Severity::Critical);
    }
    let domains = role.texts("allowed_domains");
    if role.flag("allow_glob_domains")
        && let Some(glob) = domains.iter().find(|domain| fits_both(domain))
    {
        let message = format!("{shown} issues what fits {glob}, for servers and for clients");
        return found("allowed_domains", message, "a glob for both roles", Severity::Warning);
    }
    // Subdomains of a region, or of all of Nomad, are the servers' and the clients' names alike.
    if role.flag("allow_subdomains")
        && let Some(domain) = domains.iter().find(|domain| is_region(domain))
    {
        let message = format!(
            "{shown} issues server.{domain} and client.{domain}: a client's token is good for a server's certificate"
        );
        return found("allow_subdomains", message, "every subdomain", Severity::Warning);
    }
    let is_bare = role.flag("allow_bare_domains");
    let has = |kind: &str| {
        domains.iter().any(|domain| domain.starts_with(&format!("{kind}.")) && domain.ends_with(".nomad"))
    };
    if is_bare && has("server") && has("client") {
        let message = format!("{shown} issues for servers and for clients");
        return found("allowed_domains", message, "both roles", Severity::Warning);
    }
    None
}

/// `nomad` or `<region>.nomad`
fn is_region(domain: &str) -> bool {
    let parts: Vec<&str> = domain.split('.').collect();
    matches!(parts.as_slice(), ["nomad"] | [_, "nomad"])
}

/// Whether a glob matches a server's and a client's name of one region.
fn fits_both(glob: &str) -> bool {
    glob.contains('*')
        && ["global", "eu", "x"].iter().any(|region| {
            ["server", "client"].iter().all(|role| fits(glob, &format!("{role}.{region}.nomad")))
        })
}

fn fits(glob: &str, name: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_matched_as_vault_matches_them() {
        assert!(fits("*.global.nomad", "server.global.nomad") && !fits("*.global.nomad", "global.nomad"));
        assert!(fits("client.*.nomad", "client.eu.nomad") && !fits_both("client.*.nomad"));
        assert!(fits_both("*") && fits_both("*.nomad") && !fits_both("global.nomad"));
    }

    #[test]
    fn regions_are_told_from_roles() {
        assert!(is_region("nomad") && is_region("global.nomad"));
        assert!(!is_region("client.global.nomad") && !is_region("example.com"));
    }
}
