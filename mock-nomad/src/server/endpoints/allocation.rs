//! `Alloc`: allocations by id, and lists of them.

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, unknown};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::server::keyring::{Wanted, identities_of, sign_default};
use crate::server::page::Page;
use crate::state::{Command, JobCommand, Tables, Topic};
use crate::structs::{Allocation, Body, DesiredTransition, GoTime, QueryOptions, map};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    match name {
        "GetAllocs" => get_many(server, request).await,
        "GetAlloc" => get(server, request).await,
        "List" => list(server, request).await,
        "Stop" => stop(server, request).await,
        "SignIdentities" => sign_identities(server, request).await,
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
        (index, [("Allocs", encode(found.into_iter()))])
    };
    let answer = server.blocking(&options, Topic::Allocations, look).await;
    if Body(&answer).list("Allocs").len() < ids.len() {
        return Err(RpcError::new("unknown alloc id"));
    }
    Ok(with_default_identities(server, answer, &ids))
}

/// Adds to each allocation the identities that its tasks have without asking.
fn with_default_identities(server: &Server, answer: Value, ids: &[String]) -> Value {
    let found: Vec<_> =
        server.store.read(|tables| ids.iter().filter_map(|id| tables.allocations.get(id).cloned()).collect());
    let Value::Map(mut fields) = answer else { return answer };
    let list = fields.iter_mut().find(|(name, _)| name.as_str() == Some("Allocs"));
    if let Some((_, Value::Array(allocations))) = list {
        for (encoded, allocation) in allocations.iter_mut().zip(&found) {
            let tokens = sign_default(server, allocation);
            if let Value::Map(fields) = encoded {
                fields.push(("SignedIdentities".into(), to_value(&tokens).unwrap_or(Value::Nil)));
            }
        }
    }
    Value::Map(fields)
}

/// `Alloc.SignIdentities`: what a client asks for on behalf of its tasks and services. The verdict on the caller comes
/// before forwarding.
async fn sign_identities(server: &Server, request: &Request) -> RpcResult {
    server.client_only(request)?;
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let asked = body.list("Identities");
    if asked.is_empty() {
        return Err(RpcError::new("no identities requested"));
    }
    let (mut signed, mut rejected) = (Vec::new(), Vec::new());
    for one in asked {
        let fields = Body(one);
        let wanted = Wanted {
            identity: fields.string("IdentityName"),
            workload: fields.string("WorkloadIdentifier"),
            interpolated: fields.string("InterpolatedWorkloadIdentifier"),
            is_service: fields.integer("WorkloadType") == 1,
        };
        let found = server.store.read(|tables| tables.allocations.get(fields.string("AllocID")).cloned());
        let job = found.as_ref().and_then(|found| found.job.clone());
        let result = match (found, job) {
            (Some(found), Some(job)) => identities_of(server, &found, &job, &wanted),
            _ => Err("allocation not found"),
        };
        let Value::Map(mut fields) = one.clone() else { continue };
        match result {
            Ok((token, ends)) => {
                let ends = ends.and_then(|at| time::OffsetDateTime::from_unix_timestamp(at).ok());
                fields.push(("JWT".into(), token.into()));
                fields.push(("Expiration".into(), to_value(&GoTime(ends)).unwrap_or(Value::Nil)));
                signed.push(Value::Map(fields));
            }
            Err(reason) => {
                fields.push(("Reason".into(), reason.into()));
                rejected.push(Value::Map(fields));
            }
        }
    }
    let index = server.store.read(|tables| tables.index);
    Ok(server
        .meta(index)
        .reply([("SignedIdentities", Value::Array(signed)), ("Rejections", Value::Array(rejected))]))
}

