//! `/v1/client/allocation/ID/exec`: a command in a task's surroundings, spoken with over a WebSocket.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use lab_wire::BoxIo;
use lab_wire::http::TakeOver;
use lab_world::{Clock, Process};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;
use tokio::sync::mpsc;

use super::super::{Api, ApiError, ApiRequest, Raw, Reply};
use super::websocket::{self, Message};

/// How long a command may take to say the last after it has ended.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) async fn handle(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let Some(key) = &request.websocket_key else {
        return Err(ApiError::new(
            400,
            "websocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header",
        ));
    };
    let command = request.parameter("command").unwrap_or_default();
    let command: Vec<String> = serde_json::from_str(command)
        .map_err(|error| ApiError::new(400, format!("failed to parse command: {error}")))?;
    let task = request.parameter("task").unwrap_or_default().to_owned();
    let shakes_hands = request.parameter("ws_handshake") == Some("true");
    let client = super::client_of(api, id)?;
    let started = client.execute(id, &task, &command);
    let clock = client.clock().clone();
    let accept = websocket::accept(key);
    let take_over = TakeOver::new(move |io| talk(io, started, shakes_hands, clock));
    Ok(Reply { raw: Some(Raw::TakeOver(accept, take_over)), ..Reply::default() })
}

/// Speaks with the caller until the command ends or the caller goes.
async fn talk(mut io: BoxIo, started: Result<Process, String>, shakes_hands: bool, clock: Clock) {
    if shakes_hands && websocket::read(&mut io).await.is_none() {
        return;
    }
    let mut process = match started {
        Ok(process) => process,
        Err(text) => {
            // Whoever asked may have gone.
            let _ = io.write_all(&websocket::close(1011, &text)).await;
            return;
        }
    };
    let id = process.id();
    let Some((stdin, stdout, stderr)) = process.pipes() else { return };
    let (mut read, mut write) = tokio::io::split(io);
    let (say, mut said) = mpsc::channel::<Vec<u8>>(16);
    let outputs = async {
        tokio::join!(pump(stdout, "stdout", &say), pump(stderr, "stderr", &say));
    };
    let command = async {
        let mut outputs = std::pin::pin!(outputs);
        let ended = tokio::select! {
            biased;
            () = &mut outputs => process.ended().await,
            ended = process.ended() => {
                // What it started may hold its output open.
                clock.timeout(FAREWELL, outputs).await;
                ended
            }
        };
        let code = ended.map_or(1, |ended| ended.code);
        let last = json!({"exited": true, "result": {"exit_code": code}});
        let _ = say.send(websocket::text(&last.to_string())).await;
        let _ = say.send(websocket::close(1000, "")).await;
    };
    let writer = async {
        while let Some(bytes) = said.recv().await {
            let is_last = bytes.first() == Some(&0x88);
            if write.write_all(&bytes).await.is_err() || write.flush().await.is_err() || is_last {
                break;
            }
        }
    };
    tokio::select! {
        biased;
        () = async { tokio::join!(command, writer); } => {}
        () = listen(&mut read, stdin, &say) => {}
    }
    id.kill_group();
}

/// What the command says, as it says it.
async fn pump(mut output: impl AsyncRead + Unpin, name: &str, say: &mpsc::Sender<Vec<u8>>) {
    let mut buffer = vec![0; 32 << 10];
    loop {
        let frame = match output.read(&mut buffer).await {
            Ok(length) if length > 0 => json!({name: {"data": STANDARD.encode(&buffer[..length])}}),
            _ => {
                let _ = say.send(websocket::text(&json!({name: {"close": true}}).to_string())).await;
                return;
            }
        };
        if say.send(websocket::text(&frame.to_string())).await.is_err() {
            return;
        }
    }
}

/// What the caller says: returns when it goes.
async fn listen(io: &mut (impl AsyncRead + Unpin), stdin: ChildStdin, say: &mpsc::Sender<Vec<u8>>) {
    let mut stdin = Some(stdin);
    while let Some(message) = websocket::read(io).await {
        let bytes = match message {
            Message::Data(bytes) => bytes,
            Message::Ping(payload) => {
                let _ = say.send(websocket::pong(&payload)).await;
                continue;
            }
            Message::Close(..) => return,
        };
        let Ok(said) = serde_json::from_slice::<Json>(&bytes) else { continue };
        if let Some(data) = said["stdin"]["data"].as_str()
            && let Ok(data) = STANDARD.decode(data)
            && let Some(open) = &mut stdin
            && open.write_all(&data).await.is_err()
        {
            stdin = None;
        }
        if said["stdin"]["close"] == true {
            stdin = None;
        }
    }
}
