//! The HTTP client of a command line: one request after another, over TLS where the address says so.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_pki::Certificate;
use lab_wire::Io;
use lab_wire::http::{Body, Request, Response};
use lab_wire::tls::{ClientTls, Identity, ServerVerify};
use lab_world::{Clock, Host, WireFault};

/// The files and names that TLS is spoken with; empty where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TlsSettings {
    /// A file of authorities to trust.
    pub(crate) ca_cert: String,
    /// A directory of such files; the file goes before it.
    pub(crate) ca_path: String,
    /// The certificate to show, with its chain.
    pub(crate) client_cert: String,
    /// Its key.
    pub(crate) client_key: String,
    /// The name that the server's certificate must be valid for, in place of the address's.
    pub(crate) server_name: String,
    /// Whether any certificate will do.
    pub(crate) skip_verify: bool,
}

/// Why there is no client, in the words of the real programs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetupError {
    /// The file of authorities cannot be used.
    #[error("Error loading CA File: {0}")]
    CaFile(String),
    /// A file of the directory of authorities cannot be used.
    #[error("Error loading CA Path: {0}")]
    CaPath(String),
    /// The directory of authorities cannot be read: `lstat certs: no such file or directory`
    #[error("{0}")]
    CaDirectory(String),
    /// Only one of the certificate and the key was given.
    #[error("Both client cert and client key must be provided")]
    HalfPair,
    /// The certificate and the key are no pair, or cannot be read.
    #[error("{0}")]
    Pair(String),
    /// This machine gives no event loop.
    #[error("no runtime: {0}")]
    Runtime(String),
}

/// A client, and what runs it: its methods wait.
pub(crate) struct Client {
    runtime: tokio::runtime::Runtime,
    host: Host,
    http: lab_wire::http::Client,
}

impl Client {
    /// A client that speaks TLS with `settings` to the server called `host`, and waits `limit` for a response.
    pub(crate) fn new(
        settings: &TlsSettings,
        host: &str,
        limit: Option<Duration>,
    ) -> Result<Self, SetupError> {
        let machine = Host::loopback("client", PathBuf::from("."));
        let tls = tls(settings, host, &machine.clock)?;
        let mut http = lab_wire::http::Client::new(&machine.net, &machine.clock).tls(tls);
        if let Some(limit) = limit {
            http = http.timeout(limit);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| SetupError::Runtime(error.to_string()))?;
        Ok(Self { runtime, host: machine, http })
    }

    /// Sends a request with an absolute URL.
    ///
    /// Errors: the whole of what Go's client says, `Get "http://...": dial tcp ...: connect: connection refused`.
    pub(crate) fn send(&self, request: Request) -> Result<Response, String> {
        let (method, url) = (request.method().clone(), request.uri().clone());
        self.block_on(self.http.send(request)).map_err(|error| error.in_url(&method, &url))
    }

    /// Sends a request whose response comes in pieces; [`Client::block_on`] waits for each of them.
    pub(crate) fn open(&self, request: Request) -> Result<(http::response::Parts, Body), String> {
        let (method, url) = (request.method().clone(), request.uri().clone());
        self.block_on(self.http.open(request)).map_err(|error| error.in_url(&method, &url))
    }

    /// Asks for another protocol; the connection comes with an answer of 101.
    pub(crate) fn upgrade(&self, request: Request) -> Result<(Response, Option<impl Io + use<>>), String> {
        let (method, url) = (request.method().clone(), request.uri().clone());
        self.block_on(self.http.upgrade(request)).map_err(|error| error.in_url(&method, &url))
    }

    /// Waits for something that this client started.
    pub(crate) fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// Waits.
    pub(crate) fn sleep(&self, time: Duration) {
        self.block_on(self.host.clock.sleep(time));
    }

    /// This machine: its clock, its files, its random numbers.
    pub(crate) fn machine(&self) -> &Host {
        &self.host
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({:?})", self.http)
    }
}

/// An I/O error as Go prints it behind the name of the call and the file: `open x: no such file or directory`.
pub(crate) fn file_error(call: &str, path: &Path, error: &std::io::Error) -> String {
    format!("{call} {}: {}", path.display(), errno_text(error))
}

/// Why a file cannot be read: `open x: no such file or directory`, and `read x: is a directory`
pub(crate) fn unread(path: &Path, error: &std::io::Error) -> String {
    let call = if error.kind() == std::io::ErrorKind::IsADirectory { "read" } else { "open" };
    file_error(call, path, error)
}

