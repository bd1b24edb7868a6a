//! What this agent asks of others.

use bytes::Bytes;
use futures::stream;
use lab_wire::BoxIo;
use lab_wire::http::Pieces;
use lab_wire::rpc::{Codec, RPC_NOMAD, RPC_STREAMING};
use rmpv::Value;
use serde_json::json as object;

use super::super::query::Query;
use super::super::{Api, ApiError, ApiRequest, Raw, Reply, json};
use super::frames::Frames;
use super::{exec, shape};
use crate::seam::RpcError;
use crate::structs::Body;

/// What is told of a node's metadata and its identity.
const WHOLE_FIELDS: [&str; 4] = ["Meta", "Dynamic", "Static", "Claims"];

/// Asks the agent of a node whose client has a session with this server.
pub(in super::super) async fn ask(api: &Api, request: &ApiRequest, node: &str) -> Result<Reply, ApiError> {
    let rest = request.path.strip_prefix("/v1/client/").unwrap_or_default();
    if let Some(call) = shape::call_of(request, node) {
        let io = open(api, node, RPC_NOMAD).await?;
        let arguments = arguments(api, request, call.arguments)?;
        let answer = Codec::new(io).call(call.method, &arguments).await;
        let answer = answer.map_err(|error| ApiError::from(RpcError::new(error.to_string())))?;
        return Ok(match call.field {
            "" if call.method == "Allocations.Restart" || call.method == "Allocations.Signal" => {
                Reply::plain(object!({"Index": Body(&answer).index("Index")}))
            }
            "" => Reply::default(),
            shape::WHOLE => {
                let Value::Map(mut fields) = answer else { return Ok(Reply::default()) };
                fields.retain(|(name, _)| WHOLE_FIELDS.iter().any(|known| name.as_str() == Some(known)));
                Reply::plain(json::json(&Value::Map(fields)))
            }
            field @ "Results" => {
                Reply::plain(shape::checks(Body(&answer).get(field).map(json::json).unwrap_or_default()))
            }
            field => Reply::plain(Body(&answer).get(field).map(json::json).unwrap_or_default()),
        });
    }
    if request.path == "/v1/agent/monitor" {
        return log(api, request, node).await;
    }
    let mut parts = rest.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("fs"), Some(call), Some(id)) => file(api, request, node, call, id).await,
        (Some("allocation"), Some(id), Some("exec")) => {
            let io = open(api, node, RPC_STREAMING).await?;
            let named = exec::arguments(request, id)?;
            exec::ask(request, io, arguments(api, request, named)?)
        }
        _ => Err(ApiError::not_found("")),
    }
}

/// The log of a node's agent.
async fn log(api: &Api, request: &ApiRequest, node: &str) -> Result<Reply, ApiError> {
    let given = |name: &str| request.parameter(name).unwrap_or_default();
    let plain = given("plain") == "true";
    let named = [
        ("LogLevel", Value::from(if given("log_level").is_empty() { "INFO" } else { given("log_level") })),
        ("LogJSON", (given("log_json") == "true").into()),
        ("PlainText", plain.into()),
        ("NodeID", node.into()),
    ];
    let named = named.into_iter().map(|(name, value)| (name.into(), value)).collect();
    let io = open(api, node, RPC_STREAMING).await?;
    let frames = Frames::begin(io, "Agent.Monitor", &arguments(api, request, named)?).await?;
    let kind = if plain { "text/plain" } else { "application/json" };
    Ok(Reply { raw: Some(Raw::Pieces(kind, pieces(frames, b"").await?)), ..Reply::default() })
}

