//! Digests that tell whether an object has changed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

/// The digest of an object's parts in base64.
pub(in crate::server::endpoints) fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let joined = parts.into_iter().collect::<Vec<_>>().join("\0");
    STANDARD.encode(digest(&SHA256, joined.as_bytes()))
}
