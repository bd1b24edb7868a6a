//! Keys get old: the next one is published in advance, takes over, and the old one goes when nothing needs it.

use crate::hclog::pair;
use crate::seam::RpcError;
use crate::server::Server;
use crate::state::{Command, KeyringCommand, Tables, VariableCommand};
use crate::structs::{EncryptedVariable, KeyMaterial};

/// Looks after the keys for as long as this server leads.
pub(in crate::server) async fn tend(server: &Server) {
    loop {
        if let Err(error) = server.look_at_keys().await {
            let text = format!("could not maintain keyring: {}", pair("error", &error));
            server.parts.host.log.error("nomad.core", text);
        }
        server.parts.host.clock.sleep(server.parts.settings.keyring.gc_interval).await;
    }
}

impl Server {
    /// Does what is due with the keys.
    pub(in crate::server) async fn look_at_keys(&self) -> Result<(), RpcError> {
        self.finish_rekeying().await?;
        self.rotate_when_due().await?;
        self.forget_old_keys().await
    }

    async fn rotate_when_due(&self) -> Result<(), RpcError> {
        let now = self.now_nanos();
        let threshold = nanos(self.parts.settings.keyring.rotation_threshold);
        let (active, next) = self.store.read(|tables| {
            let next = tables.keyring.keys.values().find(|key| key.meta.state == "prepublished");
            (tables.keyring.active().cloned(), next.cloned())
        });
        if let Some(next) = next {
            if next.meta.publish_time <= now {
                self.apply(Command::Keyring(KeyringCommand::Activate(next.meta.id))).await?;
            }
            return Ok(());
        }
        let Some(active) = active else { return Ok(()) };
        let age = now - active.meta.create_time.max(active.meta.publish_time);
        if age >= threshold {
            self.make_key("active", 0, false).await?;
        } else if age >= threshold / 2 {
            let publish = active.meta.create_time.max(active.meta.publish_time) + threshold;
            self.make_key("prepublished", publish, false).await?;
        }
        Ok(())
    }

    /// Encrypts anew what a key encrypted that is to go.
    pub(in crate::server) async fn finish_rekeying(&self) -> Result<(), RpcError> {
        let old: Vec<KeyMaterial> = self.store.read(|tables| {
            tables.keyring.keys.values().filter(|key| key.meta.state == "rekeying").cloned().collect()
        });
        for key in old {
            let variables: Vec<EncryptedVariable> = self.store.read(|tables| {
                let all = tables.variables.table.values();
                all.filter(|variable| variable.key_id == key.meta.id).cloned().collect()
            });
            for variable in variables {
                let items = self.open_items(&variable)?;
                let variable = self.seal_items(variable.meta, &items)?;
                self.apply(Command::Variables(VariableCommand::Rekey(Box::new(variable)))).await?;
            }
            let mut key = key;
            key.meta.state = "inactive".to_owned();
            let command = KeyringCommand::Upsert { key: Box::new(key), rekey: false };
            self.apply(Command::Keyring(command)).await?;
        }
        Ok(())
    }

    async fn forget_old_keys(&self) -> Result<(), RpcError> {
        let settings = &self.parts.settings.keyring;
        let oldest = self.now_nanos() - nanos(settings.rotation_threshold) - nanos(settings.gc_threshold);
        let idle: Vec<String> = self.store.read(|tables| {
            let keys = tables.keyring.keys.values();
            let old = keys.filter(|key| key.meta.state == "inactive" && key.meta.create_time < oldest);
            old.filter(|key| !is_key_used(tables, &key.meta.id)).map(|key| key.meta.id.clone()).collect()
        });
        for id in idle {
            self.apply(Command::Keyring(KeyringCommand::Delete(id))).await?;
        }
        Ok(())
    }
}

/// Whether an allocation, a variable or a node's identity needs a key.
pub(in crate::server) fn is_key_used(tables: &Tables, id: &str) -> bool {
    tables.allocations.values().any(|allocation| !allocation.is_terminal() && allocation.signing_key_id == id)
        || tables.variables.table.values().any(|variable| variable.key_id == id)
        || tables.nodes.values().any(|node| node.identity_signing_key_id == id)
}

fn nanos(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX / 4)
}
