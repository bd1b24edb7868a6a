//! Questions on an RPC port.

use std::net::SocketAddr;
use std::time::Duration;

use lab_pki::Certificate;
use lab_wire::BoxIo;
use lab_wire::rpc::yamux::{Keepalive, Role, Session};
use lab_wire::rpc::{CallError, Codec, MessageError, RPC_MULTIPLEX_V2, RPC_NOMAD, RPC_RAFT};
use lab_world::{Clock, Tasks};
use rmpv::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::connect::{Caller, LIMIT, Opened};
use super::kind::{Ask, Transport, Verdict};

/// How long Raft may be silent before the connection counts as taken: it speaks only when it is spoken to.
const RAFT_SILENCE: Duration = Duration::from_millis(250);

/// A connection that was answered and may be asked again.
pub(super) struct Kept(Codec<BoxIo>);

/// What came of a question.
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// The certificate that the port served.
    pub(super) served: Option<Certificate>,
    /// The connection, where it can carry another call.
    pub(super) kept: Option<Kept>,
}

/// Asks a port on a fresh connection.
pub(super) async fn ask(
    caller: &Caller<'_>,
    address: SocketAddr,
    transport: Transport,
    what: Ask,
    region: &str,
) -> Answer {
    let opened = match transport {
        Transport::Plaintext => caller.plain(address).await,
        Transport::Tls => caller.rpc_tls(address).await,
    };
    let Opened { io, served } = match opened {
        Ok(opened) => opened,
        Err(error) => return Answer { verdict: Verdict::refused(error), served: None, kept: None },
    };
    let asked = async {
        match what {
            Ask::Raft => (raft(io, caller.clock).await, None),
            Ask::MultiplexedPing => (multiplexed(io, caller.clock, region).await, None),
            Ask::ServerOnly => call(io, "Eval.Ack", &eval_ack(region)).await,
            Ask::Ping | Ask::Http => call(io, "Status.Ping", &ping(region)).await,
        }
    };
    let (verdict, kept) =
        caller.clock.timeout(LIMIT, asked).await.unwrap_or_else(|| (Verdict::refused("i/o timeout"), None));
    Answer { verdict, served, kept }
}

/// Asks again on a connection kept from earlier; the connection comes back where it still lives.
pub(super) async fn ask_again(kept: Kept, clock: &Clock, region: &str) -> (Verdict, Option<Kept>) {
    let Kept(mut codec) = kept;
    let arguments = ping(region);
    match clock.timeout(LIMIT, codec.call("Status.Ping", &arguments)).await {
        None => (Verdict::refused("i/o timeout"), None),
        Some(result) => judge(codec, result),
    }
}

async fn call(mut io: BoxIo, method: &str, arguments: &Value) -> (Verdict, Option<Kept>) {
    if let Err(error) = io.write_all(&[RPC_NOMAD]).await {
        return (Verdict::refused(last_words(&mut io, lab_wire::tls::go_text(&error)).await), None);
    }
    let mut codec = Codec::new(io);
    match codec.call(method, arguments).await {
        Err(CallError::Connection(MessageError::Connection(text))) => {
            (Verdict::refused(last_words(codec.get_mut(), text).await), None)
        }
        result => judge(codec, result),
    }
}

/// Why the other end of a connection that failed closed it: with TLS 1.3 it refuses a certificate after the handshake,
/// and where it has closed before this end writes, its alert is still to be read. `otherwise` where there is none.
async fn last_words(io: &mut BoxIo, otherwise: String) -> String {
    match io.read(&mut [0]).await.map_err(|error| lab_wire::tls::go_text(&error)) {
        Err(text) if text.starts_with("remote error: ") => text,
        _ => otherwise,
    }
}

/// A server that answers at all has let the caller in; only `Permission denied` turns it away again.
fn judge(codec: Codec<BoxIo>, result: Result<Value, CallError>) -> (Verdict, Option<Kept>) {
    match result {
        Ok(_) => (Verdict::accepted("answered"), Some(Kept(codec))),
        Err(CallError::Remote(error)) if error.ends_with("Permission denied") => {
            (Verdict::refused(format!("rpc error: {error}")), None)
        }
        Err(CallError::Remote(error)) => (Verdict::accepted(format!("answered: {error}")), Some(Kept(codec))),
        Err(CallError::Connection(error)) => (Verdict::refused(error.to_string()), None),
    }
}

async fn multiplexed(mut io: BoxIo, clock: &Clock, region: &str) -> Verdict {
    if let Err(error) = io.write_all(&[RPC_MULTIPLEX_V2]).await {
        return Verdict::refused(lab_wire::tls::go_text(&error));
    }
    let tasks = Tasks::new();
    let session = Session::new(io, Role::Client, Keepalive::default(), clock, &tasks);
    match session.open() {
        Ok(stream) => call(stream, "Status.Ping", &ping(region)).await.0,
        Err(error) => Verdict::refused(error.to_string()),
    }
}

/// Consensus says nothing by itself: a connection that stays open was taken, one that was not is closed at once.
async fn raft(mut io: BoxIo, clock: &Clock) -> Verdict {
    if let Err(error) = io.write_all(&[RPC_RAFT]).await {
        return Verdict::refused(last_words(&mut io, lab_wire::tls::go_text(&error)).await);
    }
    let mut byte = [0];
    match clock.timeout(RAFT_SILENCE, io.read(&mut byte)).await {
        None => Verdict::accepted("the connection was handed to Raft"),
        Some(Ok(0)) => Verdict::refused("EOF"),
        Some(Ok(_)) => Verdict::accepted("Raft spoke"),
        Some(Err(error)) => Verdict::refused(lab_wire::tls::go_text(&error)),
    }
}

fn ping(region: &str) -> Value {
    map([("Region", region.into())])
}

/// The acknowledgement of an evaluation that does not exist: it changes nothing, and only servers may make it.
fn eval_ack(region: &str) -> Value {
    let nobody = "00000000-0000-0000-0000-000000000000";
    map([
        ("EvalID", nobody.into()),
        ("Token", nobody.into()),
        ("Region", region.into()),
        ("Namespace", "default".into()),
        ("AuthToken", "".into()),
    ])
}

fn map<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}
