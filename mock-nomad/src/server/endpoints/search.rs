//! `Search`: objects by the beginning of their id, and by any part of their name.

use std::collections::BTreeMap;

use rmpv::Value;

use super::{Request, Server, unknown};
use crate::acl::{Acl, Level};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::state::{Tables, Topic};
use crate::structs::{Body, Job, QueryMeta, QueryOptions, map};

/// How many matches of a kind are told.
const MOST: usize = 20;

/// What can be looked for, in the order in which the real program lists it.
const CONTEXTS: [&str; 12] = [
    "allocs",
    "jobs",
    "nodes",
    "node_pools",
    "evals",
    "deployment",
    "plugins",
    "volumes",
    "scaling_policy",
    "vars",
    "namespaces",
    "host_volumes",
];

/// What is looked for by the beginning of a UUID.
const BY_UUID: [&str; 4] = ["allocs", "nodes", "evals", "deployment"];

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    match name {
        "PrefixSearch" => prefix(server, request),
        "FuzzySearch" => fuzzy(server, request),
        _ => Err(unknown(&request.method)),
    }
}

struct Search<'a> {
    acl: &'a Acl,
    namespace: &'a str,
}

impl Search<'_> {
    /// Whether the caller may look there at all.
    fn sees(&self, context: &str) -> bool {
        match context {
            "allocs" | "jobs" | "evals" | "deployment" | "scaling_policy" => {
                self.acl.allows_in_namespace(self.namespace, "read-job")
            }
            "nodes" => self.acl.allows_node(Level::Read),
            "node_pools" => self.acl.sees_node_pools(),
            "quotas" => self.acl.allows_quota(Level::Read),
            "plugins" => self.acl.allows_plugin(Level::List),
            "volumes" => ["csi-list-volume", "csi-read-volume", "list-jobs", "read-job"]
                .iter()
                .any(|name| self.acl.allows_in_namespace(self.namespace, name)),
            "host_volumes" => self.acl.allows_in_namespace(self.namespace, "host-volume-read"),
            "vars" => self.acl.sees_variables(self.namespace),
            _ => self.acl.sees_namespace(self.namespace),
        }
    }

    /// There are none, which is told only to those who may see them.
    fn check_quotas(&self, asked: &str) -> Result<(), RpcError> {
        if asked == "quotas" && !self.sees(asked) { Err(RpcError::permission_denied()) } else { Ok(()) }
    }

    fn wants(&self, namespace: &str) -> bool {
        self.namespace == "*" || self.namespace == namespace
    }

    /// The names of what can be found in a context, in order.
    fn names(&self, tables: &Tables, context: &str) -> Vec<String> {
        let may =
            |namespace: &str| self.wants(namespace) && self.acl.allows_in_namespace(namespace, "read-job");
        match context {
            "allocs" => {
                let all = tables.allocations.values().filter(|found| may(&found.namespace));
                all.map(|found| found.id.clone()).collect()
            }
            "evals" => {
                let all = tables.evaluations.values().filter(|found| may(&found.namespace));
                all.map(|found| found.id.clone()).collect()
            }
            "deployment" => {
                let all = tables.work.deployments.values().filter(|found| may(&found.namespace));
                all.map(|found| found.id.clone()).collect()
            }
            "scaling_policy" => {
                let all = super::scaling::policies(tables).filter(|((namespace, _), _)| may(namespace));
                all.filter_map(|(_, policy)| policy["ID"].as_str().map(str::to_owned)).collect()
            }
            "jobs" => self.jobs(tables).map(|job| job.id.clone()).collect(),
            "nodes" => tables.nodes.keys().cloned().collect(),
            "node_pools" => {
                let all = tables.registry.node_pools.keys();
                all.filter(|name| self.acl.allows_in_node_pool(name, "read")).cloned().collect()
            }
            "namespaces" => {
                let all = tables.registry.namespaces.keys();
                all.filter(|name| self.acl.sees_namespace(name)).cloned().collect()
            }
            "vars" => {
                let all = tables.variables.table.keys();
                all.filter(|(namespace, path)| {
                    self.wants(namespace) && self.acl.allows_with_variable(namespace, path, "list")
                })
                .map(|(_, path)| path.clone())
                .collect()
            }
            _ => Vec::new(),
        }
    }

    fn jobs<'t>(&'t self, tables: &'t Tables) -> impl Iterator<Item = &'t Job> {
        tables.jobs.values().map(|job| &**job).filter(|job| {
            self.wants(&job.namespace) && self.acl.allows_in_namespace(&job.namespace, "read-job")
        })
    }
}

