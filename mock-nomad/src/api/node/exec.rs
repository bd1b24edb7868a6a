//! Commands in a task's surroundings: between the WebSocket of the HTTP API and a streaming call's frames.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab_wire::BoxIo;
use lab_wire::http::TakeOver;
use rmpv::Value;
use serde_json::{Value as Json, json as object};
use tokio::io::AsyncWriteExt;

use super::super::client::websocket::{self, Message};
use super::super::{ApiError, ApiRequest, Raw, Reply};
use super::frames::{Frames, bytes_of, payload_frame};
use crate::structs::{Body, map};

/// What a request asks to be carried out.
pub(super) fn arguments(request: &ApiRequest, id: &str) -> Result<Vec<(Value, Value)>, ApiError> {
    let command = request.parameter("command").unwrap_or_default();
    let command: Vec<String> = serde_json::from_str(command)
        .map_err(|error| ApiError::new(400, format!("failed to parse command: {error}")))?;
    let command = Value::Array(command.iter().map(|word| word.as_str().into()).collect());
    let terminal = request.parameter("tty") == Some("true");
    let task = request.parameter("task").unwrap_or_default();
    let named =
        [("AllocID", id.into()), ("Task", task.into()), ("Tty", Value::from(terminal)), ("Cmd", command)];
    Ok(named.map(|(name, value)| (name.into(), value)).into())
}

/// Lets who speaks WebSocket speak with a command on another node.
pub(super) fn ask(request: &ApiRequest, io: BoxIo, arguments: Value) -> Result<Reply, ApiError> {
    let Some(key) = &request.websocket_key else {
        return Err(ApiError::new(
            400,
            "websocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header",
        ));
    };
    let shakes_hands = request.parameter("ws_handshake") == Some("true");
    let take_over = TakeOver::new(move |caller| relay(caller, io, arguments, shakes_hands));
    Ok(Reply { raw: Some(Raw::TakeOver(websocket::accept(key), take_over)), ..Reply::default() })
}

async fn relay(mut caller: BoxIo, io: BoxIo, mut arguments: Value, shakes_hands: bool) {
    if shakes_hands {
        let Some(Message::Data(hello)) = websocket::read(&mut caller).await else { return };
        let hello: Json = serde_json::from_slice(&hello).unwrap_or_default();
        if let (Some(token), Value::Map(fields)) = (hello["auth_token"].as_str(), &mut arguments)
            && !token.is_empty()
        {
            fields.retain(|(name, _)| name.as_str() != Some("AuthToken"));
            fields.push(("AuthToken".into(), token.into()));
        }
    }
    let frames = match Frames::begin(io, "Allocations.Exec", &arguments).await {
        Ok(frames) => frames,
        Err(error) => {
            // Who asked may be gone, here and below.
            let _ = caller.write_all(&websocket::close(1011, &error.message)).await;
            return;
        }
    };
    let (mut reading, mut writing) = frames.split();
    let (mut from_caller, mut to_caller) = tokio::io::split(caller);
    let said = async {
        while let Some(message) = websocket::read(&mut from_caller).await {
            let Message::Data(bytes) = message else { break };
            let Ok(said) = serde_json::from_slice::<Json>(&bytes) else { continue };
            if !writing.write(&input_value(&said)).await {
                break;
            }
        }
    };
    let answered = async {
        while let Some(frame) = reading.read().await {
            let frame = Body(&frame);
            let bytes = match frame.get("Error").filter(|error| !error.is_nil()) {
                Some(error) => websocket::close(1011, Body(error).string("Message")),
                None => {
                    let payload = frame.get("Payload").cloned().map(bytes_of).unwrap_or_default();
                    websocket::text(&String::from_utf8_lossy(&payload))
                }
            };
            if to_caller.write_all(&bytes).await.is_err() || to_caller.flush().await.is_err() {
                return;
            }
        }
        let _ = to_caller.write_all(&websocket::close(1000, "")).await;
        let _ = to_caller.flush().await;
    };
    tokio::select! {
        biased;
        () = answered => {}
        () = said => {}
    }
}

/// Speaks WebSocket with a command of this node, for a call that came over frames.
pub(super) async fn serve(frames: Frames, take_over: &TakeOver) {
    let (near, far) = tokio::io::duplex(64 << 10);
    let (mut reading, mut writing) = frames.split();
    let (mut answers, mut questions) = tokio::io::split(near);
    let said = async {
        while let Some(value) = reading.read().await {
            let text = input_json(&value).to_string();
            if questions.write_all(&websocket::masked(&text)).await.is_err() {
                break;
            }
        }
        // The command goes on until it ends or its caller is gone.
        std::future::pending::<()>().await;
    };
    let answered = async {
        while let Some(frame) = websocket::read_unmasked(&mut answers).await {
            let is_gone = match frame {
                Message::Data(payload) => !writing.write(&payload_frame(&payload)).await,
                Message::Ping(_) => false,
                Message::Close(code, reason) => {
                    if code != 1000 {
                        let message = map([("Message", reason.as_str().into()), ("Code", 500.into())]);
                        writing.write(&map([("Error", message)])).await;
                    }
                    true
                }
            };
            if is_gone {
                break;
            }
        }
        writing.end().await;
    };
    let spoken = async {
        take_over.run(Box::new(far)).await;
        // What was said last is still on its way.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = spoken => {}
        () = answered => {}
        () = said => {}
    }
}

/// What is said to a command, as frames carry it.
fn input_value(said: &Json) -> Value {
    let mut fields = Vec::new();
    if let Some(input) = said["stdin"].as_object() {
        let data =
            input.get("data").and_then(Json::as_str).map(|data| STANDARD.decode(data).unwrap_or_default());
        let is_end = input.get("close").is_some_and(|close| *close == true);
        let stdin = map([("Data", Value::Binary(data.unwrap_or_default())), ("Close", is_end.into())]);
        fields.push(("Stdin".into(), stdin));
    }
    if let Some(size) = said["tty_size"].as_object() {
        let number = |name: &str| Value::from(size.get(name).and_then(Json::as_i64).unwrap_or_default());
        fields.push(("TtySize".into(), map([("Height", number("height")), ("Width", number("width"))])));
    }
    Value::Map(fields)
}

/// The same as the HTTP API has it.
fn input_json(value: &Value) -> Json {
    let mut said = object!({});
    if let Some(input) = Body(value).get("Stdin").filter(|input| !input.is_nil()) {
        let data = Body(input).get("Data").cloned().map(bytes_of).unwrap_or_default();
        said["stdin"] = object!({"data": STANDARD.encode(data), "close": Body(input).boolean("Close")});
    }
    said
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn what_is_said_survives_the_frames() {
        for said in [
            object!({"stdin": {"data": "aGVsbG8=", "close": false}}),
            object!({"stdin": {"data": "", "close": true}}),
            object!({}),
        ] {
            assert_eq!(input_json(&input_value(&said)), said);
        }
    }
}
