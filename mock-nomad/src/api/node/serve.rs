//! What others ask of this agent.

use futures::StreamExt;
use lab_wire::BoxIo;
use rmpv::Value;

use super::super::{Api, ApiError, ApiRequest, Raw, Reply};
use super::frames::Frames;
use super::{exec, shape};
use crate::structs::{Body, map};

/// Whether this is one of the calls about nodes, by the name that servers have for it or clients.
pub(crate) fn is_call(method: &str) -> bool {
    matches!(
        own_name(method),
        "FileSystem.List"
            | "FileSystem.Stat"
            | "Allocations.Stats"
            | "Allocations.Restart"
            | "Allocations.Signal"
            | "Allocations.GarbageCollect"
            | "Allocations.GarbageCollectAll"
            | "Allocations.Checks"
            | "ClientStats.Stats"
            | "NodeMeta.Read"
            | "NodeMeta.Apply"
            | "NodeIdentity.Get"
            | "NodeIdentity.Renew"
    )
}

/// Whether this is one of the streaming calls that are answered here.
pub(crate) fn is_stream(method: &str) -> bool {
    matches!(
        own_name(method),
        "FileSystem.Stream" | "FileSystem.Logs" | "Allocations.Exec" | "Event.Stream" | "Agent.Monitor"
    )
}

/// Answers a call.
pub(crate) async fn call(api: &Api, method: &str, arguments: &Value) -> Result<Value, String> {
    let method = own_name(method);
    let request =
        shape::request_of(method, arguments).ok_or_else(|| format!("rpc: can't find method {method}"))?;
    let reply = api.handle(&request).await.map_err(|error| error.message)?;
    let body = reply.body.as_ref().map(shape::value_of).unwrap_or(Value::Nil);
    Ok(match shape::field_of(method) {
        "" => map([("Index", 0.into())]),
        shape::WHOLE => body,
        field => map([(field, body), ("Index", 0.into())]),
    })
}

/// Answers a streaming call that was taken: its arguments come next.
pub(crate) async fn stream(api: &Api, method: &str, io: BoxIo) {
    let mut frames = Frames::taken(io);
    let Some(arguments) = frames.read().await else { return };
    let request = match own_name(method) {
        "Event.Stream" => Some(events_request(&arguments)),
        method => shape::request_of(method, &arguments),
    };
    let Some(request) = request else { return };
    match api.handle(&request).await {
        Ok(reply) => pass(frames, reply, method == "Event.Stream").await,
        Err(error) => frames.fail(&error).await,
    }
}

async fn pass(mut frames: Frames, reply: Reply, is_events: bool) {
    match reply.raw {
        Some(Raw::Bytes(_, bytes)) => {
            if !bytes.is_empty() && frames.send(&bytes).await.is_err() {
                return;
            }
        }
        Some(Raw::Pieces(_, pieces)) => {
            let Some(mut pieces) = pieces.take() else { return };
            while let Some(piece) = pieces.next().await {
                let sent = match is_events {
                    true => {
                        let data = piece.strip_suffix(b"\n").unwrap_or(&piece).to_vec();
                        let event = map([("Data", Value::Binary(data))]);
                        frames.write(&map([("Error", Value::Nil), ("Event", event)])).await
                    }
                    false => frames.send(&piece).await,
                };
                if sent.is_err() {
                    return;
                }
            }
        }
        Some(Raw::TakeOver(_, take_over)) => return exec::serve(frames, &take_over).await,
        None => {
            let error = ApiError::new(500, "nothing to stream");
            return frames.fail(&error).await;
        }
    }
    frames.end().await;
}

fn events_request(arguments: &Value) -> ApiRequest {
    let body = Body(arguments);
    let mut query = vec![("index".to_owned(), body.index("Index").to_string())];
    for (topic, keys) in body.get("Topics").and_then(Value::as_map).into_iter().flatten() {
        let topic = topic.as_str().unwrap_or_default();
        for key in keys.as_array().into_iter().flatten().filter_map(Value::as_str) {
            query.push(("topic".to_owned(), format!("{topic}:{key}")));
        }
    }
    for (name, field) in [("namespace", "Namespace"), ("region", "Region")] {
        let text = body.string(field);
        if !text.is_empty() {
            query.push((name.to_owned(), text.to_owned()));
        }
    }
    let token = Some(body.string("AuthToken").to_owned()).filter(|token| !token.is_empty());
    let (method, path) = (http::Method::GET, "/v1/event/stream".to_owned());
    ApiRequest { method, path, query, token, body: bytes::Bytes::new(), websocket_key: None }
}

/// The name that the agents of nodes have for a call.
fn own_name(method: &str) -> &str {
    match method.strip_prefix("ClientAllocations.") {
        Some(call) => match call {
            "Stats" => "Allocations.Stats",
            "Restart" => "Allocations.Restart",
            "Signal" => "Allocations.Signal",
            "GarbageCollect" => "Allocations.GarbageCollect",
            "GarbageCollectAll" => "Allocations.GarbageCollectAll",
            "Checks" => "Allocations.Checks",
            "Exec" => "Allocations.Exec",
            _ => method,
        },
        None => method,
    }
}
