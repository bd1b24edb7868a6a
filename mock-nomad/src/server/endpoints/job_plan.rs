//! `Job.Plan`, `Job.Revert` and `Job.Stable`.

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::admission::admit;
use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::server::periodic::next_launch;
use crate::server::scheduler::schedule;
use crate::state::{Command, JobCommand};
use crate::structs::{Body, Evaluation, GoTime, Job, QueryMeta, job_diff};

/// What would become of a job: nothing is changed.
pub(super) async fn plan(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let job: Option<Job> = body.object("Job")?;
    let Some(mut job) = job else { return Err(RpcError::new("Job required for plan")) };
    super::job::check(server, &job)?;
    admit(server, request)?;
    server.complete(&mut job);
    let now = server.parts.host.clock.now();
    let mut tables = server.store.read(Clone::clone);
    let key = (job.namespace.clone(), job.id.clone());
    let known = tables.jobs.get(&key).cloned();
    super::scaling::identify(&mut job, known.as_deref(), String::new);
    let unchanged = known.as_deref().is_some_and(|known| known.same_specification(&job) && !known.stop);
    let index = tables.index + 1;
    let evaluation = Evaluation {
        job_modify_index: index,
        ..server.evaluation_of(&job, "job-register", server.now_nanos())
    };
    if !unchanged {
        let command = Command::RegisterJob { job: Box::new(job.clone()), evaluation: None };
        tables.try_out(index, command).map_err(RpcError::new)?;
    }
    let quiet = job.is_periodic() || job.is_parameterized();
    let outcome =
        schedule(&tables, &evaluation, now, &server.ids.branch("plan"), &server.jitter.branch("plan"));
    let annotations = outcome.finished.plan_annotations.clone();
    let diff = body.boolean("Diff").then(|| job_diff(known.as_deref(), &job, &annotations));
    let failed =
        if quiet { Value::Nil } else { to_value(&outcome.finished.failed_tg_allocs).unwrap_or(Value::Nil) };
    let failed = if failed.as_map().is_some_and(Vec::is_empty) { Value::Nil } else { failed };
    let next = job.is_periodic().then(|| next_launch(&job, now)).flatten();
    let created: Vec<Value> = outcome
        .followups
        .iter()
        .filter(|found| matches!(found.status.as_str(), "pending" | "blocked"))
        .map(|found| to_value(found).unwrap_or(Value::Nil))
        .collect();
    Ok(crate::structs::map([
        ("Annotations", to_value(&annotations).unwrap_or(Value::Nil)),
        ("FailedTGAllocs", failed),
        ("JobModifyIndex", known.as_deref().map_or(0, |known| known.job_modify_index).into()),
        ("CreatedEvals", if created.is_empty() || quiet { Value::Nil } else { Value::Array(created) }),
        ("Diff", diff.map_or(Value::Nil, |diff| to_value(&diff).unwrap_or(Value::Nil))),
        ("NextPeriodicLaunch", to_value(&GoTime(next)).unwrap_or(Value::Nil)),
        ("Warnings", server.warnings(&job).into()),
        ("Index", (index - 1).into()),
    ]))
}

/// Registers an older version of a job anew.
pub(super) async fn revert(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (namespace, id) = (super::job::namespace_of(body), body.string("JobID"));
    if id.is_empty() {
        return Err(RpcError::new("missing job ID for revert"));
    }
    let version = body.index("JobVersion");
    let (current, wanted) = server.store.read(|tables| {
        let versions = tables.versions.get(&(namespace.clone(), id.to_owned()));
        let wanted = versions.and_then(|kept| kept.iter().find(|job| job.version == version).cloned());
        (tables.job(&namespace, id).cloned(), wanted)
    });
    let Some(current) = current else { return Err(RpcError::new(format!("job {id:?} not found"))) };
    if current.version == version {
        return Err(RpcError::new("can't revert to current version"));
    }
    if let Some(prior) = body.get("EnforcePriorVersion").and_then(Value::as_u64)
        && prior != current.version
    {
        return Err(RpcError::new(format!(
            "Current job has version {}; enforcing version {prior}",
            current.version
        )));
    }
    let Some(wanted) = wanted else {
        return Err(RpcError::new(format!(
            "job {id:?} in namespace {namespace:?} at version {version} not found"
        )));
    };
    let job = Job { stop: false, stable: false, ..Job::clone(&wanted).tagged(None) };
    let (evaluation, index) = server.put_job(job, "job-register").await?;
    let meta = QueryMeta { index, ..QueryMeta::default() };
    Ok(meta.reply([
        ("EvalID", evaluation.into()),
        ("EvalCreateIndex", index.into()),
        ("JobModifyIndex", index.into()),
        ("Warnings", "".into()),
    ]))
}

/// Says that a version of a job works, or that it does not.
pub(super) async fn stable(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (namespace, job_id) = (super::job::namespace_of(body), body.string("JobID").to_owned());
    if job_id.is_empty() {
        return Err(RpcError::new("missing job ID for marking job as stable"));
    }
    let version = body.index("JobVersion");
    let key = (namespace.clone(), job_id.clone());
    let known = server.store.read(|tables| {
        tables.versions.get(&key).is_some_and(|kept| kept.iter().any(|job| job.version == version))
    });
    if !known {
        return Err(RpcError::new(format!(
            "job {job_id:?} in namespace {namespace:?} at version {version} not found"
        )));
    }
    let command = JobCommand::Stability { namespace, job_id, version, stable: body.boolean("Stable") };
    let index = server.apply(Command::Job(command)).await?;
    Ok(crate::structs::map([("Index", index.into())]))
}
