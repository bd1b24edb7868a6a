//! `Node`: registration, heartbeats, and what is known of the nodes.

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, node_allocations, unknown};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::state::{Command, Topic};
use crate::structs::{Body, Evaluation, Node, NodeEvent, QueryMeta, QueryOptions, map};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    match name {
        "Register" => register(server, request).await,
        "UpdateStatus" => update_status(server, request).await,
        "Deregister" | "BatchDeregister" => deregister(server, request).await,
        "UpdateEligibility" => update_eligibility(server, request).await,
        "Evaluate" => evaluate(server, request).await,
        "EmitEvents" => emit_events(server, request).await,
        "GetNode" => get(server, request).await,
        "List" => list(server, request).await,
        "GetAllocs" => node_allocations::get_all(server, request).await,
        "GetClientAllocs" => node_allocations::get_for_client(server, request).await,
        "UpdateAlloc" => node_allocations::update(server, request).await,
        _ => Err(unknown(&request.method)),
    }
}

/// The verdict on the caller comes after forwarding: a follower hands the call on in its own name.
async fn register(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    server.registration(request)?;
    let node: Option<Node> = Body(&request.body).object("Node")?;
    let Some(mut node) = node else { return Err(RpcError::new("missing node for client registration")) };
    check_node(server, &node)?;
    if node.scheduling_eligibility.is_empty() {
        node.scheduling_eligibility = "eligible".to_owned();
    }
    if node.node_pool.is_empty() {
        node.node_pool = "default".to_owned();
    }
    let id = node.id.clone();
    let status = node.status.clone();
    let before = server.store.read(|tables| tables.nodes.get(&id).map(|known| known.status.clone()));
    let at = server.parts.host.clock.unix();
    let index = server.apply(Command::RegisterNode { node: Box::new(node), at }).await?;
    let (evaluations, evaluation_index) = match before.as_deref() {
        Some(before) if before != "ready" && status == "ready" => server.evaluate_node(&id, index).await?,
        _ => (Vec::new(), 0),
    };
    reply(server, &id, index, evaluations, evaluation_index)
}

fn check_node(server: &Server, node: &Node) -> Result<(), RpcError> {
    let missing = [
        (node.id.is_empty(), "missing node ID for client registration"),
        (node.datacenter.is_empty(), "missing datacenter for client registration"),
        (node.name.is_empty(), "missing node name for client registration"),
        (node.secret_id.is_empty(), "missing node secret ID for client registration"),
    ];
    if let Some((_, text)) = missing.into_iter().find(|(missing, _)| *missing) {
        return Err(RpcError::new(text));
    }
    if !matches!(node.status.as_str(), "" | "initializing" | "ready" | "down" | "disconnected") {
        return Err(RpcError::new("invalid status for node"));
    }
    let other = server
        .store
        .read(|tables| tables.nodes.get(&node.id).is_some_and(|known| known.secret_id != node.secret_id));
    if other {
        return Err(RpcError::new("node secret ID does not match. Not registering node."));
    }
    Ok(())
}

/// A heartbeat. Only news of the status goes through the log.
async fn update_status(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    server.registration(request)?;
    let body = Body(&request.body);
    let id = body.string("NodeID");
    if id.is_empty() {
        return Err(RpcError::new("missing node ID for client status update"));
    }
    let asked = body.string("Status");
    if !matches!(asked, "initializing" | "ready" | "down" | "disconnected") {
        return Err(RpcError::new("invalid status for node"));
    }
    let Some(node) = server.store.read(|tables| tables.nodes.get(id).cloned()) else {
        return Err(RpcError::new("node not found"));
    };
    let status = if asked == "ready" && must_catch_up(server, &node) { "initializing" } else { asked };
    if status == node.status {
        return reply(server, id, 0, Vec::new(), 0);
    }
    let came_back = matches!(node.status.as_str(), "down" | "disconnected") && status != "down";
    let event = came_back
        .then(|| NodeEvent::cluster("Node reregistered by heartbeat", server.parts.host.clock.now()));
    let (index, evaluations, evaluation_index) = server.set_node_status(id, status, event).await?;
    reply(server, id, index, evaluations, evaluation_index)
}

