//! Questions on an HTTP port.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use lab_wire::http::Client;

use super::connect::Caller;
use super::kind::{Transport, Verdict};

/// How long an answer may take: an agent that reaches no server tries for five seconds before it says so.
const LIMIT: Duration = Duration::from_secs(8);

/// Asks an agent who leads.
pub(super) async fn ask(caller: &Caller<'_>, address: SocketAddr, transport: Transport) -> Verdict {
    let client = Client::new(caller.net, caller.clock).timeout(LIMIT);
    let (scheme, client) = match transport {
        Transport::Plaintext => ("http", client),
        Transport::Tls => ("https", client.tls(caller.tls())),
    };
    let request = http::Request::get(format!("{scheme}://{address}/v1/status/leader")).body(Bytes::new());
    let request = match request {
        Ok(request) => request,
        Err(error) => return Verdict::refused(error.to_string()),
    };
    match Box::pin(client.send(request)).await {
        Err(error) => Verdict::refused(error.to_string()),
        Ok(response) => {
            let body = String::from_utf8_lossy(response.body()).trim_end().to_owned();
            let text = format!("{} {body}", response.status().as_u16());
            // An HTTPS port says in plain HTTP that it does not speak it.
            if body == "Client sent an HTTP request to an HTTPS server." {
                Verdict::refused(text)
            } else {
                Verdict::accepted(text)
            }
        }
    }
}
