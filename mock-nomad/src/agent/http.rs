//! The agent's HTTP ports.

use lab_wire::http::Handler;
use lab_world::{Host, Tasks, parse_duration};

use crate::config::{AgentConfig, Settled};
use crate::http::{HttpServer, HttpSettings};
use crate::rpc::ConnectionLimit;
use crate::tls::{KeyLoader, TlsSettings, incoming_http};

/// Opens the HTTP ports with the agent's configuration as it is now. The error is what stands behind
/// `Error starting http server: `.
pub(super) async fn open(
    host: &Host,
    tasks: &Tasks,
    config: &AgentConfig,
    settled: &Settled,
    loader: &KeyLoader,
    handler: &Handler,
) -> Result<HttpServer, String> {
    let limits = &config.limits;
    let handshake_timeout = parse_duration(&limits.https_handshake_timeout)
        .map_err(|error| format!("error parsing https_handshake_timeout: {error}"))?;
    let most = limits.http_max_conns_per_client.unwrap_or_default();
    let most = usize::try_from(most)
        .map_err(|_| format!("http_max_conns_per_client must be >= 0 but found: {most}"))?;
    let one = |error: String| format!("1 error occurred:\n\t* {error}\n\n");
    let (disk, clock) = (&host.disk, &host.clock);
    let tls = incoming_http(TlsSettings { block: &config.tls, region: &config.region, disk, clock, loader })
        .map_err(one)?;
    let settings = HttpSettings {
        host: host.clone(),
        tasks: tasks.clone(),
        tls,
        handshake_timeout,
        limit: ConnectionLimit::new(most),
        handler: Handler::clone(handler),
    };
    let opened = HttpServer::open(&settings, &settled.http).await;
    opened.map_err(|error| one(format!("failed to start HTTP listener: {error}")))
}
