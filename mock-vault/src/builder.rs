//! A Vault for a test, in one expression.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use lab_wire::http::Client;
use lab_world::{Disk, Host};
use serde_json::{Value, json};

use crate::error::Error;
use crate::server::{Config, Dev, Server};

/// An unsealed Vault with a root token. Dropping it stops it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use mock_vault::MockVault;
/// use serde_json::json;
///
/// let vault = MockVault::builder()
///     .root_token("root")
///     .pki("pki", "global.nomad")
///     .write("pki/roles/cluster", json!({ "allowed_domains": "global.nomad", "allow_subdomains": true }))
///     .start()
///     .await?;
/// // Point any client at it: VAULT_ADDR and VAULT_TOKEN are
/// assert!(vault.url().starts_with("http://127.0.0.1:"));
/// assert_eq!(vault.root_token(), "root");
/// # Ok::<(), mock_vault::Error>(())
/// # })?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct MockVault {
    server: Server,
    root_token: String,
}

impl MockVault {
    /// One on a free port of 127.0.0.1, with the system's clock and a root token that is made up.
    pub fn builder() -> Builder {
        Builder { host: None, listen: None, root_token: None, requests: Vec::new() }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What clients take as `VAULT_ADDR`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// What clients take as `VAULT_TOKEN`.
    pub fn root_token(&self) -> &str {
        &self.root_token
    }

    /// The server beneath.
    pub fn server(&self) -> &Server {
        &self.server
    }
}

/// How a [`MockVault`] is set up.
#[derive(Clone, Debug)]
pub struct Builder {
    host: Option<Host>,
    listen: Option<SocketAddr>,
    root_token: Option<String>,
    requests: Vec<(String, Value)>,
}

impl Builder {
    /// The machine that it runs on: its clock, its network, its disk, its randomness. One of a
    /// [`lab_world::Simulation`] makes time virtual and connections in memory.
    #[must_use]
    pub fn host(mut self, host: &Host) -> Self {
        self.host = Some(host.clone());
        self
    }

    /// The address that it listens on, instead of a free port.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// The root token.
    #[must_use]
    pub fn root_token(mut self, token: impl Into<String>) -> Self {
        self.root_token = Some(token.into());
        self
    }

    /// A PKI engine at `mount` with a root of its own (EC P-256, ten years), called `common_name`.
    #[must_use]
    pub fn pki(self, mount: &str, common_name: &str) -> Self {
        let config = json!({ "type": "pki", "config": { "max_lease_ttl": "87600h" } });
        let root = json!({ "common_name": common_name, "ttl": "87600h", "key_type": "ec", "key_bits": 256 });
        self.write(format!("sys/mounts/{mount}"), config)
            .write(format!("{mount}/root/generate/internal"), root)
    }

    /// A write with the root token, as `vault write PATH ...` would do it, before anybody else comes.
    #[must_use]
    pub fn write(mut self, path: impl Into<String>, body: Value) -> Self {
        self.requests.push((path.into(), body));
        self
    }

    /// Starts it and makes the writes in order.
    ///
    /// Errors: the address is taken, or a write was refused.
    pub async fn start(self) -> Result<MockVault, Error> {
        let host =
            self.host.unwrap_or_else(|| Host { disk: Disk::memory(), ..Host::loopback("vault", "unused") });
        let listen = self.listen.unwrap_or_else(|| match host.net.is_simulated() {
            true => Config::for_host(&host).listen,
            false => (Ipv4Addr::LOCALHOST, 0).into(),
        });
        let dev = Some(Dev { root_token: self.root_token, ..Dev::default() });
        let server = Server::start(&host, Config { listen, dev, ..Config::for_host(&host) }).await?;
        let root_token = server.root_token().unwrap_or_default().to_owned();
        let vault = MockVault { server, root_token };
        let client = Client::new(&host.net, &host.clock);
        for (path, body) in self.requests {
            let refused = |told: String| Error::Preset { path: path.clone(), told };
            let request = http::Request::post(format!("{}/v1/{path}", vault.url()))
                .header("X-Vault-Token", &vault.root_token)
                .body(Bytes::from(body.to_string()))
                .map_err(|error| refused(error.to_string()))?;
            let response = client.send(request).await.map_err(|error| refused(error.to_string()))?;
            if !response.status().is_success() {
                return Err(refused(String::from_utf8_lossy(response.body()).trim_end().to_owned()));
            }
        }
        Ok(vault)
    }
}

#[cfg(test)]
mod tests {
    use lab_world::{DEFAULT_EPOCH, Simulation};

    use super::*;

    #[test]
    fn a_preset_that_is_refused_is_told() {
        let told = Simulation::run(0, DEFAULT_EPOCH, async |world| {
            let host = world.host("vault");
            let builder = MockVault::builder().host(&host).root_token("root").pki("pki", "global.nomad");
            let vault = builder.clone().start().await.expect("it starts");
            assert_eq!((vault.url().as_str(), vault.root_token()), ("http://10.0.0.1:8200", "root"));
            drop(vault);
            builder.write("pki/issue/nobody", json!({})).start().await.expect_err("there is no such role")
        });
        assert_eq!(told.to_string(), "pki/issue/nobody: {\"errors\":[\"unknown role: nobody\"]}");
    }
}
