//! Tokens that others have signed, and the documents that say with which keys: as HashiCorp's `cap` reads both, which
//! Vault and Nomad log people in with.

mod documents;
mod expected;
mod fetch;
mod full;
mod header;
mod key;
mod times;
mod token;

pub use self::documents::{Discovery, Fault, discovery_url, read_discovery, read_keys};
pub use self::expected::Expected;
pub use self::fetch::{Document, Fetch, Fetched, Fetcher};
pub use self::key::Key;
pub use self::token::{ALGORITHMS, Malformed, Token, check_algorithm};

/// What a token says.
pub type Claims = serde_json::Map<String, serde_json::Value>;
