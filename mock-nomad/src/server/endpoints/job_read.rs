//! `Job`: what is known of jobs.

use lab_wire::rpc::to_value;
use rmpv::Value;
use serde::Serializer;

use super::job_stub::JobStub;
use super::{Request, Server, allocation, deployment, evaluation, job_scale, job_versions};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::server::page::Page;
use crate::state::{Tables, Topic};
use crate::structs::{Body, Job, QueryOptions};

/// Whether this file has the method.
pub(super) fn is_method(name: &str) -> bool {
    matches!(
        name,
        "GetJob"
            | "List"
            | "Allocations"
            | "Evaluations"
            | "Summary"
            | "GetJobVersions"
            | "Deployments"
            | "LatestDeployment"
            | "GetJobSubmission"
            | "ScaleStatus"
    )
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
        "List" => return list(server, request, &options).await,
        "Allocations" => allocations(server, &options, &id).await,
        "Evaluations" => evaluations(server, &options, &id).await,
        "Summary" => summary(server, &options, &id).await,
        "Deployments" | "LatestDeployment" => deployments(server, &options, &id, name).await,
        "GetJobSubmission" => submission(server, &options, &id, body.index("Version")).await,
        "ScaleStatus" => job_scale::status(server, &options, &id).await,
        _ => return job_versions::versions(server, request, &options).await,
    })
}

async fn get(server: &Server, options: &QueryOptions, id: &str) -> Value {
    let look = |tables: &Tables| match tables.job(&options.namespace, id) {
        Some(job) => (job.modify_index, [("Job", to_value(&**job).unwrap_or(Value::Nil))]),
        None => (tables.index_of(&Topic::Jobs), [("Job", Value::Nil)]),
    };
    server.blocking(options, Topic::Jobs, look).await
}

async fn list(server: &Server, request: &Request, options: &QueryOptions) -> RpcResult {
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    // A long list for this very agent's HTTP port is written once.
    let as_json = request.context.internal && body.boolean("AsJSON");
    let with_meta = Body(body.get("Fields").unwrap_or(&Value::Nil)).boolean("Meta");
    let look = |tables: &Tables, page: &Page<'_>| {
        let jobs = tables.jobs.values().map(|job| &**job);
        let wanted = jobs.filter(|job| {
            options.wants(&job.namespace)
                && job.id.starts_with(&options.prefix)
                && caller.acl.allows_in_namespace(&job.namespace, "list-jobs")
        });
        let key = |job: &&Job| format!("{}.{}", job.namespace, job.id);
        let (found, next) = page.choose(wanted.collect(), key)?;
        let stubs = found.into_iter().map(|job| JobStub::of(tables, job, with_meta));
        Ok((if as_json { written(stubs)? } else { stubs.map(|stub| stub.value()).collect() }, next))
    };
    server.listing(options, Topic::Jobs, "Jobs", look).await
}

/// A list as JSON, in place of its elements.
fn written<'a>(stubs: impl Iterator<Item = JobStub<'a>>) -> Result<Value, RpcError> {
    let mut text = Vec::new();
    serde_json::Serializer::new(&mut text)
        .collect_seq(stubs)
        .map_err(|error| RpcError::new(error.to_string()))?;
    Ok(Value::Binary(text))
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

/// All of a job's deployments, or the newest.
async fn deployments(server: &Server, options: &QueryOptions, id: &str, name: &str) -> Value {
    let newest = name == "LatestDeployment";
    let look = |tables: &Tables| {
        let mut found: Vec<_> = tables.work.deployments.of_job(&options.namespace, id).collect();
        found.sort_by_key(|found| std::cmp::Reverse(found.create_index));
        let index = tables.index_of(&Topic::Deployments);
        let field = if newest {
            ("Deployment", found.first().map_or(Value::Nil, |found| to_value(found).unwrap_or(Value::Nil)))
        } else {
            ("Deployments", deployment::encode(found.into_iter()))
        };
        (index, [field])
    };
    server.blocking(options, Topic::Deployments, look).await
}

async fn submission(server: &Server, options: &QueryOptions, id: &str, version: u64) -> Value {
    let key = (options.namespace.clone(), id.to_owned());
    let look = |tables: &Tables| {
        let found = tables
            .work
            .submission(&key, version)
            .map_or(Value::Nil, |found| to_value(found).unwrap_or(Value::Nil));
        (tables.index_of(&Topic::Jobs), [("Submission", found)])
    };
    server.blocking(options, Topic::Jobs, look).await
}