/// A node that was down tells first what became of its allocations before it gets new ones.
fn must_catch_up(server: &Server, node: &Node) -> bool {
    if node.status == "ready" || node.last_missed_heartbeat_index <= node.last_alloc_update_index {
        return false;
    }
    // Without work from before there is nothing to tell.
    server.store.read(|tables| {
        tables
            .allocations_of_node(&node.id)
            .any(|allocation| !allocation.is_client_terminal() || allocation.client_status == "lost")
    })
}

fn reply(
    server: &Server,
    node: &str,
    index: u64,
    evaluations: Vec<String>,
    evaluation_index: u64,
) -> RpcResult {
    let eligibility =
        server.store.read(|tables| tables.nodes.get(node).map(|node| node.scheduling_eligibility.clone()));
    let ids = Value::Array(evaluations.into_iter().map(Value::from).collect());
    let meta = QueryMeta { index, ..QueryMeta::default() };
    let reply = meta.reply([
        ("NodeModifyIndex", index.into()),
        ("EvalIDs", ids),
        ("EvalCreateIndex", evaluation_index.into()),
        ("SchedulingEligibility", eligibility.unwrap_or_default().into()),
        ("SignedIdentity", Value::Nil),
    ]);
    let Value::Map(mut fields) = reply else { return Ok(reply) };
    fields.extend(server.heartbeat_fields(node)?);
    Ok(Value::Map(fields))
}

async fn deregister(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    let body = Body(&request.body);
    let mut ids = body.strings("NodeIDs");
    ids.extend((!body.string("NodeID").is_empty()).then(|| body.string("NodeID").to_owned()));
    if ids.is_empty() {
        return Err(RpcError::new("missing node IDs for client deregistration"));
    }
    if ids.iter().any(|id| server.store.read(|tables| !tables.nodes.contains_key(id))) {
        return Err(RpcError::new("node not found"));
    }
    let index = server.apply(Command::DeregisterNodes(ids.clone())).await?;
    let mut evaluations = Vec::new();
    for id in &ids {
        server.heartbeats.forget(id);
        evaluations.extend(server.evaluate_node(id, index).await?.0);
    }
    let ids = Value::Array(evaluations.into_iter().map(Value::from).collect());
    Ok(map([("EvalIDs", ids), ("NodeModifyIndex", index.into()), ("Index", index.into())]))
}

async fn update_eligibility(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    let body = Body(&request.body);
    let (node_id, eligibility) = (body.string("NodeID").to_owned(), body.string("Eligibility").to_owned());
    if node_id.is_empty() {
        return Err(RpcError::new("missing node ID for setting scheduling eligibility"));
    }
    if !matches!(eligibility.as_str(), "eligible" | "ineligible") {
        return Err(RpcError::new(format!("invalid scheduling eligibility {eligibility:?}")));
    }
    let message =
        format!("Node marked as {}", if eligibility == "eligible" { "eligible" } else { "ineligible" });
    let event = Some(NodeEvent::cluster(&format!("{message} for scheduling"), server.parts.host.clock.now()));
    let returns = eligibility == "eligible";
    let index =
        server.apply(Command::UpdateNodeEligibility { node_id: node_id.clone(), eligibility, event }).await?;
    let (evaluations, evaluation_index) =
        if returns { server.evaluate_node(&node_id, index).await? } else { (Vec::new(), 0) };
    let ids = Value::Array(evaluations.into_iter().map(Value::from).collect());
    Ok(map([
        ("NodeModifyIndex", index.into()),
        ("EvalIDs", ids),
        ("EvalCreateIndex", evaluation_index.into()),
        ("Index", index.into()),
    ]))
}

async fn evaluate(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    let id = Body(&request.body).string("NodeID");
    let Some(node) = server.store.read(|tables| tables.nodes.get(id).cloned()) else {
        return Err(RpcError::new("node not found"));
    };
    let (evaluations, index) = server.evaluate_node(id, node.modify_index).await?;
    let ids = Value::Array(evaluations.into_iter().map(Value::from).collect());
    Ok(map([
        ("EvalIDs", ids),
        ("EvalCreateIndex", index.into()),
        ("NodeModifyIndex", node.modify_index.into()),
        ("Index", index.into()),
    ]))
}

