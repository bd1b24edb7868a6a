//! `Job.GetJobVersions`: what is kept of a job's past, and how the versions differ.

use std::sync::Arc;

use lab_pki::quote;
use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::state::{Tables, Topic};
use crate::structs::{Body, Job, Opaque, QueryOptions, job_diff};

pub(super) async fn versions(server: &Server, request: &Request, options: &QueryOptions) -> RpcResult {
    let body = Body(&request.body);
    let key = (options.namespace.clone(), body.string("JobID").to_owned());
    let kept = |tables: &Tables| tables.versions.get(&key).cloned().unwrap_or_default();
    // What cannot be compared with is told before anything is waited for.
    differences(&server.store.read(kept), body)?;
    let look = |tables: &Tables| {
        let kept = kept(tables);
        let newest = kept.iter().map(|job| job.modify_index).max();
        let versions = kept.iter().map(|job| to_value(&**job).unwrap_or(Value::Nil)).collect();
        let differences = differences(&kept, body).unwrap_or(Value::Nil);
        let index = newest.unwrap_or_else(|| tables.index_of(&Topic::Jobs));
        (index, [("Versions", Value::Array(versions)), ("Diffs", differences)])
    };
    Ok(server.blocking(options, Topic::Jobs, look).await)
}

/// How each version differs from the one before it, or from the one that is named by tag or number.
fn differences(kept: &[Arc<Job>], body: Body<'_>) -> Result<Value, RpcError> {
    if !body.boolean("Diffs") || kept.is_empty() {
        return Ok(Value::Nil);
    }
    let (tag, number) = (body.string("DiffTagName"), body.get("DiffVersion").and_then(Value::as_u64));
    let base = match (tag, number) {
        ("", None) => None,
        ("", Some(number)) => {
            let found = kept.iter().find(|job| job.version == number);
            Some(found.ok_or_else(|| RpcError::new(format!("version {number} not found")))?)
        }
        (tag, _) => {
            let found = kept.iter().find(|job| job.tag_name() == tag);
            Some(found.ok_or_else(|| RpcError::new(format!("tag {} not found", quote(tag))))?)
        }
    };
    let difference =
        |old: &Job, new: &Job| to_value(&job_diff(Some(old), new, &Opaque::Null)).unwrap_or(Value::Nil);
    let all: Vec<Value> = match base {
        Some(base) => kept.iter().map(|job| difference(base, job)).collect(),
        None => kept.windows(2).map(|pair| difference(&pair[1], &pair[0])).collect(),
    };
    Ok(if all.is_empty() { Value::Nil } else { Value::Array(all) })
}
