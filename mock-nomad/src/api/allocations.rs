//! `/v1/allocations` and `/v1/allocation`.

use http::Method;
use serde_json::json as object;

use super::json::json;
use super::lookup::offered;
use super::nodes::{check_id, check_prefix};
use super::{Api, ApiError, ApiRequest, Reply};
use crate::structs::map;

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    if let Some(prefix) = request.parameter("prefix") {
        check_prefix(prefix, "alloc")?;
    }
    let fields = map([
        ("Resources", request.boolean("resources", 500, "")?.unwrap_or(false).into()),
        ("TaskStates", request.boolean("task_states", 500, "")?.unwrap_or(true).into()),
    ]);
    let (found, meta) = api.read(request, "Alloc.List", [("Fields", fields)], "Allocations").await?;
    Ok(Reply::listed(found, meta))
}

pub(super) async fn one(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    let (id, action) = rest.split_once('/').unwrap_or((rest, ""));
    match action {
        "" => get(api, request, id).await,
        "stop" => {
            request.allow(&[Method::PUT, Method::POST])?;
            let stopped = api.write(request, "Alloc.Stop", [("AllocID", id.into())]).await;
            Ok(Reply::written(&stopped.map_err(hidden)?))
        }
        "services" => {
            let method = "Alloc.GetServiceRegistrations";
            offered(api, request, method, ("AllocID", id), "allocation not found").await
        }
        "checks" => {
            let found = api.read(request, "Alloc.GetAlloc", [("AllocID", id.into())], "Alloc").await;
            match found.map_err(hidden)?.0 {
                // There are no checks here.
                Some(_) => Ok(Reply::plain(serde_json::Value::Null)),
                None => Err(ApiError::not_found(format!("Unknown allocation {}", lab_pki::quote(id)))),
            }
        }
        _ => Err(ApiError::not_found("resource not found")),
    }
}

/// One that may not be seen is told as unknown by the servers, and as forbidden where something is done with it.
fn hidden(error: ApiError) -> ApiError {
    match error.message.starts_with("Unknown allocation") {
        true => ApiError::new(403, "Permission denied"),
        false => error,
    }
}

async fn get(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    check_id(id, "alloc")?;
    let asked = api.read(request, "Alloc.GetAlloc", [("AllocID", id.into())], "Alloc").await;
    let (found, meta) = asked.map_err(|error| match error.code {
        404 => ApiError { code: 500, ..error },
        _ => error,
    })?;
    let Some(found) = found else { return Err(ApiError::missing("alloc not found", meta)) };
    let mut body = json(&found);
    add_old_resources(&mut body);
    Ok(Reply::found(body, meta))
}

/// What an allocation takes, once more in the shape of older versions.
pub(super) fn add_old_resources(body: &mut serde_json::Value) {
    let shape = |cpu: i64, memory: i64, max: i64, disk: i64| {
        object!({"CPU": cpu, "Cores": 0, "Devices": null, "DiskMB": disk, "IOPS": 0, "MemoryMB": memory,
                 "MemoryMaxMB": max, "NUMA": null, "Networks": null, "SecretsMB": 0})
    };
    let taken = &body["AllocatedResources"];
    let disk = taken["Shared"]["DiskMB"].as_i64().unwrap_or(0);
    let mut tasks = serde_json::Map::new();
    let (mut cpu, mut memory) = (0, 0);
    for (name, task) in taken["Tasks"].as_object().into_iter().flatten() {
        let task_cpu = task["Cpu"]["CpuShares"].as_i64().unwrap_or(0);
        let task_memory = task["Memory"]["MemoryMB"].as_i64().unwrap_or(0);
        let max = task["Memory"]["MemoryMaxMB"].as_i64().unwrap_or(0);
        (cpu, memory) = (cpu + task_cpu, memory + task_memory);
        tasks.insert(name.clone(), shape(task_cpu, task_memory, max, 0));
    }
    body["Resources"] = shape(cpu, memory, memory, disk);
    body["SharedResources"] = shape(0, 0, 0, disk);
    body["TaskResources"] = tasks.into();
}
