//! One accepted connection, from its first byte to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lab_pki::Certificate;
use lab_wire::rpc::yamux::{self, Keepalive, Role, Session};
use lab_wire::rpc::{Codec, MessageError, RPC_NOMAD, RPC_STREAMING};
use lab_wire::{BoxIo, Io};
use lab_world::Stream;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

use super::first_byte::{Step, decide};
use super::listener::Incoming;
use crate::hclog;
use crate::seam::RpcContext;
use crate::structs::Body;
use crate::tls::names_of;

const LOG: &str = "nomad.rpc";

/// The handler of one connection.
#[derive(Clone)]
pub(super) struct Connection {
    incoming: Incoming,
    /// Whether the listener that accepted it is still the current one.
    is_current: watch::Receiver<bool>,
    remote: SocketAddr,
}

impl Connection {
    pub(super) fn new(incoming: Incoming, is_current: watch::Receiver<bool>, remote: SocketAddr) -> Self {
        Self { incoming, is_current, remote }
    }

    /// Serves until the connection ends.
    pub(super) async fn serve(self, mut stream: Stream) {
        let (clock, local) = (&self.incoming.host.clock, stream.local());
        let handshake_timeout = self.incoming.settings.get().handshake_timeout;
        let read = clock.timeout(limit(handshake_timeout), stream.read_u8()).await;
        let Some(byte) = self.first_byte(read, local) else { return };
        let settings = self.incoming.settings.get();
        match decide(&settings, byte, None) {
            Step::Handshake => self.handshake(&settings, stream).await,
            step => self.go_on(step, stream, None).await,
        }
    }

    async fn handshake(self, settings: &super::RpcSettings, stream: Stream) {
        // `decide` asks for a handshake only where there is TLS.
        let Some(tls) = &settings.tls else { return };
        let (clock, local, remote) = (&self.incoming.host.clock, stream.local(), self.remote);
        let failed = |error: String| {
            let (remote, error) = (hclog::pair("remote_addr", remote), hclog::pair("error", error));
            self.incoming.host.log.warn(LOG, format!("failed TLS handshake: {remote} {error}"));
        };
        let mut stream = match clock.timeout(limit(settings.handshake_timeout), tls.accept(stream)).await {
            Some(Ok(stream)) => stream,
            Some(Err(error)) => return failed(error.to_string()),
            None => return failed(format!("read tcp {local}->{remote}: i/o timeout")),
        };
        let names = stream.peer_certificates().first().map(names_of_leaf).unwrap_or_default();
        // Inside TLS nothing limits how long the next byte may take.
        let read = Some(stream.read_u8().await);
        let Some(byte) = self.first_byte(read, local) else { return };
        let step = decide(settings, byte, Some(&names));
        self.go_on(step, stream, Some(names)).await;
    }

    async fn go_on(self, step: Step, io: impl Io + 'static, names: Option<Vec<String>>) {
        let tls = names.is_some();
        let names = names.unwrap_or_default();
        let context = Arc::new(RpcContext { remote: self.remote, tls, names, internal: false });
        match step {
            Step::Calls => self.calls(io, context, None).await,
            Step::Raft => {
                self.incoming.telemetry.count("nomad.rpc.raft_handoff");
                (self.incoming.raft)(Box::new(io));
            }
            Step::Multiplex { typed } => self.multiplex(io, context, typed).await,
            Step::Streaming => (self.incoming.streaming)(Box::new(io)),
            Step::Refuse(refusal) => {
                if let Some((level, message)) = refusal.log(self.remote) {
                    self.incoming.host.log.write(level, LOG, message);
                }
            }
            // Only the outermost byte leads to one.
            Step::Handshake => {}
        }
    }

