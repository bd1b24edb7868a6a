//! What keeps the server's state locked: shares of the unseal key, and the barrier that encrypts what is stored.

mod barrier;
mod shamir;

pub(crate) use self::barrier::{Barrier, Keyring, open_with, seal_with};
pub(crate) use self::shamir::{CombineError, combine, split};

use serde::{Deserialize, Serialize};

/// How the unseal key is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealConfig {
    pub(crate) shares: u8,
    pub(crate) threshold: u8,
}

impl SealConfig {
    /// Checks what a client asked for. Errors: the real server's words behind `invalid seal configuration: `.
    pub(crate) fn checked(shares: i64, threshold: i64) -> Result<Self, &'static str> {
        if shares < 1 {
            return Err("shares must be at least one");
        }
        if threshold < 1 {
            return Err("threshold must be at least one");
        }
        if shares > 1 && threshold == 1 {
            return Err("threshold must be greater than one for multiple shares");
        }
        if shares > 255 {
            return Err("shares must be less than 256");
        }
        if threshold > 255 {
            return Err("threshold must be less than 256");
        }
        if threshold > shares {
            return Err("threshold cannot be larger than shares");
        }
        // Both were checked to be in 1..=255.
        Ok(Self { shares: shares as u8, threshold: threshold as u8 })
    }

    /// Splits a key into shares: itself where there is one.
    pub(crate) fn split(&self, key: &[u8; 32], random: impl FnMut(&mut [u8])) -> Vec<Vec<u8>> {
        if self.shares == 1 { vec![key.to_vec()] } else { split(key, self.shares, self.threshold, random) }
    }

    /// Puts shares together: itself where there is one.
    pub(crate) fn combine(&self, shares: &[Vec<u8>]) -> Result<Vec<u8>, CombineError> {
        match shares {
            [single] if self.threshold == 1 => Ok(single.clone()),
            shares => combine(shares),
        }
    }
}
