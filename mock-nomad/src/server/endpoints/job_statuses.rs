//! `Job.Statuses`: how jobs are, with their allocations and newest deployments, as the web interface shows them.

use std::collections::BTreeSet;

use rmpv::Value;

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::server::page::Page;
use crate::state::{Tables, Topic};
use crate::structs::{Allocation, Body, Deployment, Job, QueryOptions, map};

pub(super) async fn call(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    let options = QueryOptions::of(body);
    if options.namespace != "*" && !caller.acl.allows_in_namespace(&options.namespace, "read-job") {
        return Err(RpcError::permission_denied());
    }
    let asked: BTreeSet<(String, String)> = body
        .list("Jobs")
        .iter()
        .map(|job| (Body(job).string("Namespace").to_owned(), Body(job).string("ID").to_owned()))
        .collect();
    // Those that were asked for by name are shown whatever they are children of.
    let with_children = body.boolean("IncludeChildren") || !asked.is_empty();
    let look = |tables: &Tables, page: &Page<'_>| {
        let mut jobs: Vec<&Job> = tables
            .jobs
            .values()
            .map(|job| &**job)
            .filter(|job| caller.acl.allows_in_namespace(&job.namespace, "read-job"))
            .filter(|job| match asked.is_empty() {
                true => options.wants(&job.namespace),
                false => asked.contains(&(job.namespace.clone(), job.id.clone())),
            })
            .filter(|job| with_children || job.parent_id().is_empty())
            .collect();
        jobs.sort_by_key(|job| job.modify_index);
        let (found, next) =
            page.take(jobs, |job| format!("{:020}", job.modify_index), |job| status(tables, job))?;
        Ok((found, next.trim_start_matches('0').to_owned()))
    };
    // The newest come first.
    let next_token = match options.next_token.as_str() {
        "" => String::new(),
        token => format!("{token:0>20}"),
    };
    let options = QueryOptions { reverse: !options.reverse, next_token, ..options.clone() };
    server.listing(&options, Topic::Jobs, "Jobs", look).await
}

fn status(tables: &Tables, job: &Job) -> Value {
    let text = |text: &str| Value::from(text);
    let allocations = tables.allocations_of_job(&job.namespace, &job.id).map(|found| allocation(found));
    let children: Vec<Value> = tables.children_of(job).map(|child| text(&child.status)).collect();
    let newest = tables.work.deployments.newest_of_job(&job.namespace, &job.id);
    let is_pack = job.meta.as_ref().is_some_and(|meta| meta.contains_key("pack.name"));
    map([
        ("ID", text(&job.id)),
        ("Namespace", text(&job.namespace)),
        ("Name", text(&job.name)),
        ("Type", text(&job.kind)),
        ("NodePool", text(&job.node_pool)),
        ("Datacenters", Value::Array(job.datacenters.iter().map(|name| text(name)).collect())),
        ("Priority", job.priority.into()),
        ("Version", job.version.into()),
        ("Status", text(&job.status)),
        ("SubmitTime", job.submit_time.into()),
        ("ModifyIndex", job.modify_index.into()),
        ("Allocs", or_nil(allocations.collect())),
        ("GroupCountSum", job.task_groups.iter().map(|group| group.count).sum::<i64>().into()),
        ("ChildStatuses", or_nil(children)),
        ("ParentID", text(job.parent_id())),
        ("LatestDeployment", newest.map_or(Value::Nil, deployment)),
        ("Stop", job.stop.into()),
        ("IsPack", is_pack.into()),
    ])
}

fn or_nil(items: Vec<Value>) -> Value {
    if items.is_empty() { Value::Nil } else { Value::Array(items) }
}

fn allocation(found: &Allocation) -> Value {
    let health = found.deployment_status.as_ref().and_then(|status| status.healthy);
    let canary = found.deployment_status.as_ref().is_some_and(|status| status.canary);
    map([
        ("ID", found.id.as_str().into()),
        ("Group", found.task_group.as_str().into()),
        ("ClientStatus", found.client_status.as_str().into()),
        ("NodeID", found.node_id.as_str().into()),
        (
            "DeploymentStatus",
            map([("Canary", canary.into()), ("Healthy", health.map_or(Value::Nil, Value::from))]),
        ),
        ("JobVersion", found.job.as_ref().map_or(0, |job| job.version).into()),
        ("FollowupEvalID", found.followup_eval_id.as_str().into()),
        ("HasPausedTask", false.into()),
    ])
}

fn deployment(found: &Deployment) -> Value {
    map([
        ("ID", found.id.as_str().into()),
        ("IsActive", found.is_active().into()),
        ("JobVersion", found.job_version.into()),
        ("Status", found.status.as_str().into()),
        ("StatusDescription", found.status_description.as_str().into()),
        ("AllAutoPromote", all_promote(found).into()),
        ("RequiresPromotion", found.requires_promotion().into()),
    ])
}

/// Whether nothing waits for a person: the rollout goes on, and its canaries are promoted by themselves.
fn all_promote(found: &Deployment) -> bool {
    found.status == "running"
        && found.task_groups.values().all(|group| group.desired_canaries == 0 || group.auto_promote)
}
