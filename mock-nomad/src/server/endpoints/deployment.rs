//! `Deployment`: rollouts.

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, allocation, unknown};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::server::page::Page;
use crate::state::{Command, DeploymentChange, JobCommand, Tables, Topic};
use crate::structs::{Body, Deployment, QueryOptions, map};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    let access = match name {
        "GetDeployment" | "List" | "Allocations" => Access::Read,
        "Promote" | "Fail" | "Pause" | "SetAllocHealth" | "Unblock" | "Cancel" => Access::Write,
        _ => return Err(unknown(&request.method)),
    };
    if let Route::Elsewhere(answer) = server.forward(request, access).await {
        return answer;
    }
    match name {
        "GetDeployment" => get(server, request).await,
        "List" => list(server, request).await,
        "Allocations" => allocations(server, request).await,
        _ => change(server, request, name).await,
    }
}

async fn get(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let id = body.string("DeploymentID").to_owned();
    let look = |tables: &Tables| match tables.work.deployments.get(&id) {
        Some(found) => (found.modify_index, [("Deployment", to_value(found).unwrap_or(Value::Nil))]),
        None => (tables.index_of(&Topic::Deployments), [("Deployment", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Deployments, look).await)
}

async fn list(server: &Server, request: &Request) -> RpcResult {
    let options = QueryOptions::of(Body(&request.body));
    let caller = server.caller(request)?;
    let look = |tables: &Tables, page: &Page<'_>| {
        let all = tables.work.deployments.values();
        let wanted = all.filter(|found| {
            options.wants(&found.namespace)
                && found.id.starts_with(&options.prefix)
                && caller.acl.allows_in_namespace(&found.namespace, "read-job")
        });
        page.take(wanted.collect(), |found| found.id.clone(), |found| to_value(found).unwrap_or(Value::Nil))
    };
    server.listing(&options, Topic::Deployments, "Deployments", look).await
}

async fn allocations(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let id = body.string("DeploymentID").to_owned();
    let look = |tables: &Tables| {
        let found =
            tables.allocations.values().filter(|found| found.deployment_id == id).map(|found| &**found);
        (tables.index_of(&Topic::Allocations), [("Allocations", allocation::stubs(found))])
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Allocations, look).await)
}

/// Deployments as a list.
pub(super) fn encode<'a>(deployments: impl Iterator<Item = &'a Deployment>) -> Value {
    Value::Array(deployments.map(|found| to_value(found).unwrap_or(Value::Nil)).collect())
}

async fn change(server: &Server, request: &Request, name: &str) -> RpcResult {
    let body = Body(&request.body);
    let id = body.string("DeploymentID");
    if id.is_empty() {
        return Err(RpcError::new("missing deployment ID"));
    }
    let Some(found) = server.store.read(|tables| tables.work.deployments.get(id).cloned()) else {
        return Err(RpcError::new("deployment not found"));
    };
    let own = match name {
        "Fail" => "fail-deployment",
        "Pause" => "pause-deployment",
        "Promote" => "promote-deployment",
        "Unblock" => "unblock-deployment",
        "Cancel" => "cancel-deployment",
        "SetAllocHealth" => "set-alloc-health-deployment",
        _ => "register-job",
    };
    let acl = &server.caller(request)?.acl;
    if !["submit-job", own].iter().any(|name| acl.allows_in_namespace(&found.namespace, name)) {
        return Err(RpcError::permission_denied());
    }
    if name == "SetAllocHealth" && health_of(body).iter().all(Vec::is_empty) {
        return Err(RpcError::new("must specify at least one healthy/unhealthy allocation ID"));
    }
    if !found.is_active() {
        let verb = match name {
            "Promote" => "promote",
            "Fail" => "fail",
            "Pause" if body.boolean("Pause") => "pause",
            "Pause" => "resume",
            "SetAllocHealth" => "set health of allocations for",
            "Unblock" => "unblock",
            _ => "cancel",
        };
        return Err(RpcError::new(format!("can't {verb} terminal deployment")));
    }
    match name {
        "Promote" => promote(server, body, &found).await,
        "Fail" => fail(server, &found).await,
        "Pause" => pause(server, body, &found).await,
        "SetAllocHealth" => set_health(server, body, &found).await,
        "Unblock" => Err(RpcError::new("can't unblock terminal deployment")),
        _ => settle(server, &found, "cancelled", "Deployment cancelled").await,
    }
}

