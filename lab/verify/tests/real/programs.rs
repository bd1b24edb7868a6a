//! The real programs as child processes of a test, on ports of their own, ended with it.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use lab_verify::{Cluster, Input, judge};
use lab_world::{Clock, Net};

use crate::support::{Site, codes};

/// The path of a real program, or a line that says what is skipped.
pub(crate) fn binary(variable: &str) -> Option<OsString> {
    let found = std::env::var_os(variable);
    if found.is_none() {
        eprintln!("skipped: set {variable} to the path of the real program to ask it");
    }
    found
}

/// What `lab verify` finds in a site now, by the system's clock.
pub(crate) fn found(site: &Site, path: &str) -> Vec<String> {
    let cluster = Cluster::read(&[Input::Path(site.path(path))], Clock::system().now());
    assert_eq!(cluster.problems, []);
    codes(&judge(&cluster, &[]))
}

/// A real program that sees nothing of this process's environment but where programs are: some of its variables change
/// what a real program does (a Nomad client with `AWS_CA_BUNDLE` set does not start).
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// A child that is killed when it is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts a program with what it says in a file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        let log = std::fs::File::create(log).expect("a log");
        let stderr = log.try_clone().expect("a log");
        Self(command.stdin(Stdio::null()).stdout(log).stderr(stderr).spawn().expect("it starts"))
    }
}

impl Running {
    /// Has it read its configuration again.
    pub(crate) fn reload(&self) {
        lab_world::ProcessId::of(self.0.id()).signal("HUP").expect("it runs");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks again until there is an answer, for a minute and a half.
pub(crate) fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within_reason(ask).unwrap_or_else(|| panic!("waited in vain for {what}"))
}

/// The same for a program that is to begin, with what it said in a file.
pub(crate) fn until_it_runs(log: &Path, ask: impl FnMut() -> Option<()>) {
    within_reason(ask).unwrap_or_else(|| {
        panic!("it does not begin and said: {}", std::fs::read_to_string(log).unwrap_or_default())
    });
}

fn within_reason<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    (0..450).find_map(|_| {
        let answer = ask();
        if answer.is_none() {
            pause(Duration::from_millis(200));
        }
        answer
    })
}

#[expect(clippy::disallowed_methods, reason = "real programs take real time")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Free ports for another program.
pub(crate) fn ports<const N: usize>() -> [u16; N] {
    // On a thread of its own, since some tests have an event loop that this would block.
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("an event loop").block_on(Net::loopback().free_ports(N))
    };
    let free = std::thread::spawn(ask).join().expect("no panic").expect("free ports");
    std::array::from_fn(|index| free[index])
}

/// Everything that a program said, whether it ended well first.
pub(crate) fn said(output: &Output) -> (bool, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

/// A Vault in development mode.
pub(crate) struct Vault {
    pub(crate) site: Site,
    pub(crate) address: String,
    binary: OsString,
    _running: Running,
}

impl Vault {
    /// Starts the real one; `None` where there is none.
    pub(crate) fn start() -> Option<Self> {
        let binary = binary("LAB_VAULT_BIN")?;
        let site = Site::new();
        let [port] = ports();
        let mut server = command(&binary);
        server.args(["server", "-dev", "-dev-root-token-id=root", "-dev-no-store-token"]);
        server.arg(format!("-dev-listen-address=127.0.0.1:{port}")).env("HOME", &site.root);
        let running = Running::start(&mut server, &site.path("vault.log"));
        let vault = Self { site, address: format!("http://127.0.0.1:{port}"), binary, _running: running };
        until_it_runs(&vault.site.path("vault.log"), || vault.run(&["status"]).0.then_some(()));
        Some(vault)
    }

    /// Whether a command of its command line went well, and all that it said.
    pub(crate) fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = command(&self.binary)
            .args(arguments)
            .env("VAULT_ADDR", &self.address)
            .env("VAULT_TOKEN", "root")
            .env("HOME", &self.site.root)
            .output();
        said(&output.expect("it runs"))
    }

    /// What a command that must go well says.
    pub(crate) fn must(&self, arguments: &[&str]) -> String {
        let (went_well, text) = self.run(arguments);
        assert!(went_well, "vault {}: {text}", arguments.join(" "));
        text
    }

    /// Something that was read, as a file of its site.
    pub(crate) fn keep(&self, path: &str, file: &str) {
        let text = self.must(&["read", "-format=json", path]);
        self.site.write(file, text);
    }

    /// A root at `pki/` and an intermediate at `pki_int/` with guide 003's role; `bundle`: with the root in its chain.
    pub(crate) fn authorities(&self, bundle: bool) {
        for (mount, life) in [("pki", "87600h"), ("pki_int", "43800h")] {
            self.must(&[
                "secrets",
                "enable",
                &format!("-path={mount}"),
                &format!("-max-lease-ttl={life}"),
                "pki",
            ]);
        }
        let field = |arguments: &[&str]| self.must(arguments).trim().to_owned() + "\n";
        let root = field(&[
            "write",
            "-field=certificate",
            "pki/root/generate/internal",
            "common_name=root",
            "ttl=87600h",
            "key_type=ec",
            "key_bits=256",
        ]);
        let request = field(&[
            "write",
            "-field=csr",
            "pki_int/intermediate/generate/internal",
            "common_name=int",
            "key_type=ec",
            "key_bits=256",
        ]);
        let signed = field(&[
            "write",
            "-field=certificate",
            "pki/root/sign-intermediate",
            &format!("csr={request}"),
            "ttl=43800h",
        ]);
        let chain = if bundle { signed + &root } else { signed };
        self.must(&["write", "pki_int/intermediate/set-signed", &format!("certificate={chain}")]);
        self.must(&[
            "write",
            "pki_int/roles/nomad-cluster",
            "allowed_domains=global.nomad",
            "allow_subdomains=true",
            "max_ttl=86400s",
            "require_cn=false",
            "generate_lease=true",
            "key_type=ec",
            "key_bits=256",
        ]);
    }
}
