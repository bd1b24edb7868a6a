//! Identities of the tasks and services of an allocation.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::identity::{WorkloadParts, workload_claims};
use crate::server::Server;
use crate::server::vault_identity::EXTRA_CLAIMS;
use crate::structs::{Allocation, Job, Node, Opaque, Task, TaskGroup};

/// The audience of the identity that every task has.
const DEFAULT_AUDIENCE: &str = "nomadproject.io";

/// Somebody of an allocation who asks for an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Wanted<'a> {
    /// The identity's name.
    pub(in crate::server) identity: &'a str,
    /// A task's name, or a service's.
    pub(in crate::server) workload: &'a str,
    /// The service's name with the values of its variables.
    pub(in crate::server) interpolated: &'a str,
    pub(in crate::server) is_service: bool,
}

/// What is signed for one, or why not: the token, and when it ends in seconds since 1970.
pub(in crate::server) fn identities_of(
    server: &Server,
    allocation: &Allocation,
    job: &Job,
    wanted: &Wanted<'_>,
) -> Result<(String, Option<i64>), &'static str> {
    let group = job.task_groups.iter().find(|group| group.name == allocation.task_group);
    let group = group.ok_or("task group not found")?;
    let (task, identity) = find(group, wanted)?;
    let audience: Vec<String> = match &identity["Audience"] {
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ if identity["Name"].as_str().is_none_or(|name| matches!(name, "" | "default")) => {
            vec![DEFAULT_AUDIENCE.to_owned()]
        }
        _ => Vec::new(),
    };
    let ttl = identity["TTL"].as_i64().map(|nanos| nanos / 1_000_000_000).filter(|ttl| *ttl > 0);
    let node = server.store.read(|tables| tables.nodes.get(&allocation.node_id).cloned());
    let vault = task.and_then(|task| task.rest.get("Vault")).filter(|vault| !vault.is_null());
    let is_for_vault = wanted.identity.starts_with("vault_");
    let role = vault.filter(|_| is_for_vault).and_then(|vault| vault["Role"].as_str()).unwrap_or_default();
    let default = Some(&server.parts.settings.vault_identity).filter(|_| is_for_vault);
    let extra =
        default.and_then(|default| default.get(EXTRA_CLAIMS)?.as_object()).cloned().unwrap_or_default();
    let scope = Scope { job, group, task, allocation, node: node.as_deref(), vault };
    let name = if wanted.interpolated.is_empty() { wanted.workload } else { wanted.interpolated };
    let parts = WorkloadParts {
        region: &server.parts.settings.region,
        namespace: &job.namespace,
        job: if job.parent_id().is_empty() { &job.id } else { job.parent_id() },
        group: &group.name,
        allocation: &allocation.id,
        task: if wanted.is_service { "" } else { wanted.workload },
        service: if wanted.is_service { name } else { "" },
        identity: wanted.identity,
        vault_role: role,
        extra: scope.fill(&extra),
    };
    let claims = workload_claims(&parts, &audience);
    let (token, _) = server.sign_claims(claims, ttl).map_err(|_| "failed to sign identity")?;
    Ok((token, ttl.map(|ttl| server.parts.host.clock.unix() + ttl)))
}

/// The identity that each task of an allocation has without asking, by task.
pub(in crate::server) fn sign_default(server: &Server, allocation: &Allocation) -> BTreeMap<String, String> {
    let Some(job) = &allocation.job else { return BTreeMap::new() };
    let group = job.task_groups.iter().find(|group| group.name == allocation.task_group);
    let tasks = group.into_iter().flat_map(|group| &group.tasks);
    tasks
        .filter_map(|task| {
            let wanted =
                Wanted { identity: "default", workload: &task.name, interpolated: "", is_service: false };
            Some((task.name.clone(), identities_of(server, allocation, job, &wanted).ok()?.0))
        })
        .collect()
}

/// The identity's own block, with its task.
fn find<'a>(group: &'a TaskGroup, wanted: &Wanted<'_>) -> Result<(Option<&'a Task>, Opaque), &'static str> {
    if wanted.is_service {
        let of_tasks =
            group.tasks.iter().flat_map(|task| services(&task.rest).map(move |one| (Some(task), one)));
        let all = services(&group.rest).map(|one| (None, one)).chain(of_tasks);
        let mut named =
            all.filter(|(_, service)| service["Name"].as_str() == Some(wanted.workload)).peekable();
        if named.peek().is_none() {
            return Err("service not found");
        }
        let found = named.find(|(_, service)| service["Identity"]["Name"].as_str() == Some(wanted.identity));
        return found.map(|(task, service)| (task, service["Identity"].clone())).ok_or("identity not found");
    }
    let task = group.tasks.iter().find(|task| task.name == wanted.workload).ok_or("task not found")?;
    if wanted.identity == "default" {
        let own = task.rest.get("Identity").filter(|own| !own.is_null()).cloned();
        return Ok((Some(task), own.unwrap_or_else(|| serde_json::json!({"Name": "default"}))));
    }
    let identities = task.rest.get("Identities").and_then(Opaque::as_array);
    let found =
        identities.into_iter().flatten().find(|identity| identity["Name"].as_str() == Some(wanted.identity));
    found.map(|identity| (Some(task), identity.clone())).ok_or("identity not found")
}

fn services(rest: &BTreeMap<String, Opaque>) -> impl Iterator<Item = &Opaque> {
    rest.get("Services").and_then(Opaque::as_array).into_iter().flatten()
}

/// What extra claims may name.
struct Scope<'a> {
    job: &'a Job,
    group: &'a TaskGroup,
    task: Option<&'a Task>,
    allocation: &'a Allocation,
    node: Option<&'a Node>,
    vault: Option<&'a Opaque>,
}

impl Scope<'_> {
    fn fill(&self, claims: &Map<String, Value>) -> Map<String, Value> {
        let text = |value: &Value| {
            value.as_str().map_or_else(|| value.clone(), |text| self.interpolate(text).into())
        };
        claims.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    }

    fn interpolate(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        let node = |field: fn(&Node) -> &String| self.node.map(field).cloned().unwrap_or_default();
        let vault =
            |field: &str| self.vault.and_then(|vault| vault[field].as_str()).unwrap_or_default().to_owned();
        for (name, value) in [
            ("job.region", self.job.region.clone()),
            ("job.namespace", self.job.namespace.clone()),
            ("job.id", self.job.id.clone()),
            ("job.node_pool", self.job.node_pool.clone()),
            ("group.name", self.group.name.clone()),
            ("alloc.id", self.allocation.id.clone()),
            ("node.id", node(|node| &node.id)),
            ("node.datacenter", node(|node| &node.datacenter)),
            ("node.pool", node(|node| &node.node_pool)),
            ("node.class", node(|node| &node.node_class)),
            ("task.name", self.task.map(|task| task.name.clone()).unwrap_or_default()),
            ("vault.cluster", vault("Cluster")),
            ("vault.namespace", vault("Namespace")),
            ("vault.role", vault("Role")),
        ] {
            filled = filled.replace(&format!("${{{name}}}"), &value);
        }
        filled
    }
}