/// The events of a server, as they happen.
pub(in super::super) async fn events(api: &Api, request: &ApiRequest, index: u64) -> Result<Reply, ApiError> {
    let mut topics: Vec<(String, Vec<Value>)> = Vec::new();
    for (_, text) in request.query.iter().filter(|(name, _)| name == "topic") {
        let (topic, key) = text.split_once(':').unwrap_or((text, "*"));
        match topics.iter_mut().find(|(known, _)| known == topic) {
            Some((_, keys)) => keys.push(key.into()),
            None => topics.push((topic.to_owned(), vec![key.into()])),
        }
    }
    if topics.is_empty() {
        topics.push(("*".to_owned(), vec!["*".into()]));
    }
    let topics = topics.into_iter().map(|(topic, keys)| (topic.into(), Value::Array(keys))).collect();
    let named = vec![("Topics".into(), Value::Map(topics)), ("Index".into(), index.into())];
    let failed = |error: String| ApiError::new(500, error);
    let io = api.view.open_server().await.map_err(failed)?;
    let frames = Frames::begin(io, "Event.Stream", &arguments(api, request, named)?).await?;
    let pieces = pieces(frames, b"\n").await?;
    let raw = Some(Raw::Pieces("application/json", pieces));
    Ok(Reply { raw, is_unending: true, ..Reply::default() })
}

/// A file or a task's output.
async fn file(api: &Api, request: &ApiRequest, node: &str, call: &str, id: &str) -> Result<Reply, ApiError> {
    let given = |name: &str| request.parameter(name).unwrap_or_default();
    let number = |name: &str| given(name).parse::<i64>().unwrap_or_default();
    let is_log = call == "logs";
    let is_whole = matches!(call, "cat" | "readat");
    let plain = is_whole || given("plain") == "true";
    let follow = match is_log {
        true => given("follow") == "true",
        false => !is_whole && given("follow") != "false",
    };
    let origin = if given("origin").is_empty() { "start" } else { given("origin") };
    let mut named: Vec<(Value, Value)> = [
        ("AllocID", Value::from(id)),
        ("Offset", number("offset").into()),
        ("Origin", origin.into()),
        ("PlainText", plain.into()),
        ("Follow", follow.into()),
    ]
    .map(|(name, value)| (name.into(), value))
    .into();
    match is_log {
        true => {
            named.push(("Task".into(), given("task").into()));
            named.push(("LogType".into(), given("type").into()));
        }
        false => {
            named.push(("Path".into(), given("path").into()));
            named.push(("Limit".into(), number("limit").into()));
        }
    }
    let method = if is_log { "FileSystem.Logs" } else { "FileSystem.Stream" };
    let io = open(api, node, RPC_STREAMING).await?;
    let frames = Frames::begin(io, method, &arguments(api, request, named)?).await?;
    let kind = match (plain, is_log) {
        (true, true) => "text/plain",
        (false, true) => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    Ok(Reply { raw: Some(Raw::Pieces(kind, pieces(frames, b"").await?)), ..Reply::default() })
}

/// What the frames carry, each with `end` behind it. An error in the first one is the answer; a later one ends it.
async fn pieces(mut frames: Frames, end: &'static [u8]) -> Result<Pieces, ApiError> {
    let first = frames.next().await.transpose()?;
    let ready: Vec<Bytes> = first.into_iter().map(|piece| [&piece, end].concat().into()).collect();
    let more = stream::unfold(frames, move |mut frames| async move {
        let piece = frames.next().await?.ok()?;
        Some((Bytes::from([&piece, end].concat()), frames))
    });
    Ok(Pieces::new(futures::StreamExt::chain(stream::iter(ready), more)))
}

/// A stream of a kind to the agent of a node.
async fn open(api: &Api, node: &str, kind: u8) -> Result<BoxIo, ApiError> {
    api.view.open_node(node, kind).await.map_err(|error| ApiError::new(500, error))
}

fn arguments(api: &Api, request: &ApiRequest, named: Vec<(Value, Value)>) -> Result<Value, ApiError> {
    let common = Query::of(request, &api.region)?.body([]);
    let Value::Map(mut fields) = common else { return Ok(Value::Map(named)) };
    fields.retain(|(name, _)| named.iter().all(|(other, _)| other != name));
    fields.extend(named);
    Ok(Value::Map(fields))
}
