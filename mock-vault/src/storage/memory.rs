//! Storage in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// Entries in memory.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Memory {
    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.entries().get(key).cloned()
    }

    pub(super) fn put(&self, key: &str, value: &[u8]) {
        self.entries().insert(key.to_owned(), value.to_vec());
    }

    pub(super) fn remove(&self, key: &str) {
        self.entries().remove(key);
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.entries().keys().cloned().collect()
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().expect("no panic while holding the entries")
    }
}