fn errno_text(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "no such file or directory".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "is a directory".to_owned(),
        ErrorKind::NotADirectory => "not a directory".to_owned(),
        ErrorKind::AlreadyExists => "file exists".to_owned(),
        _ => match WireFault::of(error) {
            Some(fault) => fault.to_string(),
            None => error.to_string(),
        },
    }
}

fn tls(settings: &TlsSettings, host: &str, clock: &Clock) -> Result<ClientTls, SetupError> {
    let name = if settings.server_name.is_empty() { host } else { &settings.server_name };
    let verify = if settings.skip_verify { ServerVerify::None } else { ServerVerify::Name(name.to_owned()) };
    let tls = ClientTls::new(clock).roots(roots(settings)?).verify(verify);
    Ok(match identity(settings)? {
        Some(identity) => tls.identity(identity),
        None => tls,
    })
}

fn roots(settings: &TlsSettings) -> Result<Vec<Certificate>, SetupError> {
    if !settings.ca_cert.is_empty() {
        return authorities(Path::new(&settings.ca_cert)).map_err(SetupError::CaFile);
    }
    if settings.ca_path.is_empty() {
        return Ok(Vec::new());
    }
    let mut roots = Vec::new();
    for file in files_below(Path::new(&settings.ca_path)).map_err(SetupError::CaDirectory)? {
        roots.extend(authorities(&file).map_err(SetupError::CaPath)?);
    }
    Ok(roots)
}

fn authorities(file: &Path) -> Result<Vec<Certificate>, String> {
    let text = std::fs::read(file).map_err(|error| unread(file, &error))?;
    let found = Certificate::authorities_from_pem(&String::from_utf8_lossy(&text));
    if found.is_empty() { Err(format!("Couldn't parse PEM in: {}", file.display())) } else { Ok(found) }
}

/// The files of a directory and of those in it, in the order of their names.
fn files_below(path: &Path) -> Result<Vec<PathBuf>, String> {
    let metadata = std::fs::symlink_metadata(path).map_err(|error| file_error("lstat", path, &error))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| file_error("open", path, &error))?;
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        files.extend(files_below(&entry)?);
    }
    Ok(files)
}

fn identity(settings: &TlsSettings) -> Result<Option<Identity>, SetupError> {
    match (settings.client_cert.as_str(), settings.client_key.as_str()) {
        ("", "") => Ok(None),
        ("", _) | (_, "") => Err(SetupError::HalfPair),
        (certificate, key) => {
            let read = |file: &str| {
                std::fs::read_to_string(file)
                    .map_err(|error| SetupError::Pair(file_error("open", Path::new(file), &error)))
            };
            let (certificate, key) = (read(certificate)?, read(key)?);
            let identity = Identity::from_pem(&certificate, &key);
            identity.map(Some).map_err(|error| SetupError::Pair(error.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: TlsSettings) -> String {
        Client::new(&settings, "localhost", None).expect_err("refused").to_string()
    }

    #[test]
    fn files_that_cannot_be_used_are_told_in_the_real_words() {
        let setting = |ca_cert: &str, ca_path: &str, cert: &str, key: &str| TlsSettings {
            ca_cert: ca_cert.to_owned(),
            ca_path: ca_path.to_owned(),
            client_cert: cert.to_owned(),
            client_key: key.to_owned(),
            ..TlsSettings::default()
        };
        for (settings, told) in [
            (
                setting("nope.pem", "", "", ""),
                "Error loading CA File: open nope.pem: no such file or directory",
            ),
            (setting("Cargo.toml", "", "", ""), "Error loading CA File: Couldn't parse PEM in: Cargo.toml"),
            (setting("", "nope", "", ""), "lstat nope: no such file or directory"),
            (setting("", "", "a.pem", ""), "Both client cert and client key must be provided"),
            (setting("", "", "nope", "nope"), "open nope: no such file or directory"),
            (
                setting("", "", "Cargo.toml", "Cargo.toml"),
                "tls: failed to find any PEM data in certificate input",
            ),
        ] {
            assert_eq!(refused(settings), told);
        }
    }

    #[test]
    fn requests_that_fail_are_told_with_their_url() {
        let client = Client::new(&TlsSettings::default(), "127.0.0.1", None).expect("a client");
        let request = http::Request::get("http://127.0.0.1:1/v1/nodes").body(bytes::Bytes::new());
        assert_eq!(
            client.send(request.expect("well formed")).expect_err("nothing listens"),
            "Get \"http://127.0.0.1:1/v1/nodes\": dial tcp 127.0.0.1:1: connect: connection refused"
        );
    }
}
