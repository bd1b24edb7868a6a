//! What identities say.

use serde_json::{Map, Value, json};

/// Who an identity is for that a task or a service of an allocation asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct WorkloadParts<'a> {
    pub(crate) region: &'a str,
    pub(crate) namespace: &'a str,
    /// The job's id; of dispatched and periodic children their parent's.
    pub(crate) job: &'a str,
    pub(crate) group: &'a str,
    pub(crate) allocation: &'a str,
    /// The task's name; empty for services of a group.
    pub(crate) task: &'a str,
    /// The service's name, where it is one's.
    pub(crate) service: &'a str,
    /// The identity's name.
    pub(crate) identity: &'a str,
    /// The task's role in Vault, where the identity is for Vault.
    pub(crate) vault_role: &'a str,
    /// Claims that the operator adds, with their values.
    pub(crate) extra: Map<String, Value>,
}

/// The claims of a workload, without times.
pub(crate) fn workload_claims(parts: &WorkloadParts<'_>, audience: &[String]) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() {
            claims.insert(name.to_owned(), value.into());
        }
    };
    put("nomad_namespace", parts.namespace);
    put("nomad_job_id", parts.job);
    put("nomad_allocation_id", parts.allocation);
    put("nomad_task", if parts.service.is_empty() { parts.task } else { "" });
    put("nomad_service", parts.service);
    put("vault_role", parts.vault_role);
    let of = if parts.service.is_empty() { parts.task } else { parts.service };
    let subject = [parts.region, parts.namespace, parts.job, parts.group, of, parts.identity].join(":");
    put("sub", &subject);
    match audience {
        [] => {}
        [one] => drop(claims.insert("aud".to_owned(), one.as_str().into())),
        more => drop(claims.insert("aud".to_owned(), json!(more))),
    }
    if !parts.extra.is_empty() {
        claims.insert("extra_claims".to_owned(), parts.extra.clone().into());
    }
    claims
}

/// The claims of a node.
pub(crate) fn node_claims(region: &str, node: &crate::structs::Node) -> Map<String, Value> {
    let mut claims = Map::new();
    for (name, value) in [
        ("nomad_node_id", &node.id),
        ("nomad_node_pool", &node.node_pool),
        ("nomad_node_class", &node.node_class),
        ("nomad_node_datacenter", &node.datacenter),
    ] {
        if !value.is_empty() {
            claims.insert(name.to_owned(), value.as_str().into());
        }
    }
    let subject = format!("node:{region}:{}:{}:default", node.node_pool, node.id);
    claims.insert("sub".to_owned(), subject.into());
    claims.insert("aud".to_owned(), "nomadproject.io".into());
    claims
}

/// The claims of somebody who may register as a node.
pub(crate) fn introduction_claims(region: &str, pool: &str, name: &str) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("nomad_node_name".to_owned(), name.into());
    claims.insert("nomad_node_pool".to_owned(), pool.into());
    claims.insert("sub".to_owned(), format!("node-introduction:{region}:{pool}:{name}:default").into());
    claims.insert("aud".to_owned(), "nomadproject.io".into());
    claims
}

/// Adds the times, an id of its own, and who issues. `now` and `ttl` are in seconds; without a `ttl` it does not end.
pub(crate) fn stamp(claims: &mut Map<String, Value>, id: &str, issuer: &str, now: i64, ttl: Option<i64>) {
    claims.insert("jti".to_owned(), id.into());
    claims.insert("iat".to_owned(), now.into());
    claims.insert("nbf".to_owned(), now.into());
    if let Some(ttl) = ttl.filter(|ttl| *ttl > 0) {
        claims.insert("exp".to_owned(), (now + ttl).into());
    }
    if !issuer.is_empty() {
        claims.insert("iss".to_owned(), issuer.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_names_the_workload() {
        let task = WorkloadParts {
            region: "global",
            namespace: "default",
            job: "app",
            group: "g",
            allocation: "a",
            task: "t",
            identity: "vault_default",
            ..WorkloadParts::default()
        };
        let claims = workload_claims(&task, &["vault.io".to_owned()]);
        assert_eq!(claims["sub"], "global:default:app:g:t:vault_default");
        assert_eq!((claims["aud"].clone(), claims["nomad_task"].clone()), ("vault.io".into(), "t".into()));
        assert!(!claims.contains_key("vault_role") && !claims.contains_key("extra_claims"));
        let two = workload_claims(&task, &["a".to_owned(), "b".to_owned()]);
        assert_eq!(two["aud"], json!(["a", "b"]));
    }

    #[test]
    fn times_are_whole_seconds() {
        let mut claims = introduction_claims("global", "default", "n1");
        stamp(&mut claims, "id", "https://nomad", 1000, Some(300));
        assert_eq!(
            Value::Object(claims),
            json!({"aud": "nomadproject.io", "exp": 1300, "iat": 1000, "iss": "https://nomad", "jti": "id", "nbf": 1000,
                   "nomad_node_name": "n1", "nomad_node_pool": "default",
                   "sub": "node-introduction:global:default:n1:default"})
        );
    }
}
