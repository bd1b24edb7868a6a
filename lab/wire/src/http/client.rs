//! A client that keeps connections alive.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderValue, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use lab_world::{Clock, Net, Stream, Tasks, WireFault};

use super::body::Body;
use super::error::quote;
use super::observe::{Beginning, Ends, Observed};
use super::{ClientError, Request, Response};
use crate::Io;
use crate::tls::ClientTls;

/// How many idle connections are kept to one address, as Go's transport does.
const IDLE_PER_ADDRESS: usize = 2;
/// How long a connection may take to come about.
const DIAL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an idle connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// An HTTP client. Clones share its connections, which end when the last clone is dropped.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    net: Net,
    clock: Clock,
    tls: Option<ClientTls>,
    timeout: Option<Duration>,
    tasks: Tasks,
    idle: Mutex<BTreeMap<(bool, String), Vec<Idle>>>,
}

struct Idle {
    connection: Connection,
    since: time::OffsetDateTime,
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    beginning: Beginning,
}

impl Client {
    /// A client without TLS and without a limit of time.
    pub fn new(net: &Net, clock: &Clock) -> Self {
        Self(Arc::new(Inner {
            net: net.clone(),
            clock: clock.clone(),
            tls: None,
            timeout: None,
            tasks: Tasks::new(),
            idle: Mutex::default(),
        }))
    }

    /// The same with this TLS for `https` URLs, and connections of its own.
    #[must_use]
    pub fn tls(&self, tls: ClientTls) -> Self {
        self.with(Some(tls), self.0.timeout)
    }

    /// The same with a limit on each request from dialling to the last byte of the response, and connections of its
    /// own.
    #[must_use]
    pub fn timeout(&self, limit: Duration) -> Self {
        self.with(self.0.tls.clone(), Some(limit))
    }

    fn with(&self, tls: Option<ClientTls>, timeout: Option<Duration>) -> Self {
        let (net, clock) = (self.0.net.clone(), self.0.clock.clone());
        Self(Arc::new(Inner { net, clock, tls, timeout, tasks: Tasks::new(), idle: Mutex::default() }))
    }

    /// Closes the connections that no request uses.
    pub fn close_idle(&self) {
        self.0.idle().clear();
    }

    /// Sends a request with an absolute URL and waits for the whole response.
    pub async fn send(&self, request: Request) -> Result<Response, ClientError> {
        match self.0.timeout {
            Some(limit) => self
                .0
                .clock
                .timeout(limit, self.exchange(request))
                .await
                .unwrap_or(Err(ClientError::TimedOut)),
            None => self.exchange(request).await,
        }
    }

    /// Sends a request and returns as soon as the head of the response is there; the body comes in pieces. It has a
    /// connection of its own, and no limit of time once it is connected.
    pub async fn open(&self, request: Request) -> Result<(http::response::Parts, Body), ClientError> {
        let target = Target::of(request.uri())?;
        let request = prepare(request, &target)?;
        let mut connection = self.0.connect(&target).await?;
        match connection.sender.send_request(request.map(Full::new)).await {
            Ok(response) => {
                let (head, body) = response.into_parts();
                Ok((head, Body::new(body, connection.beginning, self.clone())))
            }
            Err(error) => Err(explain(&error, &connection.beginning)),
        }
    }