/// The contexts that are asked for.
fn contexts(asked: &str) -> Result<Vec<&'static str>, RpcError> {
    match asked {
        "all" => Ok(CONTEXTS.to_vec()),
        asked => CONTEXTS.iter().find(|known| **known == asked).map(|known| vec![*known]).ok_or_else(|| {
            RpcError::new(format!(
                "context must be one of [{}] or 'all' for all contexts; got {}",
                CONTEXTS.join(" "),
                lab_pki::quote(asked)
            ))
        }),
    }
}

fn prefix(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    let (options, asked, prefix) = (QueryOptions::of(body), body.string("Context"), body.string("Prefix"));
    let search = Search { acl: &caller.acl, namespace: &options.namespace };
    search.check_quotas(asked)?;
    let contexts = contexts(asked)?;
    if asked != "all" && contexts.iter().any(|context| !search.sees(context)) {
        return Err(RpcError::permission_denied());
    }
    let (mut matches, mut truncations, mut index) = (Vec::new(), Vec::new(), 0);
    server.store.read(|tables| {
        for context in contexts.into_iter().filter(|context| search.sees(context)) {
            if BY_UUID.contains(&context) && !is_uuid_prefix(prefix) {
                index = index.max(index_of(tables, context));
                continue;
            }
            let of_uuid = prefix.len() - prefix.len() % 2;
            let begin =
                if BY_UUID.contains(&context) && prefix.len() < 36 { &prefix[..of_uuid] } else { prefix };
            let mut found = search.names(tables, context);
            found.retain(|name| name.starts_with(begin) && name.starts_with(prefix));
            truncations.push((context.into(), (found.len() > MOST).into()));
            found.truncate(MOST);
            let list = match found.is_empty() {
                true => Value::Nil,
                false => Value::Array(found.into_iter().map(Value::from).collect()),
            };
            matches.push((context.into(), list));
            index = index.max(index_of(tables, context));
        }
    });
    let meta = QueryMeta { index, ..server.meta(index) };
    Ok(meta.reply([("Matches", Value::Map(matches)), ("Truncations", Value::Map(truncations))]))
}

