//! `Node`: what a node should run, and what it says it runs.

use std::collections::BTreeSet;

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::server::scheduler::is_eligible;
use crate::state::{Command, Tables, Topic};
use crate::structs::{Allocation, Body, Evaluation, QueryOptions, map};

/// `Node.GetClientAllocs`: ids and indexes of a node's allocations. The verdict on the caller comes after forwarding,
/// so only stale queries are refused by a follower.
pub(super) async fn get_for_client(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    server.client_only(request)?;
    let body = Body(&request.body);
    let (id, secret) = (body.string("NodeID").to_owned(), body.string("SecretID"));
    if id.is_empty() {
        return Err(RpcError::new("missing node ID for client status update"));
    }
    let matches =
        server.store.read(|tables| tables.nodes.get(&id).is_none_or(|node| node.secret_id == secret));
    if !matches {
        return Err(RpcError::new("node secret ID does not match"));
    }
    let topic = Topic::NodeAllocations(id.clone());
    let look = |tables: &Tables| {
        let allocations = tables.allocations_of_node(&id);
        let indexes = allocations
            .map(|allocation| (allocation.id.as_str().into(), allocation.alloc_modify_index.into()));
        let fields = [("Allocs", Value::Map(indexes.collect())), ("MigrateTokens", Value::Map(Vec::new()))];
        (tables.index_of(&Topic::NodeAllocations(id.clone())), fields)
    };
    Ok(server.blocking(&QueryOptions::of(body), topic, look).await)
}

/// `Node.GetAllocs`: a node's allocations, whole.
pub(super) async fn get_all(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let id = body.string("NodeID").to_owned();
    if id.is_empty() {
        return Err(RpcError::new("missing node ID"));
    }
    let look = |tables: &Tables| {
        let allocations =
            tables.allocations_of_node(&id).map(|allocation| to_value(&**allocation).unwrap_or(Value::Nil));
        (
            tables.index_of(&Topic::NodeAllocations(id.clone())),
            [("Allocs", Value::Array(allocations.collect()))],
        )
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::NodeAllocations(id.clone()), look).await)
}

/// `Node.UpdateAlloc`: what became of allocations. The verdict on the caller comes before forwarding.
pub(super) async fn update(server: &Server, request: &Request) -> RpcResult {
    server.client_only(request)?;
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    let updates: Vec<Allocation> = Body(&request.body).object("Alloc")?.unwrap_or_default();
    if updates.is_empty() {
        return Err(RpcError::new("must update at least one allocation"));
    }
    let node =
        server.store.read(|tables| tables.nodes.get(&updates[0].node_id).map(|node| node.status.clone()));
    match node.as_deref() {
        None => return Err(RpcError::new(format!("node {} not found", updates[0].node_id))),
        Some("down") => {
            return Err(RpcError::new(format!(
                "node {} is not allowed to update allocs while in status down",
                updates[0].node_id
            )));
        }
        Some(_) => {}
    }
    let evaluations = evaluations_after(server, &updates);
    let at = server.now_nanos();
    let index = server.apply(Command::UpdateAllocations { allocations: updates, evaluations, at }).await?;
    Ok(map([("Index", index.into())]))
}

/// Failed work is placed anew, ended system work may come again, and work that came back may be one too many.
fn evaluations_after(server: &Server, updates: &[Allocation]) -> Vec<Evaluation> {
    let (now, moment) = (server.now_nanos(), server.clock().now());
    let mut seen = BTreeSet::new();
    let mut evaluations = Vec::new();
    server.store.read(|tables| {
        for update in updates {
            let Some(known) = tables.allocations.get(&update.id) else { continue };
            let Some(job) = tables.job(&known.namespace, &known.job_id).filter(|job| !job.stop) else {
                continue;
            };
            let trigger = match (known.client_status.as_str(), update.client_status.as_str()) {
                ("unknown", "running") => "reconnect",
                (before, "failed") if before != "failed" => {
                    let group = job.group(&known.task_group);
                    let comes_again = group.is_some_and(|group| is_eligible(group, known, moment));
                    if !job.is_system() && !comes_again {
                        continue;
                    }
                    "alloc-failure"
                }
                (before, "complete")
                    if before != "complete" && known.desired_status == "run" && !job.is_batch() =>
                {
                    "alloc-failure"
                }
                _ => continue,
            };
            if seen.insert((known.namespace.clone(), known.job_id.clone())) {
                // The real servers do not say of which version of the job it is.
                let evaluation = server.evaluation_of(job, trigger, now);
                evaluations.push(Evaluation { job_modify_index: 0, ..evaluation });
            }
        }
    });
    evaluations
}
