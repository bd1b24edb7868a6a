//! What `openssl ocsp` makes of the answers about revoked certificates and others.

use std::path::Path;
use std::process::{Command, Output};

use bytes::Bytes;
use lab_wire::http::Client;
use lab_world::{DEFAULT_EPOCH, Simulation};
use mock_vault::{Config, Dev, Server};
use serde_json::{Value, json};

/// When the simulated certificates are valid, for a program that has a clock of its own.
const THEN: &str = "1767690000";

#[test]
fn openssl_reads_and_verifies_the_answers() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: there is no openssl");
        return;
    }
    Simulation::run(0, DEFAULT_EPOCH, async |world| {
        let host = world.host("vault");
        let dev = Some(Dev { root_token: Some("root".to_owned()), ..Dev::default() });
        let server =
            Server::start(&host, Config { dev, ..Config::for_host(&host) }).await.expect("the server starts");
        let vault = Vault {
            http: Client::new(&host.net, &host.clock),
            base: format!("http://{}/v1", server.address()),
        };
        for key in ["ec", "rsa"] {
            let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ocsp-{key}"));
            std::fs::create_dir_all(&directory).expect("a directory");
            let mount = format!("pki-{key}");
            vault.write(&format!("sys/mounts/{mount}"), json!({ "type": "pki" })).await;
            let root = json!({ "common_name": "root", "key_type": key, "ttl": "700h" });
            let root = vault.write(&format!("{mount}/root/generate/internal"), root).await;
            let role = json!({ "allow_any_name": true, "key_type": "ec", "ttl": "100h" });
            vault.write(&format!("{mount}/roles/any"), role).await;
            let leaf =
                vault.write(&format!("{mount}/issue/any"), json!({ "common_name": "leaf.example" })).await;
            put(&directory, "ca.pem", text(&root, "certificate").as_bytes());
            put(&directory, "leaf.pem", text(&leaf, "certificate").as_bytes());
            for (digest, revoke) in [("-sha1", false), ("-sha256", true)] {
                let asked = openssl(
                    &directory,
                    &["-issuer", "ca.pem", digest, "-cert", "leaf.pem", "-reqout", "request.der"],
                );
                assert!(asked.status.success(), "{asked:?}");
                if revoke {
                    let serial = json!({ "serial_number": text(&leaf, "serial_number") });
                    vault.write(&format!("{mount}/revoke"), serial).await;
                }
                let request = std::fs::read(directory.join("request.der")).expect("openssl wrote a request");
                let answer = vault.post(&format!("{mount}/ocsp"), request.into()).await;
                put(&directory, "answer.der", &answer);
                let read = openssl(
                    &directory,
                    &[
                        "-issuer",
                        "ca.pem",
                        digest,
                        "-cert",
                        "leaf.pem",
                        "-respin",
                        "answer.der",
                        "-CAfile",
                        "ca.pem",
                        "-attime",
                        THEN,
                    ],
                );
                let told = format!("{}{}", stdout(&read), String::from_utf8_lossy(&read.stderr));
                assert!(told.contains("Response verify OK"), "{key}: {told}");
                // That the times are over by its own clock comes between, and does not matter.
                let status = if revoke { "revoked" } else { "good" };
                let says = |line: &str| line.strip_prefix("leaf.pem: ").unwrap_or(line) == status;
                assert!(told.lines().any(says), "{key}: {told}");
                let text = openssl(&directory, &["-respin", "answer.der", "-noverify", "-resp_text"]);
                let text = stdout(&text);
                assert!(!text.contains("Certificate:"), "the signer's certificate is not sent: {text}");
                let produced = text.lines().find(|line| line.contains("Produced At:")).unwrap_or(&text);
                assert!(produced.contains(":00 "), "{produced}");
            }
        }
    });
}

struct Vault {
    http: Client,
    base: String,
}

impl Vault {
    async fn write(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body.to_string().into()).await;
        serde_json::from_slice(&answer).map_or(Value::Null, |answer: Value| answer["data"].clone())
    }

    async fn post(&self, path: &str, body: Bytes) -> Bytes {
        let request = http::Request::post(format!("{}/{path}", self.base))
            .header("X-Vault-Token", "root")
            .body(body)
            .expect("a request");
        let response = self.http.send(request).await.expect("the server answers");
        assert!(response.status().is_success(), "{path}: {:?}", response.body());
        response.into_body()
    }
}

fn text<'a>(data: &'a Value, name: &str) -> &'a str {
    data[name].as_str().expect("a text")
}

fn put(directory: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(directory.join(name), bytes).expect("a file");
}

fn openssl(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("openssl");
    command.current_dir(directory).arg("ocsp").args(arguments).arg("-no_nonce");
    command.output().expect("openssl runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
