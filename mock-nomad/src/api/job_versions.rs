//! `/v1/job/ID/versions` and `/v1/job/ID/versions/TAG/tag`.

use http::Method;
use lab_pki::quote;
use rmpv::Value;
use serde_json::Value as Json;

use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::structs::{Body, QueryMeta, map};

pub(super) async fn list(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    let diffs = request.boolean("diffs", 500, "")?.unwrap_or(false);
    let version = request.parameter("diff_version").filter(|text| !text.is_empty());
    let version = version.map(parse_version).transpose()?.map_or(Value::Nil, Value::from);
    let subject = [
        ("JobID", id.into()),
        ("Diffs", diffs.into()),
        ("DiffVersion", version),
        ("DiffTagName", request.parameter("diff_tag").unwrap_or_default().into()),
    ];
    let answer = api.ask(request, "Job.GetJobVersions", subject).await?;
    let meta = QueryMeta::of(Body(&answer));
    if Body(&answer).list("Versions").is_empty() {
        return Err(ApiError::missing("job versions not found", meta));
    }
    Ok(Reply::found(json(&answer), meta))
}

fn parse_version(text: &str) -> Result<u64, ApiError> {
    let fault = |kind: &str| {
        let given = quote(text);
        ApiError::new(
            500,
            format!(
                "Failed to parse value of \"diff_version\" ({text}) as a uint64: strconv.ParseUint: parsing {given}: {kind}"
            ),
        )
    };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err(fault("invalid syntax"));
    }
    text.parse().map_err(|_| fault("value out of range"))
}

/// Names a version, or takes its name away.
pub(super) async fn tag(api: &Api, request: &ApiRequest, id: &str, name: &str) -> Result<Reply, ApiError> {
    let (version, tag) = match request.method {
        Method::PUT | Method::POST => {
            let body = request.object("api.TagVersionRequest")?;
            let version = version_of(&body)?;
            let description = body.get("Description").and_then(Json::as_str).unwrap_or_default();
            (version, map([("Description", description.into())]))
        }
        Method::DELETE => (0, Value::Nil),
        _ => return Err(ApiError::new(405, "Invalid method")),
    };
    let subject = [("JobID", id.into()), ("Name", name.into()), ("Version", version.into()), ("Tag", tag)];
    Ok(Reply::plain(json(&api.write(request, "Job.TagVersion", subject).await?)))
}

/// The version that a body names; the first where it names none.
fn version_of(body: &Json) -> Result<u64, ApiError> {
    let found = match body.get("Version") {
        None | Some(Json::Null) => return Ok(0),
        Some(Json::Number(number)) => match number.as_u64() {
            Some(number) => return Ok(number),
            None => format!("number {number}"),
        },
        Some(Json::String(_)) => "string".to_owned(),
        Some(Json::Bool(_)) => "bool".to_owned(),
        Some(Json::Array(_)) => "array".to_owned(),
        Some(Json::Object(_)) => "object".to_owned(),
    };
    Err(ApiError::new(
        400,
        format!(
            "json: cannot unmarshal {found} into Go struct field TagVersionRequest.Version of type uint64"
        ),
    ))
}