    /// Sends a request that asks for another protocol. Where the answer is 101 the connection comes with it, to be
    /// spoken on; else its body.
    pub async fn upgrade(
        &self,
        request: Request,
    ) -> Result<(Response, Option<impl Io + use<>>), ClientError> {
        let target = Target::of(request.uri())?;
        let request = prepare(request, &target)?;
        let mut connection = self.0.connect(&target).await?;
        let failed = |error: &hyper::Error| explain(error, &connection.beginning);
        let response = connection.sender.send_request(request.map(Full::new)).await;
        let mut response = response.map_err(|error| failed(&error))?;
        if response.status() == http::StatusCode::SWITCHING_PROTOCOLS {
            let io = hyper::upgrade::on(&mut response).await.map_err(|error| failed(&error))?;
            return Ok((response.map(|_| Bytes::new()), Some(TokioIo::new(io))));
        }
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| failed(&error))?.to_bytes();
        Ok((Response::from_parts(head, body), None))
    }

    async fn exchange(&self, request: Request) -> Result<Response, ClientError> {
        let target = Target::of(request.uri())?;
        let request = prepare(request, &target)?;
        if let Some(connection) = self.0.take_idle(&target) {
            match self.once(connection, request.clone(), &target).await {
                // It went stale while it was idle: the request was not answered, and a new connection may carry it.
                Err(Failure { is_stale: true, .. }) => {}
                other => return other.map_err(|failure| failure.error),
            }
        }
        let connection = self.0.connect(&target).await?;
        self.once(connection, request, &target).await.map_err(|failure| failure.error)
    }

    async fn once(
        &self,
        mut connection: Connection,
        request: Request,
        target: &Target,
    ) -> Result<Response, Failure> {
        let heard = connection.beginning.bytes().len();
        let failed = |error: &hyper::Error, connection: &Connection| Failure {
            error: explain(error, &connection.beginning),
            is_stale: error.is_canceled() || error.is_incomplete_message() && heard > 0,
        };
        let response = match connection.sender.send_request(request.map(Full::new)).await {
            Ok(response) => response,
            Err(error) => return Err(failed(&error, &connection)),
        };
        let keeps = response
            .headers()
            .get(header::CONNECTION)
            .is_none_or(|value| !value.as_bytes().eq_ignore_ascii_case(b"close"));
        let (head, body) = response.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if ended_early(&error) => {
                return Err(Failure {
                    error: ClientError::Connection("unexpected EOF".into()),
                    is_stale: false,
                });
            }
            Err(error) => {
                return Err(Failure { error: explain(&error, &connection.beginning), is_stale: false });
            }
        };
        if keeps && connection.sender.ready().await.is_ok() {
            self.0.keep(target, connection);
        }
        Ok(Response::from_parts(head, body))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client(tls: {})", self.0.tls.is_some())
    }
}

struct Failure {
    error: ClientError,
    /// The connection had been used before and ended without an answer to this request.
    is_stale: bool,
}

/// Where a URL leads.
struct Target {
    tls: bool,
    host: String,
    port: u16,
}

impl Target {
    fn of(url: &Uri) -> Result<Self, ClientError> {
        let scheme =
            url.scheme().ok_or_else(|| ClientError::Url("unsupported protocol scheme \"\"".into()))?;
        let tls = *scheme == Scheme::HTTPS;
        if !tls && *scheme != Scheme::HTTP {
            return Err(ClientError::Url(format!("unsupported protocol scheme \"{scheme}\"")));
        }
        let host = url.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| ClientError::Url("http: no Host in request URL".into()))?.to_owned();
        Ok(Self { tls, host, port: url.port_u16().unwrap_or(if tls { 443 } else { 80 }) })
    }

    fn key(&self) -> (bool, String) {
        (self.tls, format!("{}:{}", self.host, self.port))
    }
}

