//! Looks for Vault, and lets the servers know what it finds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lab_consul_template::Vault;

use super::{Client, LOGGER, heartbeat};

/// How often Vault is looked for, and how long it may take to answer.
const PERIOD: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks again and again.
pub(super) async fn run(client: Arc<Client>) {
    if !client.parts.settings.vault.enabled {
        return;
    }
    loop {
        client.parts.host.clock.sleep(PERIOD).await;
        if look(&client).await && client.beat().registered {
            client.parts.host.log.debug(LOGGER, "state changed, updating node and re-registering");
            // The next heartbeat notices where this fails.
            let _ = heartbeat::register(&client).await;
        }
    }
}

/// Looks once; whether there is news.
pub(super) async fn look(client: &Client) -> bool {
    let settings = &client.parts.settings.vault;
    if !settings.enabled {
        return false;
    }
    let host = &client.parts.host;
    let status = match Vault::new(host, &settings.access) {
        Ok(vault) => host.clock.timeout(PATIENCE, async move { vault.seal_status().await }).await,
        Err(error) => Some(Err(error)),
    };
    let mut found = BTreeMap::new();
    if let Some(Ok(status)) = status
        && status["sealed"] == false
    {
        found.insert("vault.accessible".to_owned(), "true".to_owned());
        for name in ["version", "cluster_id", "cluster_name"] {
            let value = status[name].as_str().unwrap_or_default().trim_start_matches("Vault v");
            found.insert(format!("vault.{name}"), value.to_owned());
        }
    }
    let mut known = client.vault_facts.lock().expect("no panic while looking");
    // What was there once stays: the real program only ever adds.
    let is_news = !found.is_empty() && *known != found;
    if is_news {
        *known = found;
    }
    is_news
}
