//! A directory, a server, and a shell whose `vault` is one of the two.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lab_world::Net;

use crate::cli_support::{Answer, block_on, pause};

/// A directory, a server, and a `vault` that is first on the path.
pub(crate) struct Machine {
    directory: PathBuf,
    address: String,
    token: Option<&'static str>,
    server: Child,
}

impl Machine {
    /// With a development server by one program, and the command line by another.
    pub(crate) fn dev(server: &str, client: &str) -> Self {
        let port = free_port();
        let listen = format!("-dev-listen-address=127.0.0.1:{port}");
        let arguments = ["server", "-dev", "-dev-root-token-id=root", "-dev-no-store-token", &listen];
        Self::with(server, client, port, &arguments, Some("root"))
    }

    /// With a server that is to be initialised.
    pub(crate) fn sealed(server: &str, client: &str) -> Self {
        let port = free_port();
        let text = format!(
            "storage \"inmem\" {{}}\nlistener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  tls_disable = true\n}}\n\
             disable_mlock = true\napi_addr = \"http://127.0.0.1:{port}\"\n"
        );
        std::fs::write(directory_of(port).join("vault.hcl"), text).expect("a configuration");
        Self::with(server, client, port, &["server", "-config=vault.hcl"], None)
    }

    fn with(server: &str, client: &str, port: u16, arguments: &[&str], token: Option<&'static str>) -> Self {
        let directory = directory_of(port);
        let vault = directory.join("bin/vault");
        symlink(client, &vault).expect("a link");
        let mut command = Command::new(server);
        if Path::new(server).file_name().is_some_and(|name| name == "lab") {
            command.arg("vault");
        }
        let server = command
            .args(arguments)
            .env("HOME", &directory)
            .current_dir(&directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let machine = Self { directory, address: format!("http://127.0.0.1:{port}"), token, server };
        machine.wait();
        machine
    }

    /// Waits until the server answers.
    fn wait(&self) {
        for _ in 0..300 {
            let status = self.run("vault status");
            if matches!(status.code, Some(0 | 2)) {
                return;
            }
            pause(Duration::from_millis(100));
        }
        panic!("no server at {}", self.address);
    }

    /// Types a line at a shell.
    pub(crate) fn run(&self, line: &str) -> Answer {
        let rest = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{rest}", self.directory.join("bin").display());
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(&self.directory).stdin(Stdio::null()).env_clear();
        shell.env("PATH", path).env("HOME", &self.directory).env("VAULT_ADDR", &self.address);
        if let Some(token) = self.token {
            shell.env("VAULT_TOKEN", token);
        }
        let output = shell.output().expect("a shell");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Answer { stdout: text(&output.stdout), stderr: text(&output.stderr), code: output.status.code() }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// The directory of the machine whose server has this port; it is there with a place for programs.
fn directory_of(port: u16) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("lab-cli-{}-{port}", std::process::id()));
    std::fs::create_dir_all(directory.join("bin")).expect("a directory");
    directory
}

/// A port that nothing listens on.
fn free_port() -> u16 {
    block_on(Net::loopback().free_ports(1)).expect("a free port")[0]
}
