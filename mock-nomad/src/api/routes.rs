//! Which paths there are, as Go's `ServeMux` has them: whole paths, and beginnings that end with a slash. A path that
//! only lacks that slash, or that says `//` or `..`, is sent to where it belongs.

/// Whole paths.
const WHOLE: [&str; 75] = [
    "acl/auth-method",
    "acl/auth-methods",
    "acl/binding-rule",
    "acl/binding-rules",
    "acl/bootstrap",
    "acl/identity/client-introduction-token",
    "acl/login",
    "acl/oidc/auth-url",
    "acl/oidc/complete-auth",
    "acl/policies",
    "acl/role",
    "acl/roles",
    "acl/token",
    "acl/token/onetime",
    "acl/token/onetime/exchange",
    "acl/token/self",
    "acl/tokens",
    "agent/force-leave",
    "agent/health",
    "agent/host",
    "agent/join",
    "agent/members",
    "agent/monitor",
    "agent/schedulers",
    "agent/schedulers/config",
    "agent/self",
    "agent/servers",
    "allocations",
    "client/gc",
    "client/identity",
    "client/identity/renew",
    "client/metadata",
    "client/stats",
    "deployments",
    "evaluations",
    "evaluations/count",
    "event/stream",
    "jobs",
    "jobs/parse",
    "jobs/statuses",
    "metrics",
    "namespace",
    "namespaces",
    "node/pools",
    "nodes",
    "operator/autopilot/configuration",
    "operator/autopilot/health",
    "operator/license",
    "operator/scheduler/configuration",
    "operator/snapshot",
    "operator/utilization",
    "plugins",
    "quota",
    "quota-usages",
    "quotas",
    "recommendation",
    "recommendations",
    "recommendations/apply",
    "regions",
    "scaling/policies",
    "search",
    "search/fuzzy",
    "sentinel/policies",
    "services",
    "status/leader",
    "status/peers",
    "system/gc",
    "system/reconcile/summaries",
    "validate/job",
    "vars",
    "volumes",
    "volumes/external",
    "volumes/snapshot",
    "volumes/claims",
    "agent/monitor/export",
];

/// Beginnings, without the slash at their end.
const BEGINNINGS: [&str; 29] = [
    "acl/auth-method",
    "acl/binding-rule",
    "acl/policy",
    "acl/role",
    "acl/token",
    "agent/keyring",
    "agent/pprof",
    "allocation",
    "client/allocation",
    "client/fs",
    "deployment",
    "evaluation",
    "job",
    "namespace",
    "node",
    "node/pool",
    "operator/keyring",
    "operator/raft",
    "operator/upgrade-check",
    "plugin/csi",
    "quota",
    "recommendation",
    "scaling/policy",
    "sentinel/policy",
    "service",
    "var",
    "volume/csi",
    "volume/host",
    "volumes/claim",
];

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// To somebody who answers, or is outside of the API.
    Here,
    /// To another path.
    Elsewhere(String),
    /// Nowhere.
    Nowhere,
}

/// Where the path of a request leads.
pub(crate) fn find(path: &str) -> Place {
    let clean = clean(path);
    if clean != path {
        return Place::Elsewhere(clean);
    }
    let Some(rest) = path.strip_prefix("/v1/") else { return Place::Here };
    if WHOLE.contains(&rest) {
        return Place::Here;
    }
    let is_below = |beginning: &&str| rest.strip_prefix(*beginning).is_some_and(|more| more.starts_with('/'));
    match BEGINNINGS.iter().any(is_below) {
        true => Place::Here,
        false if BEGINNINGS.contains(&rest) => Place::Elsewhere(format!("{path}/")),
        false => Place::Nowhere,
    }
}

/// A path without `//`, `.` and `..`. A slash at its end stays.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let mut clean: String = parts.iter().map(|part| format!("/{part}")).collect();
    if clean.is_empty() || path.ends_with('/') {
        clean.push('/');
    }
    clean
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn paths_lead_where_go_leads_them() {
        let elsewhere = |path: &str| Place::Elsewhere(path.to_owned());
        for (path, place) in [
            ("/v1/jobs", Place::Here),
            ("/v1/jobs/", Place::Nowhere),
            ("/v1/job", elsewhere("/v1/job/")),
            ("/v1/job/", Place::Here),
            ("/v1/job/a/b", Place::Here),
            ("/v1/node/pool", Place::Here),
            ("/v1/acl/token", Place::Here),
            ("/v1/acl/token/x", Place::Here),
            ("/v1//jobs", elsewhere("/v1/jobs")),
            ("/v1/../x", elsewhere("/x")),
            ("/v1/nothing", Place::Nowhere),
            ("/x", Place::Here),
        ] {
            assert_eq!(find(path), place, "{path}");
        }
    }
}
