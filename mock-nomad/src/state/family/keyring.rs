//! The keys that variables are encrypted and identities are signed with.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::state::{Tables, Topic};
use crate::structs::KeyMaterial;

/// The keys by id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Keyring {
    pub(crate) keys: BTreeMap<String, KeyMaterial>,
}

impl Keyring {
    /// The key that new things are made with.
    pub(crate) fn active(&self) -> Option<&KeyMaterial> {
        self.keys.values().find(|key| key.meta.state == "active")
    }
}

/// What changes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum KeyringCommand {
    /// A new key. One that is active takes the place of the one that was; with `rekey` that one waits until nothing
    /// needs it any more.
    Upsert {
        key: Box<KeyMaterial>,
        rekey: bool,
    },
    /// A key that was published in advance becomes the active one.
    Activate(String),
    Delete(String),
}

impl Tables {
    pub(in crate::state) fn apply_keyring(&mut self, command: KeyringCommand) -> Result<(), String> {
        let index = self.index;
        let keys = &mut Arc::make_mut(&mut self.keyring).keys;
        match command {
            KeyringCommand::Upsert { key, rekey } => {
                let mut key = *key;
                key.meta.create_index = keys.get(&key.meta.id).map_or(index, |known| known.meta.create_index);
                key.meta.modify_index = index;
                if key.meta.state == "active" {
                    retire(keys, if rekey { "rekeying" } else { "inactive" }, index);
                }
                keys.insert(key.meta.id.clone(), key);
            }
            KeyringCommand::Activate(id) => {
                retire(keys, "inactive", index);
                if let Some(key) = keys.get_mut(&id) {
                    key.meta.state = "active".to_owned();
                    key.meta.modify_index = index;
                }
            }
            KeyringCommand::Delete(id) => drop(keys.remove(&id)),
        }
        self.touch(Topic::Keyring);
        Ok(())
    }
}

fn retire(keys: &mut BTreeMap<String, KeyMaterial>, state: &str, index: u64) {
    for key in keys.values_mut().filter(|key| key.meta.state == "active") {
        key.meta.state = state.to_owned();
        key.meta.modify_index = index;
    }
}
