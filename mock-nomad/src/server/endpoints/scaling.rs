//! `Scaling`: the policies by which autoscalers change the counts of groups. They are parts of jobs.

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, unknown};
use crate::seam::RpcResult;
use crate::server::forward::{Access, Route};
use crate::state::{JobKey, Tables, Topic};
use crate::structs::{Body, Job, Opaque, QueryOptions};

/// What lists show of a policy.
const STUB: [&str; 6] = ["CreateIndex", "Enabled", "ID", "ModifyIndex", "Target", "Type"];

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    if !matches!(name, "ListPolicies" | "GetPolicy") {
        return Err(unknown(&request.method));
    }
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let options = QueryOptions::of(body);
    match name {
        "ListPolicies" => list(server, request, body, &options).await,
        _ => Ok(get(server, &options, body.string("ID")).await),
    }
}

async fn list(server: &Server, request: &Request, body: Body<'_>, options: &QueryOptions) -> RpcResult {
    let caller = server.caller(request)?;
    let (job, kind) = (body.string("Job"), body.string("Type"));
    let look = |tables: &Tables| {
        let found = policies(tables)
            .filter(|((namespace, of), policy)| {
                options.wants(namespace)
                    && caller.acl.allows_in_namespace(namespace, "list-scaling-policies")
                    && (job.is_empty() || of == job)
                    && text(policy, "Type").starts_with(kind)
                    && text(policy, "ID").starts_with(&options.prefix)
            })
            .map(|(_, policy)| {
                let stub: serde_json::Map<_, _> =
                    STUB.iter().map(|name| ((*name).to_owned(), policy[*name].clone())).collect();
                to_value(&stub).unwrap_or(Value::Nil)
            });
        (tables.index_of(&Topic::Jobs), [("Policies", Value::Array(found.collect()))])
    };
    Ok(server.blocking(options, Topic::Jobs, look).await)
}

async fn get(server: &Server, options: &QueryOptions, id: &str) -> Value {
    let look = |tables: &Tables| {
        let found =
            policies(tables).find(|((namespace, _), policy)| options.wants(namespace) && policy["ID"] == id);
        let policy = found.map_or(Value::Nil, |(_, policy)| to_value(&policy).unwrap_or(Value::Nil));
        (tables.index_of(&Topic::Jobs), [("Policy", policy)])
    };
    server.blocking(options, Topic::Jobs, look).await
}

/// Every policy with the namespace and the id of its job, by id.
pub(super) fn policies(tables: &Tables) -> impl Iterator<Item = (&JobKey, &Opaque)> {
    let mut found: Vec<_> = tables.work.scaling_policies().collect();
    found.sort_by(|(_, left), (_, right)| text(left, "ID").cmp(text(right, "ID")));
    found.into_iter()
}

/// Gives the policies of a job that is to be registered the ids that those of its last version had.
pub(super) fn identify(job: &mut Job, known: Option<&Job>, mut id: impl FnMut() -> String) {
    let (namespace, job_id) = (job.namespace.clone(), job.id.clone());
    for group in &mut job.task_groups {
        let before =
            known.and_then(|known| known.group(&group.name)).and_then(|known| known.rest.get("Scaling"));
        let Some(policy) = group.rest.get_mut("Scaling").filter(|policy| policy.is_object()) else {
            continue;
        };
        policy["Target"] = serde_json::json!({"Namespace": namespace, "Job": job_id, "Group": group.name});
        if text(policy, "Type").is_empty() {
            policy["Type"] = "horizontal".into();
        }
        let before = before.filter(|before| before.is_object());
        policy["ID"] = before.map_or_else(&mut id, |before| text(before, "ID").to_owned()).into();
        for index in ["CreateIndex", "ModifyIndex"] {
            policy[index] = 0.into();
        }
    }
}

fn text<'a>(policy: &'a Opaque, name: &str) -> &'a str {
    policy[name].as_str().unwrap_or_default()
}
