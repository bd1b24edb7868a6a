//! `/v1/allocations` and `/v1/allocation`.

use http::Method;
use rmpv::Value;
use serde_json::json as object;

use super::json::json;
use super::nodes::{check_id, check_prefix};
use super::{Api, ApiError, ApiRequest, Reply};

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    if let Some(prefix) = request.parameter("prefix") {
        check_prefix(prefix, "alloc")?;
    }
    let (found, meta) = api.read(request, "Alloc.List", [], "Allocations").await?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

pub(super) async fn one(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    let (id, action) = rest.split_once('/').unwrap_or((rest, ""));
    match action {
        "" => get(api, request, id).await,
        "stop" => {
            request.allow(&[Method::PUT, Method::POST])?;
            Ok(Reply::written(&api.write(request, "Alloc.Stop", [("AllocID", id.into())]).await?))
        }
        _ => Err(ApiError::not_found("")),
    }
}

async fn get(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    check_id(id, "alloc")?;
    let (found, meta) = api.read(request, "Alloc.GetAlloc", [("AllocID", id.into())], "Alloc").await?;
    let Some(found) = found else { return Err(ApiError::missing("alloc not found", meta)) };
    let mut body = json(&found);
    add_old_resources(&mut body);
    Ok(Reply::found(body, meta))
}

/// What an allocation takes, once more in the shape of older versions.
fn add_old_resources(body: &mut serde_json::Value) {
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