/// The verdict on the caller comes before forwarding.
async fn emit_events(server: &Server, request: &Request) -> RpcResult {
    server.client_only(request)?;
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    let events: Option<std::collections::BTreeMap<String, Vec<NodeEvent>>> =
        Body(&request.body).object("NodeEvents")?;
    let events = events.unwrap_or_default();
    if events.is_empty() {
        return Err(RpcError::new("no node events given"));
    }
    let index = server.apply(Command::AddNodeEvents(events.into_iter().collect())).await?;
    Ok(map([("Index", index.into())]))
}

async fn get(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let id = body.string("NodeID").to_owned();
    let look = |tables: &crate::state::Tables| match tables.nodes.get(&id) {
        Some(node) => (node.modify_index, [("Node", sanitized(node))]),
        None => (tables.index_of(&Topic::Nodes), [("Node", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Nodes, look).await)
}

async fn list(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &crate::state::Tables| {
        let nodes = tables.nodes.values().filter(|node| node.id.starts_with(&options.prefix));
        (tables.index_of(&Topic::Nodes), [("Nodes", Value::Array(nodes.map(|node| stub(node)).collect()))])
    };
    Ok(server.blocking(&options, Topic::Nodes, look).await)
}

/// A node as lists show it.
fn stub(node: &Node) -> Value {
    let opaque = |value: &crate::structs::Opaque| to_value(value).unwrap_or(Value::Nil);
    let address = node.http_addr.rsplit_once(':').map_or("", |(ip, _)| ip);
    map([
        ("Address", address.into()),
        ("ID", node.id.as_str().into()),
        ("Datacenter", node.datacenter.as_str().into()),
        ("Name", node.name.as_str().into()),
        ("NodePool", node.node_pool.as_str().into()),
        ("NodeClass", node.node_class.as_str().into()),
        ("Version", node.attributes.get("nomad.version").map_or("", String::as_str).into()),
        ("Drain", (!node.drain_strategy.is_null()).into()),
        ("SchedulingEligibility", node.scheduling_eligibility.as_str().into()),
        ("Status", node.status.as_str().into()),
        ("StatusDescription", node.status_description.as_str().into()),
        ("Drivers", to_value(&node.drivers).unwrap_or(Value::Nil)),
        ("HostVolumes", opaque(&node.host_volumes)),
        ("LastDrain", opaque(&node.last_drain)),
        ("CreateIndex", node.create_index.into()),
        ("ModifyIndex", node.modify_index.into()),
    ])
}

/// A node without its secret.
fn sanitized(node: &Node) -> Value {
    let node = Node { secret_id: String::new(), ..node.clone() };
    to_value(&node).unwrap_or(Value::Nil)
}

impl Server {
    /// Makes an evaluation for every job with work on the node, and for every system job. Their ids and index.
    pub(in crate::server) async fn evaluate_node(
        &self,
        node: &str,
        node_index: u64,
    ) -> Result<(Vec<String>, u64), RpcError> {
        let now = self.now_nanos();
        let jobs = self.store.read(|tables| {
            let on_node =
                tables.allocations_of_node(node).filter(|allocation| !allocation.is_client_terminal());
            let keys = on_node.map(|allocation| (allocation.namespace.clone(), allocation.job_id.clone()));
            let mut jobs: Vec<_> = keys.filter_map(|key| tables.jobs.get(&key).cloned()).collect();
            jobs.extend(tables.jobs.values().filter(|job| job.is_system() && !job.stop).cloned());
            jobs.sort_by(|one, other| (&one.namespace, &one.id).cmp(&(&other.namespace, &other.id)));
            jobs.dedup_by(|one, other| one.namespace == other.namespace && one.id == other.id);
            jobs
        });
        if jobs.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let evaluations: Vec<Evaluation> = jobs
            .iter()
            .map(|job| Evaluation {
                node_id: node.to_owned(),
                node_modify_index: node_index,
                ..self.evaluation_of(job, "node-update", now)
            })
            .collect();
        let ids = evaluations.iter().map(|evaluation| evaluation.id.clone()).collect();
        let index = self.apply(Command::UpdateEvaluations(evaluations)).await?;
        Ok((ids, index))
    }
}
