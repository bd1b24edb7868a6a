//! Signed identities of workloads and nodes, and the keys behind them. Knows neither the state nor the clock.

mod claims;
mod jwk;
mod key;
mod token;

pub(crate) use self::claims::{WorkloadParts, introduction_claims, node_claims, stamp, workload_claims};
pub(crate) use self::jwk::{jwk, jwks_entry};
pub(crate) use self::key::{SIGNING, new_key, open, seal, source};
pub(crate) use self::token::{Unverified, VerifyError, sign};
