//! `Eval`: the queue for the schedulers of all servers, and what is known of evaluations.

use std::time::Duration;

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, allocation, unknown, unsupported};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::state::{Command, Tables, Topic};
use crate::structs::{Body, Evaluation, Job, QueryMeta, QueryOptions, map};

/// How long a worker's request for work waits unless it says otherwise.
const DEQUEUE_WAIT: Duration = Duration::from_millis(500);

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    match name {
        "Dequeue" | "Ack" | "Nack" | "Update" | "Create" | "Reblock" | "Reap" => {
            // The verdict on the caller comes before forwarding.
            server.server_only(request)?;
            if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
                return answer;
            }
            for_schedulers(server, request, name).await
        }
        "GetEval" => get(server, request).await,
        "List" => list(server, request).await,
        "Allocations" => allocations(server, request).await,
        _ => Err(unknown(&request.method)),
    }
}

async fn for_schedulers(server: &Server, request: &Request, name: &str) -> RpcResult {
    let body = Body(&request.body);
    let (id, token) = (body.string("EvalID"), body.string("Token"));
    match name {
        "Dequeue" => dequeue(server, request).await,
        "Ack" => server.broker.ack(id, token).map(|()| map([("Index", 0.into())])).map_err(RpcError::new),
        "Nack" => server.broker.nack(id, token).map(|()| map([("Index", 0.into())])).map_err(RpcError::new),
        "Update" | "Create" | "Reblock" => update(server, request, name).await,
        _ => Err(unsupported(&request.method)),
    }
}

async fn dequeue(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let types = body.strings("Schedulers");
    if types.is_empty() {
        return Err(RpcError::new("dequeue requires at least one scheduler type"));
    }
    let limit = match body.integer("Timeout") {
        nanos @ 1.. => Duration::from_nanos(nanos.unsigned_abs()),
        _ => DEQUEUE_WAIT,
    };
    let found = server.broker.dequeue(&types, request.context.internal, limit, &server.ids).await;
    let index = server.store.read(|tables| tables.index);
    let meta = QueryMeta { index, known_leader: true, ..QueryMeta::default() };
    Ok(match found {
        Some((evaluation, token)) => meta.reply([
            ("Eval", to_value(&*evaluation).unwrap_or(Value::Nil)),
            ("Token", token.into()),
            ("WaitIndex", index.into()),
        ]),
        None => meta.reply([("Eval", Value::Nil), ("Token", "".into()), ("WaitIndex", 0.into())]),
    })
}

async fn update(server: &Server, request: &Request, name: &str) -> RpcResult {
    let body = Body(&request.body);
    let evaluations: Vec<Evaluation> = body.object("Evals")?.unwrap_or_default();
    if evaluations.len() != 1 {
        return Err(RpcError::new(format!(
            "only a single eval can be {}",
            match name {
                "Create" => "created",
                "Reblock" => "reblocked",
                _ => "updated",
            }
        )));
    }
    // Created ones belong to the evaluation that is being worked on.
    let outstanding = if name == "Create" { &evaluations[0].previous_eval } else { &evaluations[0].id };
    server.broker.check(outstanding, body.string("EvalToken")).map_err(RpcError::new)?;
    let index = server.apply(Command::UpdateEvaluations(evaluations)).await?;
    Ok(map([("Index", index.into())]))
}

async fn get(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let id = body.string("EvalID").to_owned();
    let look = |tables: &Tables| match tables.evaluations.get(&id) {
        Some(found) => (found.modify_index, [("Eval", to_value(&**found).unwrap_or(Value::Nil))]),
        None => (tables.index_of(&Topic::Evaluations), [("Eval", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Evaluations, look).await)
}

async fn list(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables| {
        let all = tables.evaluations.values().map(|found| &**found);
        let wanted =
            all.filter(|found| options.wants(&found.namespace) && found.id.starts_with(&options.prefix));
        (tables.index_of(&Topic::Evaluations), [("Evaluations", encode(wanted))])
    };
    Ok(server.blocking(&options, Topic::Evaluations, look).await)
}

async fn allocations(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let id = body.string("EvalID").to_owned();
    let look = |tables: &Tables| {
        let found = tables.allocations_of_evaluation(&id).map(|found| &**found);
        (tables.index_of(&Topic::Allocations), [("Allocations", allocation::stubs(found))])
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Allocations, look).await)
}

/// Evaluations as a list.
pub(super) fn encode<'a>(evaluations: impl Iterator<Item = &'a Evaluation>) -> Value {
    Value::Array(evaluations.map(|evaluation| to_value(evaluation).unwrap_or(Value::Nil)).collect())
}

impl Server {
    /// A new evaluation of a job.
    pub(in crate::server) fn evaluation_of(&self, job: &Job, triggered_by: &str, now: i64) -> Evaluation {
        Evaluation {
            id: self.ids.uuid(),
            namespace: job.namespace.clone(),
            priority: job.priority,
            kind: job.kind.clone(),
            triggered_by: triggered_by.to_owned(),
            job_id: job.id.clone(),
            job_modify_index: job.job_modify_index,
            status: "pending".to_owned(),
            create_time: now,
            modify_time: now,
            ..Evaluation::default()
        }
    }
}
