//! A server on a loopback socket, and the real programs in a directory of their own.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use lab_pki::{Certificate, KeyPair, key_matches};
use lab_wire::http::{Options, Peer, Response, handler, serve_connection};
use lab_world::{Clock, Host, Listener, Tasks};
use mock_vault::{Config, Dev, Server};
use serde_json::Value;

/// A guide's reader: the real `vault`, a directory, and the lab's server on a thread of its own.
pub(crate) struct Guide {
    program: PathBuf,
    host: Host,
    directory: PathBuf,
    pub(crate) address: String,
    /// Where the keys of a Nomad are, which has none.
    pub(crate) jwks_url: String,
    _server: tokio::sync::oneshot::Sender<()>,
}

impl Guide {
    /// With a server that is to be initialised. `None` without the real program.
    pub(crate) fn start(name: &str) -> Option<Self> {
        Self::with(name, None)
    }

    /// With a development server, and its token in the environment.
    pub(crate) fn start_dev(name: &str) -> Option<Self> {
        Self::with(name, Some(Dev { root_token: Some("root".to_owned()), ..Dev::default() }))
    }

    fn with(name: &str, dev: Option<Dev>) -> Option<Self> {
        let program = lab_tests::oracle("vault")?;
        let directory =
            std::env::temp_dir().join(format!("lab-{name}-{}", lab_world::Entropy::system().uuid()));
        let host = Host::loopback(name, &directory);
        host.disk.write(".vault-token", if dev.is_some() { "root" } else { "" }).expect("a write");
        let (address, jwks_url, server) = serve(host.clone(), dev);
        Some(Self { program, host, directory, address, jwks_url, _server: server })
    }

    /// What a command prints that must succeed.
    pub(crate) fn vault(&self, line: &str) -> String {
        self.succeed(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// The JSON that a command prints.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.succeed(arguments)).expect("JSON")
    }

    /// What a command that must fail says, with a token of its own.
    pub(crate) fn refused(&self, token: &str, line: &str) -> String {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let output = self.command(&arguments).env("VAULT_TOKEN", token).output().expect("the program runs");
        assert!(!output.status.success(), "vault {line} succeeded");
        both(&output)
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the program runs");
        assert!(output.status.success(), "vault {}: {}", arguments.join(" "), both(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.directory).env_clear().stdin(Stdio::null());
        command.env("HOME", &self.directory).env("VAULT_ADDR", &self.address);
        command
    }

    /// Starts the real consul-template; `None` where there is none.
    pub(crate) fn consul_template(&self, config: &str) -> Option<Running> {
        let mut command = Command::new(lab_tests::oracle("consul-template")?);
        command.arg(format!("-config={config}")).current_dir(&self.directory).env_clear();
        command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
        Some(Running(command.spawn().expect("consul-template runs")))
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        self.host.disk.write(name, text).expect("a write");
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        self.host.disk.read_to_string(name).ok()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    /// The certificate in a file, where it is for the key in another.
    pub(crate) fn pair(&self, certificate: &str, key: &str) -> Option<Certificate> {
        let certificate = Certificate::from_pem(&self.read(certificate)?).ok()?;
        let key = KeyPair::from_pem(&self.read(key)?).ok()?;
        key_matches(&certificate, &key).then_some(certificate)
    }

    /// Asks again and again until there is something.
    #[expect(clippy::disallowed_methods, reason = "a real program is waited for")]
    pub(crate) fn eventually<T>(&self, what: &str, limit: Duration, ask: impl Fn() -> Option<T>) -> T {
        let clock = Clock::system();
        let end = clock.now() + limit;
        loop {
            if let Some(found) = ask() {
                return found;
            }
            assert!(clock.now() < end, "not within {limit:?}: {what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Guide {
    fn drop(&mut self) {
        // What is left behind is in the system's directory for such things.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A program that is killed at the end.
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves until the sender is dropped: Vault's address, and that of the keys.
fn serve(host: Host, dev: Option<Dev>) -> (String, String, tokio::sync::oneshot::Sender<()>) {
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let (started, addresses) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listen = "127.0.0.1:0".parse().expect("an address");
            let keys = host.net.listen(listen).await.expect("a free port");
            let jwks_url = format!("http://{}/.well-known/jwks.json", keys.address());
            let tasks = Tasks::new();
            tasks.spawn(serve_keys(keys, host.clock.clone()));
            let server = Server::start(&host, Config { listen, dev, ..Config::for_host(&host) }).await;
            let server = server.expect("the server starts");
            started.send((format!("http://{}", server.address()), jwks_url)).expect("the test waits");
            // The test is over either way.
            let _ = stopped.await;
        });
    });
    let (address, jwks_url) = addresses.recv().expect("the server starts");
    (address, jwks_url, stop)
}

/// A set of no keys, to whoever asks; one connection after another.
async fn serve_keys(mut listener: Listener, clock: Clock) {
    let answer = handler(|_, _| async { Response::new(Bytes::from_static(b"{\"keys\":[]}")) });
    while let Ok(stream) = listener.accept().await {
        let peer = Peer::plain(stream.peer());
        // What ends a connection is the client's affair.
        let _ = serve_connection(stream, peer, answer.clone(), &clock, Options::default()).await;
    }
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
