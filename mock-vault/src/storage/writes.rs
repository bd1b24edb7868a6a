//! What is on its way to the storage.

/// How much of the state the storage is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What changed since the last time.
    Changes,
    /// All of it.
    Everything,
    /// Nothing yet; what changed is only counted.
    Count,
}

/// A change: the new bytes of an entry, or `None` where it goes. A key that ends in a slash means everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) key: String,
    pub(crate) value: Option<Vec<u8>>,
}

/// Collects changes.
#[derive(Debug)]
pub(crate) struct Writes {
    pub(crate) scope: Scope,
    /// How many entries changed that were only counted.
    pub(crate) counted: u64,
    pub(crate) list: Vec<Write>,
}

impl Writes {
    /// Nothing yet.
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope, counted: 0, list: Vec::new() }
    }

    /// Adds a change.
    pub(crate) fn push(&mut self, key: String, value: Option<Vec<u8>>) {
        self.list.push(Write { key, value });
    }
}
