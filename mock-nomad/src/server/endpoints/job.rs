//! `Job`: registering, stopping and evaluating.

use rmpv::Value;

use super::admission::{admit, misplaced};
use super::{Request, Server, dispatch, job_plan, job_read, job_scale, job_tag, scaling, unknown};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::server::implied::add_constraints;
use crate::state::{Command, JobCommand};
use crate::structs::{Body, Evaluation, Job, Opaque, QueryMeta, warnings};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    match name {
        "Validate" => {
            if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
                return answer;
            }
            check_only(server, request)
        }
        "Register" | "Deregister" | "Scale" | "Evaluate" | "Plan" | "Revert" | "Stable" | "Dispatch"
        | "TagVersion" => {
            if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
                return answer;
            }
            match name {
                "Register" => register(server, request).await,
                "Deregister" => deregister(server, request).await,
                "Scale" => job_scale::scale(server, request).await,
                "TagVersion" => job_tag::tag(server, request).await,
                "Plan" => job_plan::plan(server, request).await,
                "Revert" => job_plan::revert(server, request).await,
                "Stable" => job_plan::stable(server, request).await,
                "Dispatch" => dispatch::dispatch(server, request).await,
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
    let Some(mut job) = job else { return Err(RpcError::new("missing job for registration")) };
    check(server, &job)?;
    admit(server, request)?;
    server.complete(&mut job);
    let known = server.store.read(|tables| tables.job(&job.namespace, &job.id).cloned());
    if body.boolean("EnforceIndex") {
        enforce(body.index("JobModifyIndex"), known.as_deref())?;
    }
    if let Some(token) = &server.caller(request)?.token {
        job.rest.insert("NomadTokenID".to_owned(), token.accessor_id.clone().into());
    }
    scaling::identify(&mut job, known.as_deref(), || server.uuid());
    let warnings = server.warnings(&job);
    let job = preserve_counts(body, job, known.as_deref());
    if let Some(known) = known.as_deref().filter(|known| known.same_specification(&job) && !known.stop) {
        if known.makes_others() {
            return Ok(registered("", known.job_modify_index, 0, &warnings));
        }
        return place_again(server, known, "job-register", &warnings).await;
    }
    let (namespace, job_id) = (job.namespace.clone(), job.id.clone());
    let (evaluation, index) = server.put_job(job, "job-register").await?;
    if let Some(submission) = body.object::<Opaque>("Submission")? {
        let command = JobCommand::Submission { namespace, job_id, submission };
        server.apply(Command::Job(command)).await?;
    }
    Ok(registered(&evaluation, index, index, &warnings))
}

fn preserve_counts(body: Body<'_>, mut job: Job, known: Option<&Job>) -> Job {
    if let Some(known) = known.filter(|_| body.boolean("PreserveCounts")) {
        for group in &mut job.task_groups {
            group.count = known.group(&group.name).map_or(group.count, |known| known.count);
        }
    }
    job
}

impl Server {
    /// What is not wrong with a job, and yet not as one may think.
    pub(in crate::server) fn warnings(&self, job: &Job) -> String {
        let mut more = Vec::new();
        let oversubscribes =
            self.store.read(|tables| tables.settings.scheduler.memory_oversubscription_enabled);
        for group in &job.task_groups {
            for task in &group.tasks {
                if !oversubscribes && task.resources["MemoryMaxMB"].as_i64().is_some_and(|most| most > 0) {
                    more.push(format!(
                        "Memory oversubscription is not enabled; Task \"{}.{}\" memory_max value will be ignored. \
                         Update the Scheduler Configuration to allow oversubscription.",
                        group.name, task.name
                    ));
                }
            }
        }
        warnings(job, more)
    }

    /// Adds to a job what follows from what it asks for.
    pub(in crate::server) fn complete(&self, job: &mut Job) {
        self.add_vault_identities(job);
        add_constraints(job);
    }

