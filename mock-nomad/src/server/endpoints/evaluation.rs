//! `Eval`: the queue for the schedulers of all servers, and what is known of evaluations.

use std::time::Duration;

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, allocation, unknown, unsupported};
use crate::seam::{RpcError, RpcResult};
use crate::server::access::Caller;
use crate::server::forward::{Access, Route};
use crate::server::page::Page;
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
        "Count" => count(server, request).await,
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
        Some(found) => {
            let mut value = to_value(&**found).unwrap_or(Value::Nil);
            let related = if body.boolean("IncludeRelated") { related(tables, found) } else { Vec::new() };
            if let (Value::Map(fields), false) = (&mut value, related.is_empty()) {
                fields.push(("RelatedEvals".into(), Value::Array(related)));
            }
            (found.modify_index, [("Eval", value)])
        }
        None => (tables.index_of(&Topic::Evaluations), [("Eval", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Evaluations, look).await)
}

/// The evaluations that one came from and those that came of it, as lists have them.
fn related(tables: &Tables, of: &Evaluation) -> Vec<Value> {
    let ids = |of: &Evaluation| [of.next_eval.clone(), of.previous_eval.clone(), of.blocked_eval.clone()];
    let mut open = std::collections::VecDeque::from(ids(of));
    let mut seen = std::collections::BTreeSet::from([of.id.clone()]);
    let mut related = Vec::new();
    while let Some(id) = open.pop_front() {
        let Some(found) = tables.evaluations.get(&id).filter(|_| seen.insert(id.clone())) else { continue };
        open.extend(ids(found));
        related.push(stub(found));
    }
    related
}

fn stub(found: &Evaluation) -> Value {
    map([
        ("ID", found.id.as_str().into()),
        ("Namespace", found.namespace.as_str().into()),
        ("Priority", found.priority.into()),
        ("Type", found.kind.as_str().into()),
        ("TriggeredBy", found.triggered_by.as_str().into()),
        ("JobID", found.job_id.as_str().into()),
        ("NodeID", found.node_id.as_str().into()),
        ("DeploymentID", found.deployment_id.as_str().into()),
        ("Status", found.status.as_str().into()),
        ("StatusDescription", found.status_description.as_str().into()),
        ("WaitUntil", to_value(&found.wait_until).unwrap_or(Value::Nil)),
        ("NextEval", found.next_eval.as_str().into()),
        ("PreviousEval", found.previous_eval.as_str().into()),
        ("BlockedEval", found.blocked_eval.as_str().into()),
        ("CreateIndex", found.create_index.into()),
        ("ModifyIndex", found.modify_index.into()),
        ("CreateTime", found.create_time.into()),
        ("ModifyTime", found.modify_time.into()),
    ])
}

async fn list(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let wanted = Wanted::of(server, request)?;
    let look = |tables: &Tables, page: &Page<'_>| {
        let mut found = wanted.find(tables);
        found.sort_by_key(|found| found.create_index);
        page.take(
            found,
            |found| format!("{:020}.{}", found.create_index, found.id),
            |found| to_value(*found).unwrap_or(Value::Nil),
        )
    };
    server.listing(&wanted.options, Topic::Evaluations, "Evaluations", look).await
}

/// `Eval.Count`
async fn count(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let wanted = Wanted::of(server, request)?;
    let page = Page::of(&wanted.options).map_err(|error| {
        let (start, _) = error.0.split_once("1:").unwrap_or_default();
        RpcError::new(error.0.trim_start_matches(start))
    })?;
    let (index, found) = server.store.read(|tables| {
        let (found, _) = page.take(wanted.find(tables), |found| found.id.clone(), |_| Value::Nil)?;
        Ok::<_, RpcError>((tables.index_of(&Topic::Evaluations), found))
    })?;
    let count = found.as_array().map_or(0, Vec::len);
    Ok(server.meta(index).reply([("Count", count.into())]))
}

/// Which evaluations are asked for.
struct Wanted {
    options: QueryOptions,
    job: String,
    status: String,
    caller: std::sync::Arc<Caller>,
}

impl Wanted {
    fn of(server: &Server, request: &Request) -> Result<Self, RpcError> {
        let body = Body(&request.body);
        let options = QueryOptions::of(body);
        let (job, status) =
            (body.string("FilterJobID").to_owned(), body.string("FilterEvalStatus").to_owned());
        if !options.filter.is_empty() && [&job, &status].iter().any(|chosen| !chosen.is_empty()) {
            return Err(RpcError::new("Filter expression cannot be used with other filter parameters"));
        }
        Ok(Self { options, job, status, caller: server.caller(request)? })
    }

    fn find<'t>(&self, tables: &'t Tables) -> Vec<&'t Evaluation> {
        let all = tables.evaluations.values().map(|found| &**found);
        all.filter(|found| {
            self.options.wants(&found.namespace)
                && found.id.starts_with(&self.options.prefix)
                && (self.job.is_empty() || found.job_id == self.job)
                && (self.status.is_empty() || found.status == self.status)
                && self.caller.acl.allows_in_namespace(&found.namespace, "read-job")
        })
        .collect()
    }
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
