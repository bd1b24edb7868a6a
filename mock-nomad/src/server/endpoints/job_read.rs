//! `Job`: what is known of jobs.

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, allocation, evaluation};
use crate::seam::RpcResult;
use crate::server::forward::{Access, Route};
use crate::state::{Tables, Topic};
use crate::structs::{Body, Job, QueryOptions, map};

/// Whether this file has the method.
pub(super) fn is_method(name: &str) -> bool {
    matches!(name, "GetJob" | "List" | "Allocations" | "Evaluations" | "Summary" | "GetJobVersions")
}

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let options = QueryOptions::of(body);
    let id = body.string("JobID").to_owned();
    Ok(match name {
        "GetJob" => get(server, &options, &id).await,
        "List" => list(server, &options).await,
        "Allocations" => allocations(server, &options, &id).await,
        "Evaluations" => evaluations(server, &options, &id).await,
        "Summary" => summary(server, &options, &id).await,
        _ => versions(server, &options, &id).await,
    })
}

async fn get(server: &Server, options: &QueryOptions, id: &str) -> Value {
    let look = |tables: &Tables| match tables.job(&options.namespace, id) {
        Some(job) => (job.modify_index, [("Job", to_value(&**job).unwrap_or(Value::Nil))]),
        None => (tables.index_of(&Topic::Jobs), [("Job", Value::Nil)]),
    };
    server.blocking(options, Topic::Jobs, look).await
}

async fn list(server: &Server, options: &QueryOptions) -> Value {
    let look = |tables: &Tables| {
        let jobs = tables.jobs.values();
        let wanted = jobs.filter(|job| options.wants(&job.namespace) && job.id.starts_with(&options.prefix));
        let stubs = wanted.map(|job| stub(tables, job)).collect();
        (
            tables.index_of(&Topic::Jobs).max(tables.index_of(&Topic::Allocations)),
            [("Jobs", Value::Array(stubs))],
        )
    };
    server.blocking(options, Topic::Jobs, look).await
}

fn stub(tables: &Tables, job: &Job) -> Value {
    let present = |field: &str| job.rest.get(field).is_some_and(|value| !value.is_null());
    let datacenters = job.datacenters.iter().map(|name| name.as_str().into()).collect();
    map([
        ("ID", job.id.as_str().into()),
        ("ParentID", "".into()),
        ("Name", job.name.as_str().into()),
        ("Namespace", job.namespace.as_str().into()),
        ("Datacenters", Value::Array(datacenters)),
        ("NodePool", job.node_pool.as_str().into()),
        ("Multiregion", Value::Nil),
        ("Type", job.kind.as_str().into()),
        ("Priority", job.priority.into()),
        ("Periodic", present("Periodic").into()),
        ("ParameterizedJob", present("ParameterizedJob").into()),
        ("Stop", job.stop.into()),
        ("Status", job.status.as_str().into()),
        ("StatusDescription", job.status_description.as_str().into()),
        ("JobSummary", to_value(&tables.summary_of(job)).unwrap_or(Value::Nil)),
        ("CreateIndex", job.create_index.into()),
        ("ModifyIndex", job.modify_index.into()),
        ("JobModifyIndex", job.job_modify_index.into()),
        ("SubmitTime", job.submit_time.into()),
    ])
}

async fn allocations(server: &Server, options: &QueryOptions, id: &str) -> Value {
    let look = |tables: &Tables| {
        let found = tables.allocations_of_job(&options.namespace, id).map(|found| &**found);
        (tables.index_of(&Topic::Allocations), [("Allocations", allocation::stubs(found))])
    };
    server.blocking(options, Topic::Allocations, look).await
}

async fn evaluations(server: &Server, options: &QueryOptions, id: &str) -> Value {
    let look = |tables: &Tables| {
        let mut found: Vec<_> =
            tables.evaluations_of_job(&options.namespace, id).map(|found| &**found).collect();
        found.sort_by_key(|found| std::cmp::Reverse(found.create_index));
        (tables.index_of(&Topic::Evaluations), [("Evaluations", evaluation::encode(found.into_iter()))])
    };
    server.blocking(options, Topic::Evaluations, look).await
}

async fn summary(server: &Server, options: &QueryOptions, id: &str) -> Value {
    let look = |tables: &Tables| match tables.job(&options.namespace, id) {
        Some(job) => {
            let summary = tables.summary_of(job);
            (summary.modify_index, [("JobSummary", to_value(&summary).unwrap_or(Value::Nil))])
        }
        None => (tables.index_of(&Topic::Jobs), [("JobSummary", Value::Nil)]),
    };
    server.blocking(options, Topic::Allocations, look).await
}

async fn versions(server: &Server, options: &QueryOptions, id: &str) -> Value {
    let key = (options.namespace.clone(), id.to_owned());
    let look = |tables: &Tables| {
        let kept = tables.versions.get(&key);
        let index = kept
            .and_then(|kept| kept.first())
            .map_or(tables.index_of(&Topic::Jobs), |newest| newest.modify_index);
        let versions = kept.into_iter().flatten().map(|job| to_value(&**job).unwrap_or(Value::Nil)).collect();
        (index, [("Versions", Value::Array(versions)), ("Diffs", Value::Nil)])
    };
    server.blocking(options, Topic::Jobs, look).await
}
