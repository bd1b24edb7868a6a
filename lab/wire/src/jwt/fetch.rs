//! Documents of identity providers, fetched.

use std::time::Duration;

use bytes::Bytes;
use lab_pki::Certificate;
use lab_world::{Clock, Net};

use crate::http::{Client, Request, Response};
use crate::tls::{ClientTls, ServerVerify};

/// How long a document may take.
const LIMIT: Duration = Duration::from_secs(30);

/// A document to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Absolute, `http` or `https`.
    pub url: String,
    /// Roots to trust instead of none; PEM.
    pub ca_pem: String,
}

/// The answer to a [`Fetch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Of the [`Fetch`].
    pub url: String,
    /// What was answered, or why nothing was, in Go's words.
    pub answer: Result<Document, String>,
}

/// What was answered to a [`Fetch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The status.
    pub status: u16,
    /// The header `Content-Type`; empty where there is none.
    pub content_type: String,
    /// The body.
    pub body: Bytes,
}

impl Document {
    /// The status with its name, `404 Not Found`.
    pub fn status_text(&self) -> String {
        let name = http::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        format!("{} {}", self.status, name.unwrap_or_default())
    }
}

impl From<Response> for Document {
    fn from(response: Response) -> Self {
        let kind = response.headers().get(http::header::CONTENT_TYPE);
        Self {
            status: response.status().as_u16(),
            content_type: kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned(),
            body: response.into_body(),
        }
    }
}

/// Fetches over the host's network.
#[derive(Debug)]
pub struct Fetcher {
    net: Net,
    clock: Clock,
}

impl Fetcher {
    /// A fetcher on a host's network.
    pub fn new(net: Net, clock: Clock) -> Self {
        Self { net, clock }
    }

    /// Gets a document; what goes wrong is part of the answer.
    pub async fn fetch(&self, fetch: &Fetch) -> Fetched {
        let answer = match http::Request::get(&fetch.url).body(Bytes::new()) {
            Err(_) if !fetch.url.contains("://") => Err("unsupported protocol scheme \"\"".to_owned()),
            Err(error) => Err(error.to_string()),
            Ok(request) => self.send(request, &fetch.ca_pem).await,
        };
        Fetched { url: fetch.url.clone(), answer }
    }

    /// Sends a request to a server with a certificate of the authorities in `ca_pem`.
    ///
    /// Errors: why there is no answer, in Go's words without method and URL before them.
    pub async fn send(&self, request: Request, ca_pem: &str) -> Result<Document, String> {
        let client = self.client(request.uri().host().unwrap_or_default(), ca_pem);
        match self.clock.timeout(LIMIT, client.send(request)).await {
            None => Err("context deadline exceeded".to_owned()),
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(response)) => Ok(response.into()),
        }
    }

    /// A client that trusts the authorities that the document's owner was given, and shows no certificate.
    fn client(&self, host: &str, ca_pem: &str) -> Client {
        Client::new(&self.net, &self.clock).tls(ClientTls {
            roots: Certificate::authorities_from_pem(ca_pem).into(),
            verify: ServerVerify::Name(host.to_owned()),
            ..ClientTls::new(&self.clock)
        })
    }
}
