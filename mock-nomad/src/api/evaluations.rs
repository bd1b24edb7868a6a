//! `/v1/evaluations` and `/v1/evaluation`.

use http::Method;
use rmpv::Value;

use super::json::json;
use super::nodes::{check_id, check_prefix};
use super::{Api, ApiError, ApiRequest, Reply};

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    if request.method == Method::DELETE {
        request.json()?;
        // The broker is never paused here.
        let text = "eval broker is enabled; eval broker must be paused to delete evals";
        return Err(ApiError::new(500, text));
    }
    request.allow(&[Method::GET])?;
    if let Some(prefix) = request.parameter("prefix") {
        check_prefix(prefix, "eval")?;
    }
    let (found, meta) = api.read(request, "Eval.List", chosen(request), "Evaluations").await?;
    Ok(Reply::listed(found, meta))
}

/// What evaluations are asked for.
fn chosen(request: &ApiRequest) -> [(&'static str, Value); 2] {
    let given = |name: &str| Value::from(request.parameter(name).unwrap_or_default());
    [("FilterJobID", given("job")), ("FilterEvalStatus", given("status"))]
}

pub(super) async fn count(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let answer = api.ask(request, "Eval.Count", chosen(request)).await?;
    Ok(Reply::found(json(&answer), crate::structs::QueryMeta::of(crate::structs::Body(&answer))))
}

pub(super) async fn one(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (id, action) = match rest.strip_suffix("/allocations") {
        Some(id) => (id, "allocations"),
        None => (rest, ""),
    };
    let lookup = if action.is_empty() && id.len() != 36 { "failed to lookup eval: " } else { "" };
    check_id(id, "eval")
        .map_err(|error| ApiError { message: format!("{lookup}{}", error.message), ..error })?;
    match action {
        "" => {
            let related = request.parameter("related") == Some("true");
            let asked = [("EvalID", id.into()), ("IncludeRelated", related.into())];
            let (found, meta) = api.read(request, "Eval.GetEval", asked, "Eval").await?;
            match found {
                Some(found) => Ok(Reply::found(json(&found), meta)),
                None => Err(ApiError::missing("eval not found", meta)),
            }
        }
        _ => {
            let (found, meta) =
                api.read(request, "Eval.Allocations", [("EvalID", id.into())], "Allocations").await?;
            Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
        }
    }
}