    /// Puts a new version of a job into the log, with the evaluation that places it unless the job waits. The
    /// evaluation's id, empty without one, and the index.
    pub(in crate::server) async fn put_job(
        &self,
        job: Job,
        triggered_by: &str,
    ) -> Result<(String, u64), RpcError> {
        let now = self.now_nanos();
        let job = Job { submit_time: now, status: String::new(), ..job };
        let evaluation = (!job.makes_others())
            .then(|| Evaluation { job_modify_index: 0, ..self.evaluation_of(&job, triggered_by, now) });
        let id = evaluation.as_ref().map(|evaluation| evaluation.id.clone()).unwrap_or_default();
        let command = Command::RegisterJob { job: Box::new(job), evaluation: evaluation.map(Box::new) };
        let index = self.apply(command).await?;
        Ok((id, index))
    }
}

/// What is wrong with a job that nobody registers.
fn check_only(server: &Server, request: &Request) -> RpcResult {
    let job: Option<Job> = Body(&request.body).object("Job")?;
    let Some(job) = job else { return Err(RpcError::new("missing job for validation")) };
    let faults = faults_of(server, &job);
    let error = if faults.is_empty() { String::new() } else { super::acl::faults(&faults) };
    let list = match faults.is_empty() {
        true => Value::Nil,
        false => Value::Array(faults.into_iter().map(Value::from).collect()),
    };
    Ok(crate::structs::map([
        ("DriverConfigValidated", true.into()),
        ("Error", error.into()),
        ("ValidationErrors", list),
        ("Warnings", server.warnings(&job).into()),
    ]))
}

async fn place_again(server: &Server, job: &Job, triggered_by: &str, warnings: &str) -> RpcResult {
    // Nothing of the job has changed.
    let evaluation =
        Evaluation { job_modify_index: 0, ..server.evaluation_of(job, triggered_by, server.now_nanos()) };
    let id = evaluation.id.clone();
    let index = server.apply(Command::UpdateEvaluations(vec![evaluation])).await?;
    Ok(registered(&id, job.job_modify_index, index, warnings))
}

fn registered(evaluation: &str, job_index: u64, index: u64, warnings: &str) -> Value {
    let meta = QueryMeta { index, ..QueryMeta::default() };
    meta.reply([
        ("EvalID", evaluation.into()),
        ("EvalCreateIndex", (if evaluation.is_empty() { 0 } else { index }).into()),
        ("JobModifyIndex", job_index.into()),
        ("Warnings", warnings.into()),
    ])
}

/// Every fault of a job, and that it asks for a Vault that is not there.
fn faults_of(server: &Server, job: &Job) -> Vec<String> {
    let tasks = || job.task_groups.iter().flat_map(|group| &group.tasks);
    let asks = tasks().any(|task| task.rest.get("Vault").is_some_and(|vault| !vault.is_null()));
    let lacks = asks && !server.parts.settings.vault_enabled;
    let vault = lacks.then(|| "Vault \"default\" not enabled but used in the job".to_owned());
    vault.into_iter().chain(crate::structs::faults(job)).collect()
}

/// Refuses a job that may not be where it is to be, or that has faults.
pub(super) fn check(server: &Server, job: &Job) -> Result<(), RpcError> {
    let faults: Vec<String> = misplaced(server, job).into_iter().chain(faults_of(server, job)).collect();
    if faults.is_empty() { Ok(()) } else { Err(RpcError::new(super::acl::faults(&faults))) }
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
    let evaluation = (!job.makes_others()).then(|| server.evaluation_of(&job, "job-deregister", now));
    let id = evaluation.as_ref().map(|evaluation| evaluation.id.clone()).unwrap_or_default();
    let purge = body.boolean("Purge");
    let evaluation = evaluation.map(Box::new);
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

async fn evaluate(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (namespace, job_id) = (namespace_of(body), body.string("JobID"));
    let job = server.store.read(|tables| tables.job(&namespace, job_id).cloned());
    match job {
        Some(job) if job.is_periodic() => Err(RpcError::new("can't evaluate periodic job")),
        Some(job) if job.is_parameterized() => Err(RpcError::new("can't evaluate parameterized job")),
        Some(job) => place_again(server, &job, "job-register", "").await,
        None => Err(RpcError::new("job not found")),
    }
}

pub(super) fn namespace_of(body: Body<'_>) -> String {
    match body.string("Namespace") {
        "" => "default".to_owned(),
        namespace => namespace.to_owned(),
    }
}
