//! Where tokens are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lab_world::Entropy;
use ring::hmac;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::storage::{Record, Table, Writes};
use crate::token::entry::TokenEntry;
use crate::token::known::{Found, Known};
use crate::token::roles::TokenRole;
use crate::token::{batch, id};

const HEX: &[u8; 16] = b"0123456789abcdef";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Secrets {
    salt: [u8; 32],
    signing: [u8; 32],
    batch: [u8; 32],
}

/// The tokens by a keyed hash of their text, so that no listing of storage keys gives one away.
#[derive(Default)]
pub(crate) struct TokenStore {
    secrets: Record<Secrets>,
    keys: Option<(hmac::Key, hmac::Key)>,
    entries: Table<TokenEntry>,
    known: Known,
    accessors: BTreeMap<String, String>,
    children: BTreeMap<String, BTreeSet<String>>,
    pub(crate) roles: Table<TokenRole>,
}

impl TokenStore {
    /// The keys of a new server.
    pub(crate) fn install(&mut self, entropy: &Entropy) {
        self.secrets.set(Secrets { salt: entropy.bytes(), signing: entropy.bytes(), batch: entropy.bytes() });
        self.prepare();
    }

    /// The store's name for a token, given in its inner form.
    pub(crate) fn name_of(&self, inner: &str) -> String {
        let Some((salt, _)) = &self.keys else { return String::new() };
        let tag = hmac::sign(salt, inner.as_bytes());
        let mut name = String::with_capacity(1 + 2 * tag.as_ref().len());
        name.push('h');
        for byte in tag.as_ref() {
            name.extend([byte >> 4, byte & 0xf].map(|digit| char::from(HEX[usize::from(digit)])));
        }
        name
    }

    /// The token that a client sent, with the store's name for it.
    pub(crate) fn find(&mut self, token: &str, now: OffsetDateTime) -> Option<Found> {
        if let Some(found) = self.known.get(token) {
            return Some(found);
        }
        if token.starts_with("hvb.") {
            let entry = batch::open(&self.secrets.get().batch, token)?;
            let alive = now < entry.created + entry.ttl
                && (entry.parent.is_empty() || self.entries.contains(&entry.parent));
            return alive.then(|| (self.name_of(token), Arc::new(entry)));
        }
        let (_, signing) = self.keys.as_ref()?;
        let name = self.name_of(&id::unsigned(signing, token)?);
        let entry = Arc::new(self.entries.get(&name)?.clone());
        let found = (name, entry);
        self.known.remember(token, &found);
        Some(found)
    }

    /// The token of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&TokenEntry> {
        self.entries.get(name)
    }

    /// The name of the token with that accessor.
    pub(crate) fn by_accessor(&self, accessor: &str) -> Option<&String> {
        self.accessors.get(accessor)
    }

    /// Every accessor, in order.
    pub(crate) fn accessors(&self) -> impl Iterator<Item = &String> {
        self.accessors.keys()
    }

    /// The names of a token's children.
    pub(crate) fn children(&self, name: &str) -> Vec<String> {
        self.children.get(name).into_iter().flatten().cloned().collect()
    }

    /// Keeps a service token, making its text where it has none: the long form, or the short one for root tokens.
    /// Gives the store's name for it.
    pub(crate) fn add(&mut self, mut entry: TokenEntry, entropy: &Entropy) -> String {
        let inner = if entry.id.is_empty() { id::inner(entropy) } else { entry.id.clone() };
        if entry.id.is_empty() {
            entry.id = match &self.keys {
                Some((_, signing)) if !entry.is_root() => id::signed(signing, &inner),
                _ => inner.clone(),
            };
        }
        if entry.accessor.is_empty() {
            entry.accessor = id::random(entropy);
        }
        let name = self.name_of(&inner);
        self.known.forget();
        self.index(&name, &entry);
        self.entries.insert(name.clone(), entry);
        name
    }

    /// The text of a batch token.
    pub(crate) fn encode_batch(&self, entry: &TokenEntry, entropy: &Entropy) -> String {
        batch::encode(&self.secrets.get().batch, entropy, entry)
    }

    /// Changes a token.
    pub(crate) fn change(&mut self, name: &str, change: impl FnOnce(&mut TokenEntry)) {
        self.known.forget();
        if let Some(entry) = self.entries.get_mut(name) {
            change(entry);
        }
    }

    /// Removes a token. Its children are left, and are orphans.
    pub(crate) fn remove(&mut self, name: &str) -> Option<TokenEntry> {
        self.known.forget();
        for child in self.children.remove(name).into_iter().flatten() {
            self.change(&child, |child| child.parent.clear());
        }
        let entry = self.entries.remove(name)?;
        self.accessors.remove(&entry.accessor);
        if let Some(siblings) = self.children.get_mut(&entry.parent) {
            siblings.remove(name);
        }
        Some(entry)
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        self.secrets.flush("sys/token/secrets", writes);
        self.entries.flush("sys/token/id/", writes);
        self.roles.flush("sys/token/roles/", writes);
    }

    pub(crate) fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        if key == "secrets" {
            self.secrets.load(bytes)?;
            self.prepare();
        } else if let Some(name) = key.strip_prefix("roles/") {
            self.roles.load(name, bytes)?;
        } else if let Some(name) = key.strip_prefix("id/") {
            self.entries.load(name, bytes)?;
            if let Some(entry) = self.entries.get(name).cloned() {
                self.index(name, &entry);
            }
        }
        Ok(())
    }

    fn prepare(&mut self) {
        let secrets = self.secrets.get();
        let key = |bytes: &[u8; 32]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        self.keys = Some((key(&secrets.salt), key(&secrets.signing)));
    }

    fn index(&mut self, name: &str, entry: &TokenEntry) {
        self.accessors.insert(entry.accessor.clone(), name.to_owned());
        if !entry.parent.is_empty() {
            self.children.entry(entry.parent.clone()).or_default().insert(name.to_owned());
        }
    }
}
