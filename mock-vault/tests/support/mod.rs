//! What the tests share: a server in a simulated world, and a client that talks to it.

#![allow(dead_code, reason = "no test uses all of it")]

use bytes::Bytes;
use lab_wire::http::Client;
use lab_world::{DEFAULT_EPOCH, Host, Simulation};
use mock_vault::{Config, Dev, Server, Storage};
use serde_json::{Value, json};

/// A client of a server, with a token.
#[derive(Clone)]
pub(crate) struct Vault {
    client: Client,
    address: String,
    pub(crate) token: String,
}

/// Runs a test in a world of its own.
pub(crate) fn simulate<T>(work: impl AsyncFnOnce(&Simulation) -> T) -> T {
    Simulation::run(7, DEFAULT_EPOCH, work)
}

/// A development server with the root token `root`, and a client on another machine.
pub(crate) async fn dev(world: &Simulation) -> (Server, Vault) {
    let host = world.host("vault");
    let config = Config {
        dev: Some(Dev { root_token: Some("root".into()), ..Dev::default() }),
        ..Config::for_host(&host)
    };
    let server = Server::start(&host, config).await.expect("the server starts");
    let vault = Vault::new(&world.host("client"), &server, "root");
    (server, vault)
}

/// A server on the file storage of the machine `vault`, sealed or uninitialised.
pub(crate) async fn on_disk(world: &Simulation) -> (Server, Vault) {
    let host = world.host("vault");
    let config = Config { storage: Storage::File("/vault/data".into()), ..Config::for_host(&host) };
    let server = Server::start(&host, config).await.expect("the server starts");
    let vault = Vault::new(&world.host("client"), &server, "");
    (server, vault)
}

/// A root of `ttl` at `pki/`, with a key that is quickly made.
pub(crate) async fn authority(vault: &Vault, ttl: &str) {
    vault.data("POST", "sys/mounts/pki", json!({"type": "pki"})).await;
    vault.data("POST", "sys/mounts/pki/tune", json!({"max_lease_ttl": "87600h"})).await;
    vault
        .data(
            "POST",
            "pki/root/generate/internal",
            json!({"common_name": "lab root", "key_type": "ec", "ttl": ttl}),
        )
        .await;
}

/// A role for any name at `pki/`, with what `more` says.
pub(crate) async fn role(vault: &Vault, name: &str, more: Value) {
    let mut body = json!({"allow_any_name": true, "key_type": "ec", "ttl": "1h"});
    body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    vault.data("POST", &format!("pki/roles/{name}"), body).await;
}

impl Vault {
    /// A client on `host`.
    pub(crate) fn new(host: &Host, server: &Server, token: &str) -> Self {
        let address = format!("http://{}", server.address());
        Self { client: Client::new(&host.net, &host.clock), address, token: token.to_owned() }
    }

    /// The same with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Sends a request; gives the status and the body.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}/v1/{path}", self.address))
            .header("x-vault-token", &self.token)
            .body(body)
            .expect("a request");
        let response = self.client.send(request).await.expect("an answer");
        let status = response.status().as_u16();
        (status, serde_json::from_slice(response.body()).unwrap_or(Value::Null))
    }

    /// Gets bytes; gives the status, the content type and the body.
    pub(crate) async fn bytes(&self, path: &str) -> (u16, String, Bytes) {
        let request =
            http::Request::get(format!("{}/v1/{path}", self.address)).body(Bytes::new()).expect("a request");
        let response = self.client.send(request).await.expect("an answer");
        let kind = response
            .headers()
            .get("content-type")
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or("")
            .to_owned();
        (response.status().as_u16(), kind, response.into_body())
    }

    /// Sends a request that must be served; gives its `data`.
    pub(crate) async fn data(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer["data"].clone()
    }

    /// Sends a request that must be refused; gives the status and the first error.
    pub(crate) async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.send(method, path, body).await;
        assert!(status >= 400, "{method} {path}: {status} {answer}");
        (status, answer["errors"][0].as_str().unwrap_or_default().to_owned())
    }

    /// Initialises with three shares of which two are needed, and unseals; gives the shares.
    pub(crate) async fn initialize(&mut self) -> Vec<String> {
        let (status, answer) =
            self.send("PUT", "sys/init", json!({"secret_shares": 3, "secret_threshold": 2})).await;
        assert_eq!(status, 200, "{answer}");
        self.token = answer["root_token"].as_str().expect("a token").to_owned();
        let keys: Vec<String> = answer["keys"]
            .as_array()
            .expect("keys")
            .iter()
            .map(|key| key.as_str().unwrap_or("").to_owned())
            .collect();
        self.unseal(&keys).await;
        keys
    }

    /// Unseals with the last two of three shares.
    pub(crate) async fn unseal(&self, keys: &[String]) {
        for key in &keys[1..] {
            let (status, answer) = self.send("PUT", "sys/unseal", json!({"key": key})).await;
            assert_eq!(status, 200, "{answer}");
        }
    }
}
