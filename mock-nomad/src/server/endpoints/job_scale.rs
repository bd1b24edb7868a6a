//! `Job.Scale` and `Job.ScaleStatus`: the counts of groups, and what is remembered of their changes.

use lab_pki::quote;
use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::state::{Command, JobCommand, Tables, Topic};
use crate::structs::{Allocation, Body, Job, QueryMeta, QueryOptions, ScalingEvent, TaskGroup, map};

pub(super) async fn scale(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (namespace, job_id) = (super::job::namespace_of(body), body.string("JobID"));
    let group = check(body, &namespace)?;
    let known = server.store.read(|tables| tables.job(&namespace, job_id).cloned());
    let Some(known) = known else { return Err(bad(404, format!("job {} not found", quote(job_id)))) };
    let mut job = Job::clone(&known);
    let Some(found) = job.task_groups.iter_mut().find(|found| found.name == group) else {
        let text = format!("task group {} specified for scaling does not exist in job", quote(group));
        return Err(bad(400, text));
    };
    let count = body.get("Count").and_then(Value::as_i64);
    let mut event = ScalingEvent {
        time: server.now_nanos(),
        count,
        previous_count: found.count,
        message: body.string("Message").to_owned(),
        error: body.boolean("Error"),
        meta: body.object("Meta")?.unwrap_or_default(),
        ..ScalingEvent::default()
    };
    let mut job_index = known.job_modify_index;
    let mut evaluation_index = 0;
    if let Some(count) = count {
        check_policy(found, count)?;
        if is_rolling(server, &known) {
            return Err(bad(400, "job scaling blocked due to active deployment".to_owned()));
        }
        found.count = count;
        let (evaluation, index) = server.put_job(job, "job-scaling").await?;
        job_index = index;
        if !evaluation.is_empty() {
            evaluation_index = index;
            event.eval_id = Some(evaluation);
        }
    }
    let evaluation = event.eval_id.clone().unwrap_or_default();
    let command = JobCommand::Scaled { namespace, job_id: job_id.to_owned(), group: group.to_owned(), event };
    let index = server.apply(Command::Job(command)).await?;
    let meta = QueryMeta { index, known_leader: true, ..QueryMeta::default() };
    Ok(meta.reply([
        ("EvalID", evaluation.into()),
        ("EvalCreateIndex", evaluation_index.into()),
        ("JobModifyIndex", job_index.into()),
        ("Warnings", "".into()),
    ]))
}

/// What is wrong with the request by itself; otherwise the group that it is about.
fn check<'a>(body: Body<'a>, namespace: &str) -> Result<&'a str, RpcError> {
    let target = |name: &str| body.get("Target").map_or("", |target| Body(target).string(name));
    if !["", namespace].contains(&target("Namespace")) {
        return Err(bad(400, "namespace in payload did not match header".to_owned()));
    }
    if !["", body.string("JobID")].contains(&target("Job")) {
        return Err(bad(400, "job ID in payload did not match URL".to_owned()));
    }
    let group = target("Group");
    if group.is_empty() {
        return Err(bad(400, "missing task group name for scaling action".to_owned()));
    }
    match body.get("Count").and_then(Value::as_i64) {
        Some(count) if count < 0 => Err(bad(400, "scaling action count can't be negative".to_owned())),
        Some(_) if body.boolean("Error") => {
            Err(bad(400, "scaling action should not contain count if error is true".to_owned()))
        }
        _ => Ok(group),
    }
}

/// A count must be within the bounds of the group's policy.
fn check_policy(group: &TaskGroup, count: i64) -> Result<(), RpcError> {
    let beyond = |what: &str, bound: &str, sign: char, limit: i64| {
        bad(400, format!("group count was {what} than scaling policy {bound}: {count} {sign} {limit}"))
    };
    match (group.number("Scaling", "Min"), group.number("Scaling", "Max")) {
        (Some(min), _) if count < min => Err(beyond("less", "minimum", '<', min)),
        (_, Some(max)) if count > max => Err(beyond("greater", "maximum", '>', max)),
        _ => Ok(()),
    }
}

fn is_rolling(server: &Server, job: &Job) -> bool {
    server.store.read(|tables| {
        let newest = tables.work.deployments.newest_of_job(&job.namespace, &job.id);
        newest.is_some_and(|newest| newest.is_active() && newest.job_create_index == job.create_index)
    })
}

fn bad(code: u16, text: String) -> RpcError {
    RpcError::coded(code, &text)
}

/// How many of each group there are and should be.
pub(super) async fn status(server: &Server, options: &QueryOptions, id: &str) -> Value {
    let look = |tables: &Tables| match tables.job(&options.namespace, id) {
        Some(job) => (job.modify_index, [("JobScaleStatus", status_of(tables, job))]),
        None => (tables.index_of(&Topic::Jobs), [("JobScaleStatus", Value::Nil)]),
    };
    server.blocking(options, Topic::Allocations, look).await
}

fn status_of(tables: &Tables, job: &Job) -> Value {
    let key = (job.namespace.clone(), job.id.clone());
    let groups = job.task_groups.iter().map(|group| {
        let present = || {
            tables
                .allocations_of_job(&job.namespace, &job.id)
                .filter(|found| found.task_group == group.name && !found.is_server_terminal())
        };
        let count =
            |wanted: &dyn Fn(&Allocation) -> bool| present().filter(|found| wanted(found)).count() as u64;
        let events = match tables.work.scaling_events(&key, &group.name) {
            [] => Value::Nil,
            events => to_value(events).unwrap_or(Value::Nil),
        };
        let fields = map([
            ("Desired", group.count.into()),
            ("Placed", count(&|_| true).into()),
            ("Running", count(&|found| found.client_status == "running").into()),
            ("Healthy", count(&|found| found.health() == Some(true)).into()),
            ("Unhealthy", count(&|found| found.health() == Some(false)).into()),
            ("Events", events),
        ]);
        (group.name.as_str().into(), fields)
    });
    map([
        ("JobID", job.id.as_str().into()),
        ("Namespace", job.namespace.as_str().into()),
        ("JobCreateIndex", job.create_index.into()),
        ("JobModifyIndex", job.modify_index.into()),
        ("JobStopped", job.stop.into()),
        ("TaskGroups", Value::Map(groups.collect())),
    ])
}
