//! The HTTP(S) port: accepts connections and serves requests on them. A reload opens it anew; connections that are
//! open live on with the TLS they began with.

use std::net::SocketAddr;
use std::time::Duration;

use lab_wire::http::{Handler, Options, Peer, serve_connection};
use lab_wire::tls::ServerTls;
use lab_wire::{Io, Replayed};
use lab_world::{Host, Level, Listener, Stream, Tasks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

use crate::listen::listen;
use crate::rpc::ConnectionLimit;

/// How an HTTPS port recognises somebody who speaks HTTP to it.
const LIKE_HTTP: [&[u8; 5]; 5] = [b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO"];

/// What a port serves, and how.
#[derive(Clone)]
pub(crate) struct HttpSettings {
    pub(crate) host: Host,
    pub(crate) tasks: Tasks,
    /// TLS of new connections; `None`: plain HTTP.
    pub(crate) tls: Option<ServerTls>,
    pub(crate) handshake_timeout: Duration,
    pub(crate) limit: ConnectionLimit,
    pub(crate) handler: Handler,
}

/// An agent's open HTTP ports.
pub(crate) struct HttpServer {
    ports: Vec<Port>,
}

struct Port {
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl HttpServer {
    /// Opens the ports; the error is Go's, `listen tcp 10.0.0.1:4646: bind: address already in use`.
    pub(crate) async fn open(settings: &HttpSettings, addresses: &[SocketAddr]) -> std::io::Result<Self> {
        let mut ports = Vec::new();
        for address in addresses {
            let listener = listen(&settings.host, *address).await?;
            let (stop, stopping) = oneshot::channel();
            let (done, stopped) = oneshot::channel();
            settings.tasks.spawn(accept(settings.clone(), listener, stopping, done));
            ports.push(Port { stop, stopped });
        }
        Ok(Self { ports })
    }

    /// Closes the ports. Connections that are open stay.
    pub(crate) async fn close(self) {
        for port in self.ports {
            let _ = port.stop.send(());
            let _ = port.stopped.await;
        }
    }
}

async fn accept(
    settings: HttpSettings,
    mut listener: Listener,
    mut stopping: oneshot::Receiver<()>,
    done: oneshot::Sender<()>,
) {
    loop {
        let accepted = tokio::select! {
            biased;
            _ = &mut stopping => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(stream) => settings.tasks.spawn(serve(settings.clone(), stream)),
            Err(_) => settings.host.clock.sleep(Duration::from_millis(5)).await,
        }
    }
    drop(listener);
    let _ = done.send(());
}

async fn serve(settings: HttpSettings, stream: Stream) {
    let remote = stream.peer();
    let counted = settings.limit.count(remote.ip());
    let Some(tls) = settings.tls.clone() else {
        return match counted {
            Some(_counted) => requests(&settings, stream, Peer::plain(remote)).await,
            None => too_many(stream).await,
        };
    };
    let limit = match settings.handshake_timeout {
        Duration::ZERO => Duration::from_secs(u64::from(u32::MAX)),
        limit => limit,
    };
    let local = stream.local();
    let shaken = settings.host.clock.timeout(limit, handshake(tls, stream)).await;
    let timeout = || Err(format!("read tcp {local}->{remote}: i/o timeout"));
    match shaken.unwrap_or_else(timeout) {
        Ok(stream) => {
            let peer = Peer { address: remote, certificates: stream.peer_certificates().to_vec(), tls: true };
            match counted {
                Some(_counted) => requests(&settings, stream, peer).await,
                None => too_many(stream).await,
            }
        }
        Err(problem) => {
            let message = format!("http: TLS handshake error from {remote}: {problem}");
            settings.host.log.write(Level::Trace, "http", message);
        }
    }
}

/// Shakes hands; who speaks plain HTTP is told so.
async fn handshake(
    tls: ServerTls,
    mut stream: Stream,
) -> Result<lab_wire::tls::TlsStream<Replayed<Stream>>, String> {
    let mut first = [0; 5];
    if let Err(error) = stream.read_exact(&mut first).await {
        return Err(lab_wire::tls::go_text(&error));
    }
    if LIKE_HTTP.contains(&&first) {
        let answer = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
        // It is closed next, whether it was taken or not.
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
        return Err("client sent an HTTP request to an HTTPS server".into());
    }
    let (local, peer) = (stream.local(), stream.peer());
    let replayed = Replayed::new(first.to_vec(), stream);
    tls.accept_io(replayed, local, peer).await.map_err(|error| error.to_string())
}

async fn requests(settings: &HttpSettings, io: impl Io + 'static, peer: Peer) {
    let (handler, clock) = (Handler::clone(&settings.handler), &settings.host.clock);
    if let Err(error) = serve_connection(io, peer, handler, clock, Options::default()).await {
        settings.host.log.write(Level::Trace, "http", format!("http: {error}"));
    }
}

/// Answers who has too many connections without reading what is asked.
async fn too_many(mut io: impl Io) {
    const BODY: &str = "Your IP is issuing too many concurrent connections, please rate limit your calls\n";
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    let _ = io.write_all(answer.as_bytes()).await;
    let _ = io.shutdown().await;
}
