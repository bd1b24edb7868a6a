//! `/v1/client/allocation`: what can be done to an allocation where it runs.

use http::Method;
use serde_json::{Value as Json, json};

use super::super::{Api, ApiError, ApiRequest, Reply, shape};

pub(super) async fn handle(api: &Api, request: &ApiRequest, id: &str, call: &str) -> Result<Reply, ApiError> {
    match call {
        "stats" => {
            let client = super::client_of(api, id)?;
            let usage = client.usage(id, request.parameter("task"));
            usage.map(Reply::plain).map_err(|text| ApiError::new(500, text))
        }
        "restart" => {
            request.allow(&[Method::PUT, Method::POST])?;
            let client = super::client_of(api, id)?;
            let mut body = optional(request)?;
            shape::fit(&mut body, "structs.AllocRestart").map_err(|error| ApiError { code: 500, ..error })?;
            let (all, task) = (body["AllTasks"] == true, body["TaskName"].as_str().unwrap_or_default());
            if all && !task.is_empty() {
                return Err(ApiError::new(500, "task name cannot be set when restarting all tasks"));
            }
            done(client.restart(id, task, all).await)
        }
        "signal" => {
            request.allow(&[Method::PUT, Method::POST])?;
            let client = super::client_of(api, id)?;
            let body = request.object("structs.AllocSignalRequest").map_err(|error| {
                ApiError::new(error.code, format!("Failed to decode body: {}", error.message))
            })?;
            let text = |name: &str| body[name].as_str().unwrap_or_default();
            done(client.signal(id, text("Task"), text("Signal")).await)
        }
        "gc" => match super::client_of(api, id)?.collect(id) {
            true => Ok(Reply::default()),
            false => {
                Err(ApiError::new(500, "No such allocation on client, or allocation not eligible for GC"))
            }
        },
        "checks" => {
            let checks = super::client_of(api, id)?.checks(id);
            checks.map(Reply::plain).map_err(|text| ApiError::new(500, text))
        }
        "pause" => pause(request),
        "exec" => super::exec::handle(api, request, id).await,
        _ => Err(ApiError::not_found("resource not found")),
    }
}

/// Schedules of tasks are Nomad Enterprise's.
fn pause(request: &ApiRequest) -> Result<Reply, ApiError> {
    match request.method {
        Method::GET => Err(ApiError::new(500, "Enterprise only")),
        Method::PUT | Method::POST => {
            let body = optional(request).map_err(|error| ApiError { code: 500, ..error })?;
            match body["ScheduleState"].as_str() {
                Some("pause" | "run" | "scheduled") => Err(ApiError::new(500, "Enterprise only")),
                _ => Err(ApiError::new(400, "Not a valid task schedule state")),
            }
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

fn optional(request: &ApiRequest) -> Result<Json, ApiError> {
    if request.body.is_empty() { Ok(json!({})) } else { request.json() }
}

fn done(result: Result<(), String>) -> Result<Reply, ApiError> {
    result.map(|()| Reply::plain(json!({"Index": 0}))).map_err(|text| ApiError::new(500, text))
}
