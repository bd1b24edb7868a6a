//! What a live Vault says of its PKI and its JWT methods, read only.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use lab_hcl::Source;
use lab_pki::Certificate;
use lab_wire::http::Client;
use lab_wire::tls::{ClientTls, ServerVerify};
use lab_world::{Clock, Net};
use serde_json::Value;

use crate::document::Document;
use crate::file::TextFile;
use crate::vault::LIVE;

/// How long a request may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Where Vault is, and as whom it is asked.
#[derive(Clone, Debug)]
pub struct Vault {
    /// `https://vault:8200`
    pub address: String,
    /// A token that may read and list; reading is all that it is used for.
    pub token: String,
    /// The authorities to trust for HTTPS.
    pub authorities: Vec<Certificate>,
}

/// What was read, as if it stood in files.
#[derive(Debug, Default)]
pub struct Live {
    pub(crate) documents: Vec<Arc<Document>>,
    /// What Vault did not let be read, with its words.
    pub refused: Vec<String>,
}

/// Reads the roles, the default and the issuers of every PKI mount, and the configuration and the roles of every JWT
/// method.
///
/// Errors: Vault cannot be reached, or says nothing of its mounts.
pub async fn read(vault: &Vault, net: &Net, clock: &Clock) -> Result<Live, String> {
    let host = host_of(&vault.address)?;
    net.register(&host, &net.lookup(&host).await.map_err(|error| error.to_string())?);
    let tls = ClientTls::new(clock).roots(vault.authorities.clone()).verify(ServerVerify::Name(host));
    let reader = Reader { vault, client: Client::new(net, clock).tls(tls).timeout(LIMIT) };
    let mut live = Live::default();
    for (mount, kind) in reader.mounts("sys/mounts").await? {
        if kind == "pki" {
            reader.pki(&mount, &mut live).await;
        }
    }
    for (mount, kind) in reader.mounts("sys/auth").await? {
        if kind == "jwt" || kind == "oidc" {
            reader.jwt(&mount, &mut live).await;
        }
    }
    Ok(live)
}

struct Reader<'a> {
    vault: &'a Vault,
    client: Client,
}

impl Reader<'_> {
    async fn pki(&self, mount: &str, live: &mut Live) {
        self.keep(&format!("{mount}/config/issuers"), live).await;
        for name in self.list(&format!("{mount}/issuers"), live).await {
            self.keep(&format!("{mount}/issuer/{name}"), live).await;
        }
        for name in self.list(&format!("{mount}/roles"), live).await {
            self.keep(&format!("{mount}/roles/{name}"), live).await;
        }
    }

    async fn jwt(&self, mount: &str, live: &mut Live) {
        self.keep(&format!("auth/{mount}/config"), live).await;
        for name in self.list(&format!("auth/{mount}/role"), live).await {
            self.keep(&format!("auth/{mount}/role/{name}"), live).await;
        }
    }

    /// The mounts of a table with their types.
    async fn mounts(&self, path: &str) -> Result<Vec<(String, String)>, String> {
        let answer = self.get(path, false).await?;
        let table = answer.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
        let kind = |entry: &Value| entry.get("type").and_then(Value::as_str).map(str::to_owned);
        Ok(table
            .iter()
            .filter_map(|(mount, entry)| Some((mount.trim_end_matches('/').to_owned(), kind(entry)?)))
            .collect())
    }

    async fn list(&self, path: &str, live: &mut Live) -> Vec<String> {
        match self.get(path, true).await {
            Ok(answer) => {
                let keys =
                    answer.pointer("/data/keys").and_then(Value::as_array).cloned().unwrap_or_default();
                keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect()
            }
            // An empty list is a 404.
            Err(error) if error.starts_with("404") => Vec::new(),
            Err(error) => {
                live.refused.push(format!("list {path}: {error}"));
                Vec::new()
            }
        }
    }

    /// Reads one thing and keeps it as a document that rules can point into.
    async fn keep(&self, path: &str, live: &mut Live) {
        let data = match self.get(path, false).await {
            Ok(answer) => answer.get("data").cloned().unwrap_or_default(),
            Err(error) => return live.refused.push(format!("read {path}: {error}")),
        };
        let file = TextFile {
            path: PathBuf::from(path),
            source: Arc::new(Source::new(format!("{LIVE}{path}"), format!("{data:#}\n"))),
            mode: None,
        };
        if let Ok(document) = Document::parse(Arc::new(file)) {
            live.documents.push(Arc::new(document));
        }
    }

    /// Errors: the status and Vault's words, or why there was no answer.
    async fn get(&self, path: &str, lists: bool) -> Result<Value, String> {
        let query = if lists { "?list=true" } else { "" };
        let address = self.vault.address.trim_end_matches('/');
        let request = Request::get(format!("{address}/v1/{path}{query}"))
            .header("X-Vault-Token", &self.vault.token)
            .header("X-Vault-Request", "true")
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        let response = Box::pin(self.client.send(request)).await.map_err(|error| error.to_string())?;
        let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if response.status().is_success() {
            return Ok(body);
        }
        let errors = body.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        let texts: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
        Err(format!("{} {}", response.status().as_u16(), texts.join("; ")))
    }
}

/// The host of a URL.
fn host_of(address: &str) -> Result<String, String> {
    let wrong = || format!("{address:?} is no address of Vault: write https://HOST:8200");
    let uri: http::Uri = address.parse().map_err(|_| wrong())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) => Ok(host.trim_matches(['[', ']']).to_owned()),
        _ => Err(wrong()),
    }
}
