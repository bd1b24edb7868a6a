//! The metadata of the node: what the configuration says, and above it what was changed while the client runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lab_world::DiskError;
use tokio::sync::Notify;

use super::{Client, LOGGER, heartbeat};
use crate::hclog::pair;
use crate::seam::ClientParts;

/// How long changes are gathered before the servers hear of them, at least.
const GATHER: Duration = Duration::from_secs(5);

/// What every node says of itself unless its configuration says otherwise.
const DEFAULTS: [(&str, &str); 6] = [
    ("connect.gateway_image", "docker.io/envoyproxy/envoy:v${NOMAD_envoy_version}"),
    ("connect.log_level", "info"),
    ("connect.proxy_concurrency", "1"),
    ("connect.sidecar_image", "docker.io/envoyproxy/envoy:v${NOMAD_envoy_version}"),
    ("connect.transparent_proxy.default_outbound_port", "15001"),
    ("connect.transparent_proxy.default_uid", "101"),
];

/// Texts by key; without one a key of the configuration is hidden.
pub(crate) type Changes = BTreeMap<String, Option<String>>;

/// A node's metadata.
pub(super) struct Metadata {
    from_configuration: BTreeMap<String, String>,
    changes: Mutex<Changes>,
    news: Notify,
}

/// The three views of a node's metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MetadataView {
    /// What holds.
    pub(crate) all: BTreeMap<String, String>,
    /// What was changed while the client runs.
    pub(crate) dynamic: Changes,
    /// What the configuration says.
    pub(crate) from_configuration: BTreeMap<String, String>,
}

impl Metadata {
    /// What the configuration says, and what an earlier client with the same data directory was told.
    pub(super) fn load(parts: &ClientParts) -> Self {
        let defaults = DEFAULTS.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let from_configuration = defaults.into_iter().chain(parts.settings.meta.clone()).collect();
        Self { from_configuration, changes: Mutex::new(restore(parts)), news: Notify::new() }
    }
}

impl Client {
    /// The node's metadata as it is now.
    pub(crate) fn metadata(&self) -> MetadataView {
        let from_configuration = self.metadata.from_configuration.clone();
        let dynamic = self.metadata.changes.lock().expect("no panic while changing").clone();
        let mut all = from_configuration.clone();
        for (key, value) in &dynamic {
            match value {
                Some(value) => drop(all.insert(key.clone(), value.clone())),
                None => drop(all.remove(key)),
            }
        }
        MetadataView { all, dynamic, from_configuration }
    }

    /// Changes the node's metadata; a key without a value is hidden or forgotten. The servers hear of it a little later.
    ///
    /// Errors: what is to be kept over a restart cannot be written; nothing is changed then.
    pub(crate) fn change_metadata(&self, changes: Changes) -> Result<MetadataView, DiskError> {
        {
            let mut known = self.metadata.changes.lock().expect("no panic while changing");
            let mut new = known.clone();
            for (key, value) in changes {
                if value.is_some() || self.metadata.from_configuration.contains_key(&key) {
                    new.insert(key, value);
                } else {
                    new.remove(&key);
                }
            }
            if let Some(path) = path(&self.parts) {
                // Plain values, into memory.
                let bytes = rmp_serde::to_vec_named(&new).expect("metadata are plain values");
                self.parts.host.disk.write_atomic(path, bytes, 0o600)?;
            }
            *known = new;
        }
        self.metadata.news.notify_one();
        Ok(self.metadata())
    }
}

/// Registers the node anew when its metadata has changed.
pub(super) async fn run(client: Arc<Client>) {
    loop {
        client.metadata.news.notified().await;
        client.parts.host.clock.sleep(client.retry_interval(GATHER)).await;
        if client.beat().registered {
            client.parts.host.log.debug(LOGGER, "state changed, updating node and re-registering");
            // The next heartbeat notices where this fails.
            let _ = heartbeat::register(&client).await;
        }
    }
}

fn restore(parts: &ClientParts) -> Changes {
    let Some(path) = path(parts) else { return Changes::new() };
    let read = match parts.host.disk.read(path) {
        Err(DiskError::NotFound(_)) => return Changes::new(),
        Ok(bytes) => rmp_serde::from_slice(&bytes).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    read.unwrap_or_else(|error| {
        let text = format!("error restoring node metadata: {}", pair("error", error));
        parts.host.log.error(LOGGER, text);
        Changes::new()
    })
}

fn path(parts: &ClientParts) -> Option<PathBuf> {
    parts.settings.data_dir.as_ref().map(|directory| directory.join("client").join("node_meta"))
}
