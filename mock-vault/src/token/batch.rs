//! Batch tokens: not stored, but carried by the client in encrypted form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lab_world::Entropy;

use crate::seal::{open_with, seal_with};
use crate::storage::decode;
use crate::token::entry::TokenEntry;

/// Term and version before the ciphertext.
const HEADER: [u8; 5] = [0, 0, 0, 1, 2];

/// The token's text.
pub(crate) fn encode(key: &[u8; 32], entropy: &Entropy, entry: &TokenEntry) -> String {
    // Entries have text keys and no way to fail.
    let plain = serde_json::to_vec(entry).expect("a token entry serializes");
    format!("hvb.{}", URL_SAFE_NO_PAD.encode([&HEADER[..], &seal_with(key, entropy, &plain)].concat()))
}

/// The entry in a token's text; `None` for one that this server did not make.
pub(crate) fn open(key: &[u8; 32], token: &str) -> Option<TokenEntry> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("hvb.")?).ok()?;
    let mut entry: TokenEntry = decode(&open_with(key, bytes.strip_prefix(&HEADER)?)?).ok()?;
    entry.id = token.to_owned();
    Some(entry)
}
