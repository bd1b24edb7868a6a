//! The ports that a server serves.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use lab_pki::Certificate;
use lab_wire::http::{Handler, Options, Peer, serve_connection};
use lab_wire::tls::{ClientAuth, Identity, ServerTls, TlsStream};
use lab_wire::{Io, Replayed};
use lab_world::{Clock, Disk, DiskError, Host, Listener, Stream, Tasks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::configuration::TlsFiles;
use crate::error::Error;

/// What plain HTTP begins with, as Go looks for it on a TLS port.
const LIKE_HTTP: [&[u8; 5]; 5] = [b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO"];

/// How often a port that is in use is tried again at once.
const GIVING_WAY: usize = 8;

/// A port and what is spoken on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerConfig {
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// `None`: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// The largest body of a request in bytes; zero for 32 MiB.
    pub max_request_size: usize,
}

impl ListenerConfig {
    /// Plain HTTP.
    pub fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None, max_request_size: 0 }
    }
}

/// A port that is served.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    tls: Option<Reloadable>,
}

impl Listening {
    /// Takes the port and serves it in `tasks`.
    pub(crate) async fn start(
        host: &Host,
        config: &ListenerConfig,
        serve: &Handler,
        tasks: &Tasks,
    ) -> Result<Self, Error> {
        let tls = config.tls.as_ref().map(|files| Reloadable::read(&host.disk, files)).transpose()?;
        let mut listener = bind(host, config.address)
            .await
            .map_err(|error| Error::Listen { address: config.address, cause: go_words(&error) })?;
        let address = listener.address();
        let options = match config.max_request_size {
            0 => Options::default(),
            size => Options { max_body: size, ..Options::default() },
        };
        let connection = Connection {
            tls: tls.as_ref().map(|tls| tls.server(&host.clock)),
            serve: Handler::clone(serve),
            clock: host.clock.clone(),
            log: host.log.clone(),
            options,
        };
        let (connection, spawner) = (Arc::new(connection), tasks.clone());
        tasks.spawn(async move {
            // A listener that fails once fails for good: its host is off.
            while let Ok(stream) = listener.accept().await {
                let connection = Arc::clone(&connection);
                spawner.spawn(async move { connection.run(stream).await });
            }
        });
        Ok(Self { address, tls })
    }

    /// Reads the certificate and its key again; new connections get the new ones.
    pub(crate) fn reload(&self, disk: &Disk) -> Result<(), Error> {
        self.tls.as_ref().map_or(Ok(()), |tls| tls.reload(disk))
    }
}

/// How the connections of one port are served.
struct Connection {
    tls: Option<ServerTls>,
    serve: Handler,
    clock: Clock,
    log: lab_world::Log,
    options: Options,
}

impl Connection {
    async fn run(&self, stream: Stream) {
        let remote = stream.peer();
        let Some(tls) = &self.tls else {
            return self.requests(stream, Peer::plain(remote)).await;
        };
        match handshake(tls, stream).await {
            Ok(stream) => {
                let peer =
                    Peer { address: remote, certificates: stream.peer_certificates().to_vec(), tls: true };
                self.requests(stream, peer).await;
            }
            Err(problem) => {
                self.log
                    .info("http", format!("TLS handshake error: error=\"{problem}\" remote_addr={remote}"));
            }
        }
    }

    async fn requests(&self, io: impl Io + 'static, peer: Peer) {
        // What ends a connection is the client's affair.
        let _ = serve_connection(io, peer, Handler::clone(&self.serve), &self.clock, self.options).await;
    }
}

/// Shakes hands; who speaks plain HTTP is told so.
async fn handshake(tls: &ServerTls, mut stream: Stream) -> Result<TlsStream<Replayed<Stream>>, String> {
    let mut first = [0; 5];
    if let Err(error) = stream.read_exact(&mut first).await {
        return Err(lab_wire::tls::go_text(&error));
    }
    if LIKE_HTTP.contains(&&first) {
        // It is closed next, whether it was taken or not.
        let _ = stream
            .write_all(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
            .await;
        let _ = stream.shutdown().await;
        return Err("client sent an HTTP request to an HTTPS server".into());
    }
    let (local, peer) = (stream.local(), stream.peer());
    let replayed = Replayed::new(first.to_vec(), stream);
    tls.accept_io(replayed, local, peer).await.map_err(|error| error.to_string())
}

/// A certificate and its key, which a reload replaces.
struct Reloadable {
    files: TlsFiles,
    client_auth: ClientAuth,
    identity: Arc<Mutex<Identity>>,
}

impl Reloadable {
    fn read(disk: &Disk, files: &TlsFiles) -> Result<Self, Error> {
        let identity = Arc::new(Mutex::new(identity(disk, files)?));
        let client_auth = match &files.client_ca {
            _ if files.disable_client_certificates => ClientAuth::None,
            None => ClientAuth::Request,
            Some(path) => ClientAuth::Require { roots: authorities(disk, path)?.into() },
        };
        Ok(Self { files: files.clone(), client_auth, identity })
    }

    fn server(&self, clock: &Clock) -> ServerTls {
        let identity = Arc::clone(&self.identity);
        let shown = move || Some(identity.lock().unwrap_or_else(PoisonError::into_inner).clone());
        ServerTls {
            client_auth: self.client_auth.clone(),
            min_version: self.files.min_version,
            ..ServerTls::new(clock, Arc::new(shown))
        }
    }

    fn reload(&self, disk: &Disk) -> Result<(), Error> {
        let new = identity(disk, &self.files)?;
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

fn identity(disk: &Disk, files: &TlsFiles) -> Result<Identity, Error> {
    let read = |path: &str| match path {
        // Go says what it was given.
        "" => Err(Error::Certificate("open : no such file or directory".into())),
        path => disk.read_to_string(path).map_err(|error| match error {
            DiskError::NotFound(_) => Error::Certificate(format!("open {path}: no such file or directory")),
            other => Error::Certificate(other.to_string()),
        }),
    };
    let (certificate, key) = (read(&files.certificate)?, read(&files.key)?);
    if !key.contains("-----BEGIN ") {
        return Err(Error::Certificate("decoded PEM is blank".into()));
    }
    Identity::from_pem(&certificate, &key).map_err(|error| Error::Certificate(error.to_string()))
}

fn authorities(disk: &Disk, path: &str) -> Result<Vec<Certificate>, Error> {
    let text = disk
        .read_to_string(path)
        .map_err(|_| Error::ClientAuthorities("failed to read tls_client_ca_file"))?;
    match Certificate::authorities_from_pem(&text) {
        none if none.is_empty() => {
            Err(Error::ClientAuthorities("failed to parse CA certificate in tls_client_ca_file"))
        }
        found => Ok(found),
    }
}

/// Why a port cannot be taken, as Go says it.
fn go_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "bind: address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "bind: cannot assign requested address".to_owned(),
        _ => error.to_string(),
    }
}
/// Takes a port. A server that was stopped a moment ago lets go of its port when its tasks are next looked at, so a port
/// that is in use is tried again after giving way to them.
async fn bind(host: &Host, address: SocketAddr) -> io::Result<Listener> {
    for _ in 0..GIVING_WAY {
        match host.net.listen(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => tokio::task::yield_now().await,
            outcome => return outcome,
        }
    }
    host.net.listen(address).await
}