async fn promote(server: &Server, body: Body<'_>, found: &Deployment) -> RpcResult {
    let all = body.boolean("All");
    let asked = body.strings("Groups");
    let waiting: Vec<String> = found
        .task_groups
        .iter()
        .filter(|(group, state)| {
            (all || asked.contains(group)) && state.desired_canaries > 0 && !state.promoted
        })
        .map(|(group, _)| group.clone())
        .collect();
    if waiting.is_empty() {
        return Err(RpcError::new("no canaries to promote"));
    }
    let mut faults = Vec::new();
    server.store.read(|tables| {
        for group in &waiting {
            let state = &found.task_groups[group];
            let healthy = tables
                .allocations_of_job(&found.namespace, &found.job_id)
                .filter(|canary| canary.deployment_id == found.id && canary.task_group == *group)
                .filter(|canary| canary.is_canary() && canary.health() == Some(true) && !canary.is_terminal())
                .count();
            let healthy = i64::try_from(healthy).unwrap_or(0);
            if healthy < state.desired_canaries {
                faults.push(format!(
                    "Task group {group:?} has {healthy}/{} healthy allocations",
                    state.desired_canaries
                ));
            }
        }
    });
    if !faults.is_empty() {
        let label = if faults.len() == 1 { "1 error".to_owned() } else { format!("{} errors", faults.len()) };
        let lines: String = faults.iter().map(|fault| format!("\t* {fault}\n")).collect();
        return Err(RpcError::new(format!("{label} occurred:\n{lines}\n")));
    }
    let (evaluation, index) = server.promote(found, waiting).await?;
    Ok(updated(&evaluation, index, None))
}

async fn fail(server: &Server, found: &Deployment) -> RpcResult {
    let revert = found.task_groups.values().any(|state| state.auto_revert);
    let change =
        DeploymentChange { id: found.id.clone(), at: server.now_nanos(), ..DeploymentChange::default() };
    let change = server.failure(found, "Deployment marked as failed", revert, change);
    let reverted = change.revert.as_ref().map(|job| job.version);
    let evaluation = change.evaluations.first().map(|found| found.id.clone()).unwrap_or_default();
    let index = server.apply(Command::Job(JobCommand::Deployment(Box::new(change)))).await?;
    Ok(updated(&evaluation, index, reverted))
}

async fn pause(server: &Server, body: Body<'_>, found: &Deployment) -> RpcResult {
    if body.boolean("Pause") {
        return settle(server, found, "paused", "Deployment is paused").await;
    }
    settle(server, found, "running", "Deployment is running").await
}

async fn settle(server: &Server, found: &Deployment, status: &str, description: &str) -> RpcResult {
    let evaluations: Vec<_> = if status == "running" {
        server.deployment_evaluation(found).into_iter().collect()
    } else {
        Vec::new()
    };
    let evaluation = evaluations.first().map(|found| found.id.clone()).unwrap_or_default();
    let change = DeploymentChange {
        id: found.id.clone(),
        status: Some((status.to_owned(), description.to_owned())),
        evaluations,
        at: server.now_nanos(),
        ..DeploymentChange::default()
    };
    let index = server.apply(Command::Job(JobCommand::Deployment(Box::new(change)))).await?;
    Ok(updated(&evaluation, index, None))
}

/// The allocations that are said to be healthy, and those that are not.
fn health_of(body: Body<'_>) -> [Vec<String>; 2] {
    ["HealthyAllocationIDs", "UnhealthyAllocationIDs"].map(|name| body.strings(name))
}

async fn set_health(server: &Server, body: Body<'_>, found: &Deployment) -> RpcResult {
    let [healthy, unhealthy] = health_of(body);
    let stranger = server.store.read(|tables| {
        let strange =
            |id: &&String| tables.allocations.get(*id).is_none_or(|known| known.deployment_id != found.id);
        healthy.iter().chain(&unhealthy).find(strange).cloned()
    });
    if let Some(id) = stranger {
        return Err(RpcError::new(format!("unknown alloc {id:?}")));
    }
    let at = server.now_nanos();
    let evaluations: Vec<_> = server.deployment_evaluation(found).into_iter().collect();
    let evaluation = evaluations.first().map(|found| found.id.clone()).unwrap_or_default();
    let change = DeploymentChange {
        id: found.id.clone(),
        healthy,
        unhealthy,
        evaluations,
        at,
        ..DeploymentChange::default()
    };
    let index = server.apply(Command::Job(JobCommand::Deployment(Box::new(change)))).await?;
    Ok(updated(&evaluation, index, None))
}

fn updated(evaluation: &str, index: u64, reverted: Option<u64>) -> Value {
    map([
        ("EvalID", evaluation.into()),
        ("EvalCreateIndex", (if evaluation.is_empty() { 0 } else { index }).into()),
        ("DeploymentModifyIndex", index.into()),
        ("Index", index.into()),
        ("RevertedJobVersion", reverted.map_or(Value::Nil, Value::from)),
    ])
}
