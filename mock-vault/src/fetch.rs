//! Documents that handlers ask for: key sets of identity providers.

use std::time::Duration;

use bytes::Bytes;
use lab_pki::Certificate;
use lab_wire::http::Client;
use lab_wire::tls::{ClientTls, ServerVerify};
use lab_world::{Clock, Net};

use crate::logical::{Fetch, Fetched};

/// How long a document may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Fetches over the host's network.
pub(crate) struct Fetcher {
    net: Net,
    clock: Clock,
}

impl Fetcher {
    /// A fetcher on a host's network.
    pub(crate) fn new(net: Net, clock: Clock) -> Self {
        Self { net, clock }
    }

    /// Gets a document; what goes wrong is part of the answer.
    pub(crate) async fn fetch(&self, fetch: &Fetch) -> Fetched {
        let client = self.client(fetch);
        let answer = match http::Request::get(&fetch.url).body(Bytes::new()) {
            Err(error) => Err(error.to_string()),
            Ok(request) => match self.clock.timeout(LIMIT, client.send(request)).await {
                None => Err("context deadline exceeded".to_owned()),
                Some(Err(error)) => Err(error.to_string()),
                Some(Ok(response)) => Ok((response.status().as_u16(), response.into_body())),
            },
        };
        Fetched { url: fetch.url.clone(), answer }
    }

    /// A client that trusts the authorities that the document's owner was given, and shows no certificate.
    fn client(&self, fetch: &Fetch) -> Client {
        let client = Client::new(&self.net, &self.clock);
        let host =
            fetch.url.split_once("://").and_then(|(_, rest)| rest.split(['/', ':']).next()).unwrap_or("");
        let roots = Certificate::authorities_from_pem(&fetch.ca_pem).into();
        client.tls(ClientTls {
            roots,
            verify: ServerVerify::Name(host.to_owned()),
            ..ClientTls::new(&self.clock)
        })
    }
}
