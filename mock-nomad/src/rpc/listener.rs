//! The RPC port: accepts connections, and is opened again by a reload while old connections live on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lab_world::{Host, Listener, Tasks};
use tokio::sync::{oneshot, watch};

use super::LiveSettings;
use super::connection::Connection;
use super::limit::ConnectionLimit;
use super::tunnel::NodeSessions;
use crate::hclog;
use crate::listen::listen;
use crate::seam::RpcService;
use crate::telemetry::Telemetry;

/// What becomes of accepted connections.
#[derive(Clone)]
pub(crate) struct Incoming {
    pub(crate) host: Host,
    pub(crate) tasks: Tasks,
    pub(crate) settings: LiveSettings,
    pub(crate) service: Arc<dyn RpcService>,
    /// Takes connections for consensus.
    pub(crate) raft: Arc<dyn Fn(lab_wire::BoxIo) + Send + Sync>,
    /// Takes streaming calls.
    pub(crate) streaming: Arc<dyn Fn(lab_wire::BoxIo) + Send + Sync>,
    /// Where nodes are reached that registered themselves here.
    pub(crate) nodes: NodeSessions,
    pub(crate) limit: ConnectionLimit,
    pub(crate) telemetry: Arc<Telemetry>,
}

/// An open port.
pub(crate) struct Listening {
    address: SocketAddr,
    /// Told to the handlers of connections: whether the listener they came in on is still the current one.
    current: watch::Sender<bool>,
    stop: Option<oneshot::Sender<()>>,
    stopped: oneshot::Receiver<()>,
}

impl Listening {
    /// Opens the port.
    pub(crate) async fn open(incoming: &Incoming, address: SocketAddr) -> std::io::Result<Self> {
        let listener = listen(&incoming.host, address).await?;
        let address = listener.address();
        let current = watch::Sender::new(true);
        let (stop, stopping) = oneshot::channel();
        let (done, stopped) = oneshot::channel();
        let (incoming, is_current) = (incoming.clone(), current.subscribe());
        incoming.tasks.clone().spawn(accept(incoming, listener, is_current, stopping, done));
        Ok(Self { address, current, stop: Some(stop), stopped })
    }

    /// The address that is listened on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells the handlers of connections that came in here that they are of yesterday: each serves what it has begun
    /// and one request more.
    pub(crate) fn supersede(&self) {
        self.current.send_replace(false);
    }

    /// Closes the port: new connections are refused until it is opened again.
    pub(crate) async fn close(mut self) {
        self.supersede();
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = (&mut self.stopped).await;
    }
}

async fn accept(
    incoming: Incoming,
    mut listener: Listener,
    is_current: watch::Receiver<bool>,
    mut stopping: oneshot::Receiver<()>,
    done: oneshot::Sender<()>,
) {
    let (log, address) = (incoming.host.log.clone(), listener.address());
    loop {
        let accepted = tokio::select! {
            biased;
            _ = &mut stopping => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(stream) => {
                let remote = stream.peer();
                incoming.telemetry.count("nomad.rpc.accept_conn");
                let Some(counted) = incoming.limit.count(remote.ip()) else {
                    let (remote, limit) = (hclog::pair("remote_addr", remote), incoming.limit.most());
                    let message = format!(
                        "rejecting client for exceeding maximum RPC connections: {remote} limit={limit}"
                    );
                    log.error("nomad.rpc", message);
                    continue;
                };
                let connection = Connection::new(incoming.clone(), is_current.clone(), remote);
                incoming.tasks.spawn(async move {
                    let _counted = counted;
                    connection.serve(stream).await;
                });
            }
            Err(error) => {
                log.error(
                    "nomad.rpc",
                    format!("failed to accept RPC conn: {} delay=5ms", hclog::pair("error", error)),
                );
                incoming.host.clock.sleep(Duration::from_millis(5)).await;
            }
        }
    }
    drop(listener);
    let problem = format!("accept tcp {address}: use of closed network connection");
    log.error("nomad.rpc", format!("failed to accept RPC conn: {} delay=5ms", hclog::pair("error", problem)));
    log.info("nomad.rpc", "closing server RPC connection");
    let _ = done.send(());
}
