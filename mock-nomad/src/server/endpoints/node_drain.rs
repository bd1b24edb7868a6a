//! `Node.UpdateDrain`: emptying a node.

use std::time::Duration;

use lab_world::format_rfc3339_nano;
use rmpv::Value;
use serde_json::json;

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::state::{Command, DrainChange, JobCommand};
use crate::structs::{Body, NodeEvent, Opaque, map};

/// Begins or ends a drain.
pub(super) async fn update(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    let body = Body(&request.body);
    let id = body.string("NodeID");
    if id.is_empty() {
        return Err(RpcError::new("missing node ID for drain update"));
    }
    let Some(node) = server.store.read(|tables| tables.nodes.get(id).cloned()) else {
        return Err(RpcError::new("node not found"));
    };
    let strategy = body.get("DrainStrategy").map(|given| strategy(server, Body(given)));
    let ends = strategy.is_none();
    let message = match (&strategy, node.drain_strategy.is_null()) {
        (Some(_), true) => "Node drain strategy set",
        (Some(_), false) => "Node drain strategy updated",
        (None, _) => "Node drain strategy unset",
    };
    let now = server.parts.host.clock.now();
    let event = NodeEvent { subsystem: "Drain".to_owned(), ..NodeEvent::cluster(message, now) };
    let change = DrainChange {
        node_id: id.to_owned(),
        mark_eligible: body.boolean("MarkEligible"),
        last_drain: last_drain(server, body, &node.last_drain, ends && !node.drain_strategy.is_null(), ends),
        strategy: strategy.unwrap_or_default(),
        event: Some(event),
        at: server.parts.host.clock.unix(),
    };
    let index = server.apply(Command::Job(JobCommand::Drain(Box::new(change)))).await?;
    // Work comes to a node that may have some again.
    let returns = ends && body.boolean("MarkEligible") && node.scheduling_eligibility == "ineligible";
    let (evaluations, evaluation_index) =
        if returns { server.evaluate_node(id, index).await? } else { (Vec::new(), 0) };
    let ids: Vec<Value> = evaluations.into_iter().map(Value::from).collect();
    Ok(map([
        ("EvalIDs", if ids.is_empty() { Value::Nil } else { Value::Array(ids) }),
        ("Index", index.into()),
        ("EvalCreateIndex", evaluation_index.into()),
        ("NodeModifyIndex", index.into()),
    ]))
}

/// The strategy with its moments.
fn strategy(server: &Server, given: Body<'_>) -> Opaque {
    let now = server.parts.host.clock.now();
    let deadline = given.integer("Deadline");
    let force = match deadline {
        nanos @ 1.. => format_rfc3339_nano(now + Duration::from_nanos(nanos.unsigned_abs())),
        _ => "0001-01-01T00:00:00Z".to_owned(),
    };
    json!({
        "Deadline": deadline, "IgnoreSystemJobs": given.boolean("IgnoreSystemJobs"), "ForceDeadline": force,
        "StartedAt": format_rfc3339_nano(now),
    })
}

/// What the node remembers of the drain; null where there is nothing new.
fn last_drain(server: &Server, body: Body<'_>, known: &Opaque, cancels: bool, ends: bool) -> Opaque {
    let now = format_rfc3339_nano(server.parts.host.clock.now());
    if ends {
        if !cancels || !known.is_object() {
            return Opaque::Null;
        }
        let mut canceled = known.clone();
        canceled["Status"] = "canceled".into();
        canceled["UpdatedAt"] = now.into();
        return canceled;
    }
    let meta: Opaque = body.object("Meta").ok().flatten().unwrap_or_default();
    json!({"AccessorID": "", "Meta": meta, "StartedAt": now, "Status": "draining", "UpdatedAt": now})
}
