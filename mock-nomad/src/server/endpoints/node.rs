//! `Node`: registration, heartbeats, and what is known of the nodes.

use std::time::Duration;

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, node_allocations, node_drain, unknown};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::server::page::Page;
use crate::state::Tables;
use crate::state::{Command, Topic};
use crate::structs::{Body, Evaluation, Node, NodeEvent, QueryMeta, QueryOptions, map};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    match name {
        "Register" => register(server, request).await,
        "UpdateStatus" => update_status(server, request).await,
        "Deregister" | "BatchDeregister" => deregister(server, request).await,
        "UpdateDrain" => node_drain::update(server, request).await,
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
    server.admit(&node, Body(&request.body).string("AuthToken"))?;
    let id = node.id.clone();
    let identity = server.node_identity(&node);
    if let Some((_, key)) = &identity {
        node.identity_signing_key_id.clone_from(key);
    }
    let identity = identity.map(|(token, _)| token);
    let known = server.store.read(|tables| tables.nodes.get(&id).cloned());
    if node.status == "ready" && known.as_ref().is_some_and(|known| must_catch_up(server, known)) {
        node.status = "initializing".to_owned();
    }
    let status = node.status.clone();
    let before = known.map(|known| known.status.clone());
    let at = server.parts.host.clock.unix();
    let index = server.apply(Command::RegisterNode { node: Box::new(node), at }).await?;
    let (evaluations, evaluation_index) = match before.as_deref() {
        Some(before) if before != "ready" && status == "ready" => server.evaluate_node(&id, index).await?,
        _ => (Vec::new(), 0),
    };
    reply(server, &id, Written { index, node_index: index, evaluations, evaluation_index }, identity)
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
    let identity = server.renewed_identity(request, &node);
    let status = if asked == "ready" && must_catch_up(server, &node) { "initializing" } else { asked };
    if status == node.status {
        return reply(server, id, Written::default(), identity);
    }
    let came_back = matches!(node.status.as_str(), "down" | "disconnected") && status != "down";
    let event = came_back
        .then(|| NodeEvent::cluster("Node reregistered by heartbeat", server.parts.host.clock.now()));
    let (index, evaluations, evaluation_index) = server.set_node_status(id, status, event).await?;
    reply(server, id, Written { index, node_index: index, evaluations, evaluation_index }, identity)
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

/// What a call changed: at which indexes, and which evaluations it began.
#[derive(Default)]
struct Written {
    index: u64,
    node_index: u64,
    evaluations: Vec<String>,
    evaluation_index: u64,
}

/// The answer to a heartbeat.
fn reply(server: &Server, node: &str, written: Written, identity: Option<String>) -> RpcResult {
    let next = server.next_heartbeat(node)?;
    updated(server, node, written, identity, next)
}

/// The answer to what changed a node; `next`: how long until its next heartbeat.
fn updated(
    server: &Server,
    node: &str,
    written: Written,
    identity: Option<String>,
    next: Duration,
) -> RpcResult {
    let Written { index, node_index, evaluations, evaluation_index } = written;
    let eligibility =
        server.store.read(|tables| tables.nodes.get(node).map(|node| node.scheduling_eligibility.clone()));
    let ids = match evaluations.is_empty() {
        true => Value::Nil,
        false => Value::Array(evaluations.into_iter().map(Value::from).collect()),
    };
    let meta = QueryMeta { index, ..QueryMeta::default() };
    let reply = meta.reply([
        ("NodeModifyIndex", node_index.into()),
        ("EvalIDs", ids),
        ("EvalCreateIndex", evaluation_index.into()),
        ("SchedulingEligibility", eligibility.unwrap_or_default().into()),
    ]);
    let Value::Map(mut fields) = reply else { return Ok(reply) };
    fields.push(("SignedIdentity".into(), identity.map_or(Value::Nil, Value::from)));
    fields.extend(server.heartbeat_fields(next));
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
    let ids: Vec<Value> = evaluations.into_iter().map(Value::from).collect();
    Ok(map([
        ("NodeModifyIndex", 0.into()),
        ("EvalIDs", if ids.is_empty() { Value::Nil } else { Value::Array(ids) }),
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
    // The node itself stays as it is, and this was no heartbeat of it.
    let written = Written { index, node_index: 0, evaluations, evaluation_index: index };
    updated(server, id, written, None, Duration::ZERO)
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
    let look = |tables: &Tables| match tables.nodes.get(&id) {
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
    let nothing = map([]);
    let fields = Body(Body(&request.body).get("Fields").unwrap_or(&nothing));
    let look = |tables: &Tables, page: &Page<'_>| {
        let nodes = tables.nodes.values().map(|node| &**node);
        let wanted = nodes.filter(|node| node.id.starts_with(&options.prefix));
        page.take(wanted.collect(), |node| node.id.clone(), |node| shape(node, fields))
    };
    server.listing(&options, Topic::Nodes, "Nodes", look).await
}

/// A node as lists show it, with what else is asked for.
fn shape(node: &Node, fields: Body<'_>) -> Value {
    let Value::Map(mut shown) = stub(node) else { return Value::Nil };
    if fields.boolean("Resources") {
        shown.push(("NodeResources".into(), to_value(&node.node_resources).unwrap_or(Value::Nil)));
        shown.push(("ReservedResources".into(), to_value(&node.reserved_resources).unwrap_or(Value::Nil)));
    }
    if fields.boolean("OS") {
        let name = node.attributes.get("os.name").map_or("", String::as_str);
        shown.push(("Attributes".into(), map([("os.name", name.into())])));
    }
    Value::Map(shown)
}

/// A node as lists show it.
pub(super) fn stub(node: &Node) -> Value {
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
    /// Makes an evaluation for every job that has or had work on the node and is not over, and for every system job. Their ids and index.
    pub(in crate::server) async fn evaluate_node(
        &self,
        node: &str,
        node_index: u64,
    ) -> Result<(Vec<String>, u64), RpcError> {
        let now = self.now_nanos();
        let jobs = self.store.read(|tables| {
            let keys = tables
                .allocations_of_node(node)
                .map(|allocation| (allocation.namespace.clone(), allocation.job_id.clone()));
            let jobs = keys.filter_map(|key| tables.jobs.get(&key).cloned());
            let mut jobs: Vec<_> = jobs.filter(|job| job.status != "dead").collect();
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
