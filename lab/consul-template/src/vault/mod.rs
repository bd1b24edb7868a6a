//! Talks to Vault as Go's `api` client does.

mod client;
mod renewal;
mod secret;

pub(crate) use self::client::Client;
pub(crate) use self::renewal::{Credential, renew};
pub(crate) use self::secret::Secret;
