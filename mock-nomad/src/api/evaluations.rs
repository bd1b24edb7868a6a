//! `/v1/evaluations` and `/v1/evaluation`.

use http::Method;
use rmpv::Value;

use super::json::json;
use super::nodes::{check_id, check_prefix};
use super::{Api, ApiError, ApiRequest, Reply};

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    if let Some(prefix) = request.parameter("prefix") {
        check_prefix(prefix, "eval")?;
    }
    let (found, meta) = api.read(request, "Eval.List", [], "Evaluations").await?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

pub(super) async fn one(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (id, action) = rest.split_once('/').unwrap_or((rest, ""));
    check_id(id, "eval")?;
    match action {
        "" => {
            let (found, meta) = api.read(request, "Eval.GetEval", [("EvalID", id.into())], "Eval").await?;
            match found {
                Some(found) => Ok(Reply::found(json(&found), meta)),
                None => Err(ApiError::missing("eval not found", meta)),
            }
        }
        "allocations" => {
            let (found, meta) =
                api.read(request, "Eval.Allocations", [("EvalID", id.into())], "Allocations").await?;
            Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
        }
        _ => Err(ApiError::not_found("")),
    }
}
