//! `Alloc`: allocations by id, and lists of them.

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, unknown, unsupported};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::state::{Command, PlanResult, StopAllocation, Tables, Topic};
use crate::structs::{Allocation, Body, QueryOptions, map};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    match name {
        "GetAllocs" => get_many(server, request).await,
        "GetAlloc" => get(server, request).await,
        "List" => list(server, request).await,
        "Stop" => stop(server, request).await,
        "SignIdentities" => {
            server.client_only(request)?;
            Err(unsupported(&request.method))
        }
        _ => Err(unknown(&request.method)),
    }
}

/// What a client fetches after it learnt that something changed. The verdict on the caller comes before forwarding.
async fn get_many(server: &Server, request: &Request) -> RpcResult {
    server.client_only(request)?;
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let ids = body.strings("AllocIDs");
    let options = QueryOptions::of(body);
    let look = |tables: &Tables| {
        let found: Vec<&Allocation> =
            ids.iter().filter_map(|id| tables.allocations.get(id)).map(|found| &**found).collect();
        // One that is not there yet keeps the query waiting.
        let index = match found.len() < ids.len() {
            true => 1,
            false => found.iter().map(|allocation| allocation.modify_index).max().unwrap_or(1),
        };
        (index, [("Allocs", encode(found.into_iter())), ("SignedIdentities", Value::Nil)])
    };
    let answer = server.blocking(&options, Topic::Allocations, look).await;
    if Body(&answer).list("Allocs").len() < ids.len() {
        return Err(RpcError::new("unknown alloc id"));
    }
    Ok(answer)
}

async fn get(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let id = body.string("AllocID").to_owned();
    let look = |tables: &Tables| match tables.allocations.get(&id) {
        Some(found) => (found.modify_index, [("Alloc", to_value(&**found).unwrap_or(Value::Nil))]),
        None => (tables.index_of(&Topic::Allocations), [("Alloc", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Allocations, look).await)
}

async fn list(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables| {
        let all = tables.allocations.values().map(|allocation| &**allocation);
        let wanted =
            all.filter(|found| options.wants(&found.namespace) && found.id.starts_with(&options.prefix));
        (tables.index_of(&Topic::Allocations), [("Allocations", stubs(wanted))])
    };
    Ok(server.blocking(&options, Topic::Allocations, look).await)
}

/// Stops one allocation; the scheduler places another.
async fn stop(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    let id = Body(&request.body).string("AllocID").to_owned();
    if id.is_empty() {
        return Err(RpcError::new("must provide an alloc id"));
    }
    let found = server.store.read(|tables| {
        let found = tables.allocations.get(&id)?;
        Some((found.clone(), tables.job(&found.namespace, &found.job_id).cloned()))
    });
    let Some((_, Some(job))) = found else { return Err(RpcError::coded(404, "alloc not found")) };
    let at = server.now_nanos();
    let stop = StopAllocation {
        id,
        desired_status: "stop".to_owned(),
        description: "alloc is being migrated".to_owned(),
        ..StopAllocation::default()
    };
    server
        .apply(Command::ApplyPlan(Box::new(PlanResult { stop: vec![stop], at, ..PlanResult::default() })))
        .await?;
    let evaluation = server.evaluation_of(&job, "alloc-stop", at);
    let id = evaluation.id.clone();
    let index = server.apply(Command::UpdateEvaluations(vec![evaluation])).await?;
    Ok(map([("EvalID", id.into()), ("Index", index.into())]))
}

/// Allocations as lists show them.
pub(super) fn stubs<'a>(allocations: impl Iterator<Item = &'a Allocation>) -> Value {
    Value::Array(allocations.map(stub).collect())
}

fn stub(found: &Allocation) -> Value {
    let job = found.job.as_deref();
    let transition =
        ["Migrate", "Reschedule", "ForceReschedule", "NoShutdownDelay", "MigrateDisablePlacement"]
            .map(|name| (name, Value::Nil));
    map([
        ("ID", found.id.as_str().into()),
        ("EvalID", found.eval_id.as_str().into()),
        ("Name", found.name.as_str().into()),
        ("Namespace", found.namespace.as_str().into()),
        ("NodeID", found.node_id.as_str().into()),
        ("NodeName", found.node_name.as_str().into()),
        ("JobID", found.job_id.as_str().into()),
        ("JobType", job.map_or("", |job| job.kind.as_str()).into()),
        ("JobVersion", job.map_or(0, |job| job.version).into()),
        ("TaskGroup", found.task_group.as_str().into()),
        ("DesiredStatus", found.desired_status.as_str().into()),
        ("DesiredDescription", found.desired_description.as_str().into()),
        ("ClientStatus", found.client_status.as_str().into()),
        ("ClientDescription", found.client_description.as_str().into()),
        ("DesiredTransition", map(transition)),
        ("TaskStates", to_value(&found.task_states).unwrap_or(Value::Nil)),
        ("DeploymentStatus", to_value(&found.deployment_status).unwrap_or(Value::Nil)),
        ("FollowupEvalID", found.followup_eval_id.as_str().into()),
        ("NextAllocation", found.next_allocation.as_str().into()),
        ("RescheduleTracker", to_value(&found.reschedule_tracker).unwrap_or(Value::Nil)),
        ("PreemptedAllocations", Value::Nil),
        ("PreemptedByAllocation", "".into()),
        ("CreateIndex", found.create_index.into()),
        ("ModifyIndex", found.modify_index.into()),
        ("CreateTime", found.create_time.into()),
        ("ModifyTime", found.modify_time.into()),
    ])
}

/// Allocations as a list, whole.
pub(super) fn encode<'a>(allocations: impl Iterator<Item = &'a Allocation>) -> Value {
    Value::Array(allocations.map(|allocation| to_value(allocation).unwrap_or(Value::Nil)).collect())
}
