//! Tokens that were asked for a moment ago.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::token::entry::TokenEntry;

/// How many are remembered.
const MOST: usize = 1024;

/// The store's name for a token, and what is known of it.
pub(crate) type Found = (String, Arc<TokenEntry>);

/// What was found for the texts that clients sent: the same few come with every request, and finding one takes an HMAC and
/// a copy of everything that is known of it.
#[derive(Default)]
pub(super) struct Known(BTreeMap<String, Found>);

impl Known {
    pub(super) fn get(&self, token: &str) -> Option<Found> {
        self.0.get(token).cloned()
    }

    pub(super) fn remember(&mut self, token: &str, found: &Found) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(token.to_owned(), found.clone());
    }

    /// Has to be called whenever a token changes or goes.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
