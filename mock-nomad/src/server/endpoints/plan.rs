//! `Plan.Submit`: what a scheduler wants is checked against the present state and put into the log.

use std::collections::BTreeMap;

use lab_wire::rpc::{from_value, to_value};
use rmpv::Value;

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::state::{Command, PlanResult, Tables};
use crate::structs::{Body, map};

/// The request for a plan.
pub(in crate::server) fn encode_plan(
    plan: &PlanResult,
    region: &str,
    evaluation: &str,
    token: &str,
) -> Value {
    map([
        ("Region", region.into()),
        ("EvalID", evaluation.into()),
        ("EvalToken", token.into()),
        ("Plan", to_value(plan).unwrap_or(Value::Nil)),
    ])
}

/// The answer's `RefreshIndex` is not 0 where some of it no longer fits: the scheduler must look again.
pub(super) async fn submit(server: &Server, request: &Request) -> RpcResult {
    server.server_only(request)?;
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    let body = Body(&request.body);
    let Some(plan) = body.get("Plan") else { return Err(RpcError::new("cannot submit nil plan")) };
    let plan: PlanResult = from_value(plan.clone()).map_err(|error| RpcError::new(error.to_string()))?;
    server.broker.check(body.string("EvalID"), body.string("EvalToken")).map_err(RpcError::new)?;
    let (plan, whole) = server.store.read(|tables| fitting(tables, plan));
    let index = server.apply(Command::ApplyPlan(Box::new(plan))).await?;
    let refresh = if whole { 0 } else { index };
    Ok(map([("AllocIndex", index.into()), ("RefreshIndex", refresh.into()), ("Index", index.into())]))
}

/// What of a plan still fits, and whether that is all of it.
fn fitting(tables: &Tables, mut plan: PlanResult) -> (PlanResult, bool) {
    let asked = plan.place.len();
    let stopped: Vec<String> = plan.stop.iter().map(|stop| stop.id.clone()).collect();
    let mut used: BTreeMap<String, [i64; 3]> = BTreeMap::new();
    plan.place.retain(|allocation| {
        let Some(node) = tables.nodes.get(&allocation.node_id).filter(|node| node.is_ready()) else {
            return false;
        };
        let used = used.entry(node.id.clone()).or_insert_with(|| {
            let present = tables.allocations_of_node(&node.id);
            let lasting = present.filter(|present| !present.is_terminal() && !stopped.contains(&present.id));
            lasting.fold([0; 3], |sum, present| add(sum, present.allocated_resources.total()))
        });
        let with = add(*used, allocation.allocated_resources.total());
        let room = [
            node.node_resources.cpu.cpu_shares,
            node.node_resources.memory.memory_mb,
            node.node_resources.disk.disk_mb,
        ];
        let fits = with.iter().zip(room).all(|(with, room)| *with <= room);
        if fits {
            *used = with;
        }
        fits
    });
    let whole = plan.place.len() == asked;
    (plan, whole)
}

fn add(one: [i64; 3], other: [i64; 3]) -> [i64; 3] {
    [one[0] + other[0], one[1] + other[1], one[2] + other[2]]
}
