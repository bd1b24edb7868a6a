//! Jobs made from others: dispatched ones, and runs of periodic ones.

use std::collections::BTreeMap;

use rmpv::Value;

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::structs::{Body, Job, Opaque, map};

/// The most that a payload may hold.
const PAYLOAD_LIMIT: usize = 64 * 1024;

/// `Job.Dispatch`
pub(super) async fn dispatch(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (namespace, id) = (super::job::namespace_of(body), body.string("JobID"));
    if id.is_empty() {
        return Err(RpcError::new("missing parameterized job ID"));
    }
    let found = server.store.read(|tables| tables.job(&namespace, id).cloned());
    let Some(parent) = found else { return Err(RpcError::new("parameterized job not found")) };
    if !parent.is_parameterized() {
        return Err(RpcError::new(format!("Specified job {id:?} is not a parameterized job")));
    }
    if parent.stop {
        return Err(RpcError::new(format!("Specified job {id:?} is stopped")));
    }
    let payload = body.get("Payload").and_then(Value::as_slice).unwrap_or_default();
    let meta: BTreeMap<String, String> = body.object("Meta")?.unwrap_or_default();
    check(&parent, payload, &meta)?;
    let token = body.string("IdempotencyToken");
    if let Some(known) = dispatched_before(server, &parent, token) {
        return Ok(dispatched(&known.id, "", known.create_index, known.create_index));
    }
    let child = child(server, &parent, payload, meta, body);
    let (child_id, periodic) = (child.id.clone(), child.is_periodic());
    let (evaluation, index) = server.put_job(child, "job-register").await?;
    let evaluation = if periodic { String::new() } else { evaluation };
    Ok(dispatched(&child_id, &evaluation, index, index))
}

fn dispatched(id: &str, evaluation: &str, job_index: u64, index: u64) -> Value {
    map([
        ("DispatchedJobID", id.into()),
        ("Index", index.into()),
        ("EvalID", evaluation.into()),
        ("EvalCreateIndex", (if evaluation.is_empty() { 0 } else { index }).into()),
        ("JobCreateIndex", job_index.into()),
    ])
}

fn dispatched_before(server: &Server, parent: &Job, token: &str) -> Option<std::sync::Arc<Job>> {
    if token.is_empty() {
        return None;
    }
    server.store.read(|tables| {
        let text = |job: &Job, field: &str| {
            job.rest.get(field).and_then(Opaque::as_str).unwrap_or_default().to_owned()
        };
        let mut runs = tables.children_of(parent);
        runs.find(|job| text(job, "DispatchIdempotencyToken") == token && job.status != "dead").cloned()
    })
}

fn check(parent: &Job, payload: &[u8], meta: &BTreeMap<String, String>) -> Result<(), RpcError> {
    let block = parent.rest.get("ParameterizedJob").cloned().unwrap_or_default();
    match block["Payload"].as_str() {
        Some("required") if payload.is_empty() => {
            return Err(RpcError::new("Payload is not provided but required by parameterized job"));
        }
        Some("forbidden") if !payload.is_empty() => {
            return Err(RpcError::new("Payload provided but forbidden by parameterized job"));
        }
        _ => {}
    }
    if payload.len() > PAYLOAD_LIMIT {
        return Err(RpcError::new(format!(
            "Payload exceeds maximum size; {} > {PAYLOAD_LIMIT}",
            payload.len()
        )));
    }
    let keys = |field: &str| -> Vec<String> {
        let list = block[field].as_array().into_iter().flatten();
        list.filter_map(|key| key.as_str().map(str::to_owned)).collect()
    };
    let (required, optional) = (keys("MetaRequired"), keys("MetaOptional"));
    let unpermitted: Vec<&str> = meta
        .keys()
        .filter(|key| !required.contains(key) && !optional.contains(key))
        .map(String::as_str)
        .collect();
    if !unpermitted.is_empty() {
        return Err(RpcError::new(format!(
            "Dispatch request included unpermitted metadata keys: [{}]",
            unpermitted.join(" ")
        )));
    }
    let missing: Vec<&str> =
        required.iter().filter(|key| !meta.contains_key(*key)).map(String::as_str).collect();
    if !missing.is_empty() {
        return Err(RpcError::new(format!(
            "Dispatch did not provide required meta keys: [{}]",
            missing.join(" ")
        )));
    }
    Ok(())
}

fn child(
    server: &Server,
    parent: &Job,
    payload: &[u8],
    meta: BTreeMap<String, String>,
    body: Body<'_>,
) -> Job {
    let now = server.parts.host.clock.unix();
    let random = server.ids.uuid();
    let prefix = match body.string("IdPrefixTemplate") {
        "" => String::new(),
        prefix => format!("{prefix}-"),
    };
    let id = format!("{}/dispatch-{prefix}{now}-{}", parent.id, &random[..8]);
    let mut child = Job { id: id.clone(), name: id, ..parent.clone() };
    child.meta = Some(parent.meta.clone().unwrap_or_default().into_iter().chain(meta).collect());
    if let priority @ 1.. = body.integer("Priority") {
        child.priority = priority;
    }
    let encoded = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(payload)
    };
    for (field, value) in [
        ("ParentID", Opaque::from(parent.id.as_str())),
        ("Dispatched", true.into()),
        ("DispatchIdempotencyToken", body.string("IdempotencyToken").into()),
        ("Payload", if payload.is_empty() { Opaque::Null } else { encoded.into() }),
    ] {
        child.rest.insert(field.to_owned(), value);
    }
    child
}

/// `Periodic.Force`: a periodic job runs now.
pub(super) async fn force(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    let body = Body(&request.body);
    let (namespace, id) = (super::job::namespace_of(body), body.string("JobID"));
    if id.is_empty() {
        return Err(RpcError::new("missing job ID for evaluation"));
    }
    let found = server.store.read(|tables| tables.job(&namespace, id).cloned());
    let Some(job) = found else { return Err(RpcError::new("job not found")) };
    if !job.is_periodic() {
        return Err(RpcError::new("can't force launch non-periodic job"));
    }
    let now = server.parts.host.clock.now();
    let (evaluation, index) = server.run_periodic(&job, now).await?;
    Ok(map([("EvalID", evaluation.into()), ("EvalCreateIndex", index.into()), ("Index", index.into())]))
}