/// Puts the host into its header and leaves only the path in the request line.
fn prepare(request: Request, target: &Target) -> Result<Request, ClientError> {
    let (mut head, body) = request.into_parts();
    let is_default = target.port == if target.tls { 443 } else { 80 };
    let host = if is_default { target.host.clone() } else { format!("{}:{}", target.host, target.port) };
    let host = HeaderValue::from_str(&host).map_err(|error| ClientError::Url(error.to_string()))?;
    head.headers.entry(header::HOST).or_insert(host);
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse().map_err(|error: http::uri::InvalidUri| ClientError::Url(error.to_string()))?;
    Ok(Request::from_parts(head, body))
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, BTreeMap<(bool, String), Vec<Idle>>> {
        self.idle.lock().expect("no panic while keeping connections")
    }

    fn take_idle(&self, target: &Target) -> Option<Connection> {
        let oldest = self.clock.now() - IDLE_TIMEOUT;
        let mut idle = self.idle();
        let kept = idle.get_mut(&target.key())?;
        kept.retain(|idle| idle.since > oldest && !idle.connection.sender.is_closed());
        kept.pop().map(|idle| idle.connection)
    }

    fn keep(&self, target: &Target, connection: Connection) {
        let idle = Idle { connection, since: self.clock.now() };
        let mut all = self.idle();
        let kept = all.entry(target.key()).or_default();
        kept.push(idle);
        if kept.len() > IDLE_PER_ADDRESS {
            kept.remove(0);
        }
    }

    async fn connect(&self, target: &Target) -> Result<Connection, ClientError> {
        let addresses =
            self.net.resolve(&target.host).map_err(|error| ClientError::Resolve(error.to_string()))?;
        let mut last = ClientError::Resolve(format!("lookup {}: no such host", target.host));
        for address in addresses {
            let address = SocketAddr::new(address, target.port);
            match self.dial(address).await {
                Ok(stream) => return self.greet(stream, target).await,
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn dial(&self, address: SocketAddr) -> Result<Stream, ClientError> {
        let failed = |problem: String| ClientError::Dial { address, problem };
        match self.clock.timeout(DIAL_TIMEOUT, self.net.connect(address)).await {
            None => Err(failed("i/o timeout".into())),
            Some(Err(error)) => Err(failed(match WireFault::of(&error) {
                Some(fault) => format!("connect: {fault}"),
                None => error.to_string(),
            })),
            Some(Ok(stream)) => Ok(stream),
        }
    }

    async fn greet(&self, stream: Stream, target: &Target) -> Result<Connection, ClientError> {
        let ends @ (local, peer) = (stream.local(), stream.peer());
        if !target.tls {
            return self.speak(stream, ends).await;
        }
        let tls = self
            .tls
            .as_ref()
            .ok_or_else(|| ClientError::Tls("tls: no TLS configuration for an https URL".into()))?;
        let (stream, beginning) = Observed::new(stream, ends);
        let shaken = self.clock.timeout(DIAL_TIMEOUT, tls.connect_io(stream, local, peer)).await;
        match shaken {
            None => Err(ClientError::Tls("net/http: TLS handshake timeout".into())),
            Some(Err(_)) if beginning.bytes().starts_with(b"HTTP/") => Err(ClientError::PlainServer),
            Some(Err(error)) => Err(ClientError::Tls(error.to_string())),
            Some(Ok(stream)) => self.speak(stream, ends).await,
        }
    }

    async fn speak(&self, io: impl Io + 'static, ends: Ends) -> Result<Connection, ClientError> {
        let (io, beginning) = Observed::new(io, ends);
        let mut builder = http1::Builder::new();
        builder.title_case_headers(true);
        let (sender, connection) = match builder.handshake(TokioIo::new(io)).await {
            Ok(pair) => pair,
            Err(error) => return Err(explain(&error, &beginning)),
        };
        self.tasks.spawn(async move {
            // Whoever waits for a response on it is told.
            let _ = connection.with_upgrades().await;
        });
        Ok(Connection { sender, beginning })
    }
}

/// Whether a body was shorter than its head said.
pub(super) fn ended_early(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    error.is_incomplete_message()
        || cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::UnexpectedEof)
}

/// hyper's error in Go's words.
pub(super) fn explain(error: &hyper::Error, beginning: &Beginning) -> ClientError {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return match io.kind() {
                std::io::ErrorKind::UnexpectedEof if io.get_ref().is_none() => ClientError::Eof,
                _ => ClientError::Connection(crate::tls::go_text(io)),
            };
        }
        cause = inner.source();
    }
    if error.is_parse() {
        let bytes = beginning.bytes();
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        return ClientError::Malformed(quote(line.strip_suffix(b"\r").unwrap_or(line)));
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return ClientError::Eof;
    }
    ClientError::Connection(error.to_string())
}
