//! Ways to an agent that listens on no RPC port: what is asked of a node goes over the session that its client opened to
//! a server. A streaming call with a method of the lab's own leads there, and HTTP is spoken on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use lab_wire::rpc::yamux::Session;
use lab_wire::rpc::{MessageReader, RPC_NOMAD, RPC_STREAMING, encode};
use lab_wire::{BoxIo, Io};
use rmpv::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::structs::{Body, map};

/// The method that leads to the HTTP API of a node's agent.
const METHOD: &str = "Lab.Agent";

/// What leads nowhere.
pub(crate) const NO_PATH: &str = "No path to node";

/// The sessions over which nodes registered themselves; clones share them.
#[derive(Clone, Default)]
pub(crate) struct NodeSessions(Arc<Mutex<BTreeMap<String, Session>>>);

impl NodeSessions {
    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.0.lock().expect("no panic while sessions are held")
    }

    /// Notes who is at the other end of a session; sessions that are over are forgotten.
    pub(super) fn note(&self, node: &str, session: &Session) {
        let mut sessions = self.sessions();
        sessions.retain(|_, session| !session.is_closed());
        sessions.insert(node.to_owned(), session.clone());
    }

    /// A way to a node over its own session, where there is one.
    pub(crate) async fn open(&self, node: &str) -> Option<Result<BoxIo, String>> {
        let opened = self.stream(node, RPC_STREAMING).await?;
        let asking = async {
            let mut io = opened?;
            ask(&mut io, node, true).await?;
            Ok(io)
        };
        Some(asking.await)
    }

    /// A new stream on a node's session, where there is one, after its first byte.
    pub(crate) async fn stream(&self, node: &str, first: u8) -> Option<Result<BoxIo, String>> {
        let session = self.sessions().get(node).filter(|session| !session.is_closed()).cloned()?;
        let opening = async {
            let mut io = session.open().map_err(|error| error.to_string())?;
            io.write_u8(first).await.map_err(|error| lab_wire::tls::go_text(&error))?;
            Ok(io)
        };
        Some(opening.await)
    }
}

/// What a streaming call asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A way to this node; `is_last`: whoever is asked must know it.
    Way { node: String, is_last: bool },
    /// Something that is not here.
    Unknown(String),
}

/// Asks at the other end of a new streaming call for a way to a node.
pub(crate) async fn ask(io: &mut (impl Io + ?Sized), node: &str, is_last: bool) -> Result<(), String> {
    let header = map([("Method", METHOD.into()), ("NodeID", node.into()), ("Last", is_last.into())]);
    let mut bytes = Vec::new();
    encode(&header, &mut bytes);
    let words = |error: std::io::Error| lab_wire::tls::go_text(&error);
    io.write_all(&bytes).await.map_err(words)?;
    io.flush().await.map_err(words)?;
    // Nothing follows the answer until something is said here.
    let answer = MessageReader::default().next(io).await.map_err(|error| error.to_string())?;
    match Body(&answer).string("Error") {
        "" => Ok(()),
        error => Err(error.to_owned()),
    }
}

/// Reads what a streaming call asks for; `None`: it ended before it said so.
pub(crate) async fn asked(io: &mut (impl Io + ?Sized)) -> Option<Asked> {
    let header = MessageReader::default().next(io).await.ok()?;
    let method = match &header["Method"] {
        Value::String(text) => text.as_str().unwrap_or_default().to_owned(),
        Value::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    let body = Body(&header);
    Some(match method == METHOD {
        true => Asked::Way { node: body.string("NodeID").to_owned(), is_last: body.boolean("Last") },
        false => Asked::Unknown(method),
    })
}

/// Answers the header of a streaming call: with an error it ends there.
pub(crate) async fn reply(io: &mut (impl Io + ?Sized), result: Result<(), &str>) -> std::io::Result<()> {
    let mut answer = Vec::new();
    encode(&map([("Error", result.err().unwrap_or_default().into())]), &mut answer);
    io.write_all(&answer).await?;
    io.flush().await?;
    if result.is_err() {
        io.shutdown().await?;
    }
    Ok(())
}

/// Who answers what a server asks over a client's session.
pub(crate) trait Answer: Send + Sync {
    /// Takes a streaming call, from its header on.
    fn stream(&self, io: BoxIo);
    /// Takes a stream of calls.
    fn calls(&self, io: BoxIo);
}

/// Takes streams that a server opens on a client's session.
pub(super) async fn accept(session: Session, answer: Arc<dyn Answer>) {
    while let Some(mut stream) = session.accept().await {
        match stream.read_u8().await {
            Ok(RPC_STREAMING) => answer.stream(stream),
            Ok(RPC_NOMAD) => answer.calls(stream),
            _ => {}
        }
    }
}