async fn get(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let id = body.string("AllocID").to_owned();
    server.may_with_allocation(request, &id, "read-job")?;
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
    let caller = server.caller(request)?;
    let options = QueryOptions::of(Body(&request.body));
    let fields = StubFields::of(Body(&request.body));
    let look = |tables: &Tables, page: &Page<'_>| {
        let all = tables.allocations.values().map(|allocation| &**allocation);
        let mut wanted: Vec<&Allocation> = all
            .filter(|found| {
                options.wants(&found.namespace)
                    && found.id.starts_with(&options.prefix)
                    && caller.acl.allows_in_namespace(&found.namespace, "read-job")
            })
            .collect();
        wanted.sort_by_key(|found| found.create_index);
        page.take(
            wanted,
            |found| format!("{:020}.{}", found.create_index, found.id),
            |found| fields.shape(found, stub(found)),
        )
    };
    server.listing(&options, Topic::Allocations, "Allocations", look).await
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
    server.may_with_allocation(request, &id, "alloc-lifecycle")?;
    let found = server.store.read(|tables| {
        let found = tables.allocations.get(&id)?;
        Some((found.clone(), tables.job(&found.namespace, &found.job_id).cloned()))
    });
    let Some((_, Some(job))) = found else { return Err(RpcError::coded(404, "allocation not found")) };
    let at = server.now_nanos();
    let transition = DesiredTransition { migrate: Some(true), ..DesiredTransition::default() };
    let evaluation = server.evaluation_of(&job, "alloc-stop", at);
    let evaluation_id = evaluation.id.clone();
    let command =
        JobCommand::Transitions { transitions: vec![(id, transition)], evaluations: vec![evaluation], at };
    let index = server.apply(Command::Job(command)).await?;
    let id = evaluation_id;
    Ok(map([("EvalID", id.into()), ("Index", index.into())]))
}

/// Which fields of allocations a list has beside the usual ones.
struct StubFields {
    resources: bool,
    task_states: bool,
}

impl StubFields {
    fn of(body: Body<'_>) -> Self {
        let Some(fields) = body.get("Fields").map(Body) else {
            return Self { resources: false, task_states: true };
        };
        Self { resources: fields.boolean("Resources"), task_states: fields.boolean("TaskStates") }
    }

    fn shape(&self, found: &Allocation, stub: Value) -> Value {
        let Value::Map(mut fields) = stub else { return stub };
        if self.resources {
            let resources = to_value(&found.allocated_resources).unwrap_or(Value::Nil);
            fields.push(("AllocatedResources".into(), resources));
        }
        if !self.task_states {
            fields.retain(|(name, _)| name.as_str() != Some("TaskStates"));
        }
        Value::Map(fields)
    }
}

/// Allocations as lists show them.
pub(super) fn stubs<'a>(allocations: impl Iterator<Item = &'a Allocation>) -> Value {
    Value::Array(allocations.map(stub).collect())
}

fn stub(found: &Allocation) -> Value {
    let job = found.job.as_deref();
    let flag = |flag: Option<bool>| flag.map_or(Value::Nil, Value::from);
    let asked = &found.desired_transition;
    let transition = [
        ("Migrate", flag(asked.migrate)),
        ("Reschedule", flag(asked.reschedule)),
        ("ForceReschedule", flag(asked.force_reschedule)),
        ("NoShutdownDelay", flag(asked.no_shutdown_delay)),
        ("MigrateDisablePlacement", flag(asked.migrate_disable_placement)),
    ];
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
        ("PreemptedAllocations", some_texts(&found.preempted_allocations)),
        ("PreemptedByAllocation", found.preempted_by_allocation.as_str().into()),
        ("CreateIndex", found.create_index.into()),
        ("ModifyIndex", found.modify_index.into()),
        ("CreateTime", found.create_time.into()),
        ("ModifyTime", found.modify_time.into()),
    ])
}

/// A list of texts, or nothing where there are none.
fn some_texts(texts: &[String]) -> Value {
    if texts.is_empty() { Value::Nil } else { texts.iter().map(|text| Value::from(text.as_str())).collect() }
}

/// Allocations as a list, whole.
pub(super) fn encode<'a>(allocations: impl Iterator<Item = &'a Allocation>) -> Value {
    Value::Array(allocations.map(|allocation| to_value(allocation).unwrap_or(Value::Nil)).collect())
}

impl Server {
    /// Refuses who may not do something with an allocation. One that is not there is nobody's.
    pub(in crate::server) fn may_with_allocation(
        &self,
        request: &Request,
        id: &str,
        capability: &str,
    ) -> Result<(), RpcError> {
        let caller = self.caller(request)?;
        let namespace =
            self.store.read(|tables| tables.allocations.get(id).map(|found| found.namespace.clone()));
        match namespace {
            Some(namespace)
                if !caller.acl.is_client() && !caller.acl.allows_in_namespace(&namespace, capability) =>
            {
                Err(RpcError::coded(404, &format!("Unknown allocation {}", lab_pki::quote(id))))
            }
            _ => Ok(()),
        }
    }
}
