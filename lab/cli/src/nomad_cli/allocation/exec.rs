//! `nomad alloc exec`

use std::io::{IsTerminal, Read};

use base64::Engine;
use http::Method;
use lab_wire::Io;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::{chosen, task_of};
use crate::nomad_cli::api::{self, Api};
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::websocket::{self, Message, Reader, Writer};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "alloc exec",
    synopsis: "Execute commands in task",
    usage: "[options] <allocation> <command>",
    flags: &[
        ("task", Takes::Text, "The task to run it in."),
        ("group", Takes::Text, "The group to choose from with -job."),
        ("job", Takes::Bool, "Any running allocation of a job."),
        ("i", Takes::Bool, "Pass standard input on. On by default."),
        ("t", Takes::Bool, "Give it a terminal. On by default where this is one."),
        ("e", Takes::Text, "The character that begins an escape, or none."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let by_job = session.is_set("job");
    match session.arguments().len() {
        0 => return misused(if by_job { "A job ID is required" } else { "An allocation ID is required" }),
        _ if !by_job && session.argument(0).len() == 1 => {
            return fail("Alloc ID must contain at least two characters");
        }
        1 => return misused("A command is required"),
        _ => {}
    }
    let wants_terminal = session.flags.text("t").is_some() && session.is_set("t");
    let reads = session.flags.text("i") != Some("false");
    if wants_terminal && !reads {
        return fail("-i must be enabled if running with tty");
    }
    let escape = session.text("e");
    if escape.chars().count() > 1 && escape != "none" {
        return fail("-e requires 'none' or a single character");
    }
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let tty = wants_terminal || (session.flags.text("t").is_none() && is_terminal);
    let allocation = chosen(session, session.argument(0))?;
    let task = task_of(&allocation, session.text("task"))?;
    let command = Json::from(session.arguments()[1..].to_vec()).to_string();
    let query = [
        ("command", command.as_str()),
        ("namespace", allocation.text("Namespace")),
        ("task", task.as_str()),
        ("tty", if tty { "true" } else { "false" }),
    ];
    let path = format!("/v1/client/allocation/{}/exec", allocation.text("ID"));
    let api = session.api()?;
    let failed = |problem: String| Fault::Told(format!("failed to exec into task: {problem}"));
    let near = api.near(allocation.text("NodeID"));
    let dialled = near.as_ref().map(|near| dial(near, &path, &query));
    let (used, io) = match (dialled, &near) {
        (Some(Ok(io)), Some(near)) => (near, io),
        _ => (api, dial(api, &path, &query).map_err(failed)?),
    };
    let (reader, writer) = websocket::talk(io);
    used.client().block_on(converse(session, reader, writer, reads)).map_err(failed)
}

fn dial(api: &Api, path: &str, query: api::Query<'_>) -> Result<impl Io + use<>, String> {
    let mut request = api.request(Method::GET, path, query, None)?;
    for (name, value) in websocket::headers() {
        if let Ok(value) = value.parse() {
            request.headers_mut().insert(name, value);
        }
    }
    let (answer, io) = api.client().upgrade(request)?;
    io.ok_or_else(|| api::unexpected(answer.status().as_u16(), answer.body()))
}

/// Passes input on and output back until the command has ended; its exit code.
async fn converse<S: Io>(
    session: &Session<'_>,
    reader: Reader<S>,
    mut writer: Writer<S>,
    reads: bool,
) -> Result<u8, String> {
    let mut input = standard_input();
    let mut is_open = reads;
    if !reads {
        writer
            .say(&json!({ "stdin": { "close": true } }).to_string())
            .await
            .map_err(|error| error.to_string())?;
    }
    let mut incoming = Box::pin(next(reader));
    loop {
        tokio::select! {
            biased;
            (back, message) = &mut incoming => {
                match message.map_err(|error| error.to_string())? {
                    Message::Ping(payload) => writer.pong(&payload).await.map_err(|error| error.to_string())?,
                    Message::Close(reason) if reason.is_empty() => return Err("connection closed".to_owned()),
                    Message::Close(reason) => return Err(reason),
                    Message::Data(data) => {
                        if let Some(code) = heed(session, &data)? {
                            // The other end may be gone already.
                            let _ = writer.close().await;
                            return Ok(code);
                        }
                    }
                }
                incoming = Box::pin(next(back));
            }
            read = input.recv(), if is_open => {
                let frame = match read {
                    Some(bytes) => {
                        let data = base64::engine::general_purpose::STANDARD.encode(bytes);
                        json!({ "stdin": { "data": data } })
                    }
                    None => {
                        is_open = false;
                        json!({ "stdin": { "close": true } })
                    }
                };
                // A command that has ended reads no more.
                let _ = writer.say(&frame.to_string()).await;
            }
        }
    }
}

/// What comes from standard input, until it ends. A thread of its own waits for it, since nothing else can.
fn standard_input() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 4096];
        while let Ok(count) = std::io::stdin().read(&mut buffer) {
            if count == 0 || sender.blocking_send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A message and its reader: reading must not be given up half way.
async fn next<S: Io>(mut reader: Reader<S>) -> (Reader<S>, std::io::Result<Message>) {
    let message = reader.next().await;
    (reader, message)
}

/// Does what a frame says; the exit code where it is the last.
fn heed(session: &Session<'_>, data: &[u8]) -> Result<Option<u8>, String> {
    let frame: Json = serde_json::from_slice(data).map_err(|error| error.to_string())?;
    let bytes = |field: &str| {
        let data = frame.at(field).text("data");
        base64::engine::general_purpose::STANDARD.decode(data).unwrap_or_default()
    };
    session.write(&bytes("stdout"));
    let told = bytes("stderr");
    if !told.is_empty() {
        use std::io::Write;
        let _ = std::io::stderr().write_all(&told);
    }
    if !frame.truth("exited") {
        return Ok(None);
    }
    let code = frame.at("result").number("exit_code");
    Ok(Some(u8::try_from(code & 0xff).unwrap_or(1)))
}