fn is_uuid_prefix(prefix: &str) -> bool {
    prefix.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

fn index_of(tables: &Tables, context: &str) -> u64 {
    let topic = match context {
        "allocs" => Topic::Allocations,
        "jobs" => Topic::Jobs,
        "nodes" => Topic::Nodes,
        "node_pools" => Topic::NodePools,
        "evals" => Topic::Evaluations,
        "vars" => Topic::Variables,
        "namespaces" => Topic::Namespaces,
        _ => return 0,
    };
    tables.index_of(&topic)
}

/// One thing that was found: what it is called, and where it is.
type Found = (String, Vec<String>);

fn fuzzy(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    let (options, asked, text) = (QueryOptions::of(body), body.string("Context"), body.string("Text"));
    if text.len() < 2 {
        return Err(RpcError::new(format!(
            "fuzzy search query must be at least 2 characters, got {}",
            text.len()
        )));
    }
    let search = Search { acl: &caller.acl, namespace: &options.namespace };
    search.check_quotas(asked)?;
    let contexts = contexts(asked)?;
    if asked != "all" && contexts.iter().any(|context| !search.sees(context)) {
        return Err(RpcError::permission_denied());
    }
    let mut matches: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    let (mut truncations, mut index) = (Vec::new(), 0);
    server.store.read(|tables| {
        for context in contexts.into_iter().filter(|context| search.sees(context)) {
            look(tables, &search, context, text, &mut matches);
            let many = matches.get(context).is_some_and(|found| found.len() > MOST);
            truncations.push((context.into(), many.into()));
            index = index.max(index_of(tables, context));
        }
    });
    for context in ["evals", "deployment", "scaling_policy", "volumes", "host_volumes"] {
        if asked == "all" && search.sees(context) && !matches.contains_key(context) {
            matches.insert(context.to_owned(), Vec::new());
        }
    }
    let matches = matches.into_iter().map(|(context, mut found)| {
        found.truncate(MOST);
        (context.into(), Value::Array(found.into_iter().map(encode).collect()))
    });
    let meta = QueryMeta { index, ..server.meta(index) };
    Ok(meta.reply([("Matches", Value::Map(matches.collect())), ("Truncations", Value::Map(truncations))]))
}

fn encode((id, scope): Found) -> Value {
    let id = ("ID", Value::from(id));
    match scope.is_empty() {
        true => map([id]),
        false => map([id, ("Scope", Value::Array(scope.into_iter().map(Value::from).collect()))]),
    }
}

fn look(
    tables: &Tables,
    search: &Search<'_>,
    context: &str,
    text: &str,
    matches: &mut BTreeMap<String, Vec<Found>>,
) {
    let wanted = text.to_lowercase();
    let mut note = |kind: &str, name: &str, scope: Vec<String>| {
        if name.to_lowercase().contains(&wanted) {
            matches.entry(kind.to_owned()).or_default().push((name.to_owned(), scope));
        }
    };
    match context {
        "jobs" => search.jobs(tables).for_each(|job| inside(job, &mut note)),
        "nodes" => {
            tables.nodes.values().for_each(|node| note("nodes", &node.name, vec![node.id.clone()]));
        }
        "allocs" => {
            let all = tables.allocations.values();
            let seen = all.filter(|found| {
                search.wants(&found.namespace) && search.acl.allows_in_namespace(&found.namespace, "read-job")
            });
            seen.for_each(|found| {
                note("allocs", &found.name, vec![found.namespace.clone(), found.id.clone()])
            });
        }
        "vars" => {
            let all = tables.variables.table.keys();
            let seen = all.filter(|(namespace, path)| {
                search.wants(namespace) && search.acl.allows_with_variable(namespace, path, "list")
            });
            seen.for_each(|(namespace, path)| note("vars", path, vec![namespace.clone(), path.clone()]));
        }
        other => search.names(tables, other).iter().for_each(|name| note(other, name, Vec::new())),
    }
}

/// A job's own name, and the names of what is in it.
fn inside(job: &Job, note: &mut impl FnMut(&str, &str, Vec<String>)) {
    let scope = vec![job.namespace.clone(), job.id.clone()];
    note("jobs", &job.name, scope.clone());
    for group in &job.task_groups {
        note("groups", &group.name, scope.clone());
        let in_group = [scope.as_slice(), std::slice::from_ref(&group.name)].concat();
        let services = |rest: &BTreeMap<String, crate::structs::Opaque>| -> Vec<String> {
            let list = rest.get("Services").and_then(|list| list.as_array()).into_iter().flatten();
            list.filter_map(|service| service["Name"].as_str().map(str::to_owned)).collect()
        };
        services(&group.rest).iter().for_each(|name| note("services", name, in_group.clone()));
        for task in &group.tasks {
            note("tasks", &task.name, in_group.clone());
            let in_task = [in_group.as_slice(), std::slice::from_ref(&task.name)].concat();
            services(&task.rest).iter().for_each(|name| note("services", name, in_task.clone()));
            let setting = |name: &str| {
                task.config.as_ref().and_then(|config| config.get(name)).and_then(|value| value.as_str())
            };
            setting("command").into_iter().for_each(|name| note("commands", name, in_task.clone()));
            setting("image").into_iter().for_each(|name| note("images", name, in_task.clone()));
        }
    }
}