    /// The first byte, or nothing where there is none; a silent end is not worth a line.
    fn first_byte(&self, read: Option<std::io::Result<u8>>, local: SocketAddr) -> Option<u8> {
        let problem = match read {
            Some(Ok(byte)) => return Some(byte),
            Some(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => return None,
            Some(Err(error)) => lab_wire::tls::go_text(&error),
            None => format!("read tcp {local}->{}: i/o timeout", self.remote),
        };
        let message = format!("failed to read first RPC byte: {}", hclog::pair("error", problem));
        self.incoming.host.log.error(LOG, message);
        None
    }

    /// Serves calls one after another. Whether the listener was replaced is looked at only between them, so that a
    /// connection that waits for a request serves it and closes then.
    async fn calls(&self, io: impl Io, context: Arc<RpcContext>, session: Option<&Session>) {
        let mut codec = Codec::new(io);
        while *self.is_current.borrow() {
            let request = match codec.read_request().await {
                Ok(request) => request,
                Err(MessageError::Eof | MessageError::Connection(_)) => return,
                Err(error) => return self.call_failed(&error.to_string()),
            };
            let service = Arc::clone(&self.incoming.service);
            let result =
                service.call(Arc::clone(&context), request.method.clone(), request.body.clone()).await;
            let result = result.map_err(|error| error.to_string());
            self.incoming.telemetry.count("nomad.rpc.request");
            if let (Ok(_), Some(session), Some(node)) = (&result, session, node_of(&request)) {
                self.incoming.nodes.note(&node, session);
            }
            if codec.write_response(&request, &result).await.is_err() {
                return;
            }
            if let Err(text) = &result
                && is_unknown_method(text)
            {
                return self.call_failed(text);
            }
        }
        self.incoming.host.log.info(LOG, "closing server RPC connection");
    }

    /// A call that was none: the real server gives the stream up.
    fn call_failed(&self, text: &str) {
        let (error, connection) = (hclog::pair("error", text), hclog::pair("connection", self.remote));
        self.incoming.host.log.error(LOG, format!("RPC error: {error} {connection}"));
    }

    async fn multiplex(&self, io: impl Io + 'static, context: Arc<RpcContext>, typed: bool) {
        let Incoming { host, tasks, .. } = &self.incoming;
        let session = Session::new(io, Role::Server, Keepalive::default(), &host.clock, tasks);
        while *self.is_current.borrow() {
            let Some(mut stream) = session.accept().await else { break };
            let byte = match typed {
                true => match stream.read_u8().await {
                    Ok(byte) => byte,
                    Err(_) => continue,
                },
                false => RPC_NOMAD,
            };
            match byte {
                RPC_NOMAD => self.spawn_calls(stream, &context, &session),
                RPC_STREAMING => (self.incoming.streaming)(stream),
                other => {
                    host.log.error(LOG, format!("multiplex_v2 unrecognized first RPC byte: byte={other}"));
                    break;
                }
            }
        }
        session.close();
        self.log_end(&session.closed().await);
    }

    fn spawn_calls(&self, stream: BoxIo, context: &Arc<RpcContext>, session: &Session) {
        let (connection, context, session) = (self.clone(), Arc::clone(context), session.clone());
        self.incoming.tasks.spawn(async move { connection.calls(stream, context, Some(&session)).await });
    }

    fn log_end(&self, reason: &yamux::Error) {
        let log = &self.incoming.host.log;
        match reason {
            yamux::Error::Version(_) | yamux::Error::MessageType(_) | yamux::Error::KeepaliveTimeout => {
                log.error(LOG, format!("yamux: {reason}"));
            }
            yamux::Error::Connection(text) if !text.contains("reset by peer") => {
                log.error(LOG, format!("yamux: Failed to read header: {text}"));
            }
            _ => {}
        }
    }
}

/// The node that registers itself or gives a sign of life with a call, and that is at the other end itself.
fn node_of(request: &lab_wire::rpc::Request) -> Option<String> {
    let body = Body(&request.body);
    let node = match request.method.as_str() {
        "Node.Register" => Body(body.get("Node")?).string("ID"),
        "Node.UpdateStatus" => body.string("NodeID"),
        _ => return None,
    };
    (!node.is_empty() && !body.boolean("Forwarded")).then(|| node.to_owned())
}

/// Zero is no limit.
fn limit(timeout: Duration) -> Duration {
    if timeout.is_zero() { Duration::from_secs(u64::from(u32::MAX)) } else { timeout }
}

fn names_of_leaf(leaf: &Certificate) -> Vec<String> {
    names_of(leaf)
}

/// Go's `net/rpc` answers these itself and serves no more on the stream.
fn is_unknown_method(text: &str) -> bool {
    text.starts_with("rpc: can't find ") || text.starts_with("rpc: service/method request ill-formed")
}
