//! `Job`: registering, stopping and scaling.

use rmpv::Value;

use super::{Request, Server, job_read, unknown};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::state::Command;
use crate::structs::{Body, Evaluation, Job, QueryMeta, validate};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    match name {
        "Register" | "Deregister" | "Scale" | "Evaluate" => {
            if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
                return answer;
            }
            match name {
                "Register" => register(server, request).await,
                "Deregister" => deregister(server, request).await,
                "Scale" => scale(server, request).await,
                _ => evaluate(server, request).await,
            }
        }
        _ if job_read::is_method(name) => job_read::call(server, request, name).await,
        _ => Err(unknown(&request.method)),
    }
}

async fn register(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let job: Option<Job> = body.object("Job")?;
    let Some(job) = job else { return Err(RpcError::new("missing job for registration")) };
    validate(&job).map_err(RpcError::new)?;
    check_vault(server, &job)?;
    let known = server.store.read(|tables| tables.job(&job.namespace, &job.id).cloned());
    if body.boolean("EnforceIndex") {
        enforce(body.index("JobModifyIndex"), known.as_deref())?;
    }
    if let Some(known) = known.as_deref().filter(|known| known.same_specification(&job)) {
        return place_again(server, known, "job-register").await;
    }
    put(server, job, "job-register").await
}

/// Puts a new version of a job into the log, with the evaluation that places it.
async fn put(server: &Server, job: Job, triggered_by: &str) -> RpcResult {
    let now = server.now_nanos();
    let job = Job { submit_time: now, status: String::new(), ..job };
    let evaluation = Evaluation { job_modify_index: 0, ..server.evaluation_of(&job, triggered_by, now) };
    let id = evaluation.id.clone();
    let command = Command::RegisterJob { job: Box::new(job), evaluation: Some(Box::new(evaluation)) };
    let index = server.apply(command).await?;
    Ok(registered(&id, index, index))
}

async fn place_again(server: &Server, job: &Job, triggered_by: &str) -> RpcResult {
    let evaluation = server.evaluation_of(job, triggered_by, server.now_nanos());
    let id = evaluation.id.clone();
    let index = server.apply(Command::UpdateEvaluations(vec![evaluation])).await?;
    Ok(registered(&id, job.job_modify_index, index))
}

fn registered(evaluation: &str, job_index: u64, index: u64) -> Value {
    let meta = QueryMeta { index, ..QueryMeta::default() };
    meta.reply([
        ("EvalID", evaluation.into()),
        ("EvalCreateIndex", index.into()),
        ("JobModifyIndex", job_index.into()),
        ("Warnings", "".into()),
    ])
}

fn check_vault(server: &Server, job: &Job) -> Result<(), RpcError> {
    let asks = |job: &Job| {
        job.task_groups
            .iter()
            .flat_map(|group| &group.tasks)
            .any(|task| task.rest.get("Vault").is_some_and(|vault| !vault.is_null()))
    };
    if !server.parts.settings.vault_enabled && asks(job) {
        return Err(RpcError::new(
            "1 error occurred:\n\t* Vault \"default\" not enabled but used in the job\n\n",
        ));
    }
    Ok(())
}

fn enforce(wanted: u64, known: Option<&Job>) -> Result<(), RpcError> {
    let start = format!("Enforcing job modify index {wanted}:");
    match known {
        None if wanted != 0 => Err(RpcError::new(format!("{start} job does not exist"))),
        Some(_) if wanted == 0 => Err(RpcError::new(format!("{start} job already exists"))),
        Some(known) if known.job_modify_index != wanted => Err(RpcError::new(format!(
            "{start} job exists with conflicting job modify index: {}",
            known.job_modify_index
        ))),
        _ => Ok(()),
    }
}

async fn deregister(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (namespace, job_id) = (namespace_of(body), body.string("JobID").to_owned());
    if job_id.is_empty() {
        return Err(RpcError::new("missing job ID for deregistering"));
    }
    let now = server.now_nanos();
    let job = server.store.read(|tables| tables.job(&namespace, &job_id).cloned());
    let Some(job) = job else { return Ok(deregistered("", 0)) };
    let evaluation = server.evaluation_of(&job, "job-deregister", now);
    let id = evaluation.id.clone();
    let purge = body.boolean("Purge");
    let evaluation = Some(Box::new(evaluation));
    let index =
        server.apply(Command::DeregisterJob { namespace, job_id, purge, at: now, evaluation }).await?;
    Ok(deregistered(&id, index))
}

fn deregistered(evaluation: &str, index: u64) -> Value {
    let meta = QueryMeta { index, ..QueryMeta::default() };
    meta.reply([
        ("EvalID", evaluation.into()),
        ("EvalCreateIndex", index.into()),
        ("JobModifyIndex", index.into()),
        ("VolumeEvalID", "".into()),
        ("VolumeEvalIndex", 0.into()),
    ])
}

async fn scale(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (namespace, job_id) = (namespace_of(body), body.string("JobID"));
    let target = body.get("Target").map(Body);
    let group = target.map(|target| target.string("Group")).filter(|group| !group.is_empty());
    let Some(group) = group else {
        return Err(RpcError::coded(400, "missing task group name for scaling action"));
    };
    let known = server.store.read(|tables| tables.job(&namespace, job_id).cloned());
    let Some(known) = known else { return Err(RpcError::coded(404, &format!("job {job_id:?} not found"))) };
    let mut job = Job::clone(&known);
    let Some(found) = job.task_groups.iter_mut().find(|found| found.name == group) else {
        return Err(RpcError::coded(
            400,
            &format!("task group {group:?} specified for scaling does not exist in job"),
        ));
    };
    let Some(count) = body.get("Count").and_then(Value::as_i64) else {
        return place_again(server, &known, "job-scaling").await;
    };
    if count < 0 {
        return Err(RpcError::coded(400, "scaling action count can't be negative"));
    }
    found.count = count;
    put(server, job, "job-scaling").await
}

async fn evaluate(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (namespace, job_id) = (namespace_of(body), body.string("JobID"));
    let job = server.store.read(|tables| tables.job(&namespace, job_id).cloned());
    match job {
        Some(job) => place_again(server, &job, "job-register").await,
        None => Err(RpcError::new("job not found")),
    }
}

fn namespace_of(body: Body<'_>) -> String {
    match body.string("Namespace") {
        "" => "default".to_owned(),
        namespace => namespace.to_owned(),
    }
}
