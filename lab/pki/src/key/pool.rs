//! The RSA keys that simulated runs draw from. They are in the source, so everybody has them.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::encoding::Private;
use super::{KeyKind, KeyPair};
use crate::pem;

/// `pool/rsa-2048.pem`; `cargo run --release -p lab-pki --example make_pool` writes such a file.
const TEXT: &str = include_str!("../pool/rsa-2048.pem");

/// How many keys there are.
pub(super) fn size() -> usize {
    starts().len()
}

/// The key at `index`, counted round and round.
pub(super) fn key(index: usize) -> Option<KeyPair> {
    let starts = starts();
    let start = *starts.get(index % starts.len().max(1))?;
    let end = starts.get(index % starts.len() + 1).copied().unwrap_or(TEXT.len());
    let block = pem::first(&TEXT[start..end])?;
    Some(KeyPair::new(KeyKind::Rsa2048, Private::from_der(&block.content).ok()?))
}

/// Whether a public key is of the pool.
pub(super) fn contains(public_key_der: &[u8]) -> bool {
    static KEYS: OnceLock<BTreeSet<Vec<u8>>> = OnceLock::new();
    let read = || (0..size()).filter_map(key).map(|key| key.public_key_der().to_vec()).collect();
    KEYS.get_or_init(read).contains(public_key_der)
}

/// Where each key starts. Only these are looked for at first: reading all keys would cost every run a millisecond.
fn starts() -> &'static [usize] {
    static STARTS: OnceLock<Vec<usize>> = OnceLock::new();
    STARTS.get_or_init(|| TEXT.match_indices("-----BEGIN ").map(|(at, _)| at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SignatureAlgorithm;

    #[test]
    fn every_key_is_whole_and_another() {
        assert!(size() >= 64);
        let mut seen = BTreeSet::new();
        for index in 0..size() {
            let key = key(index).expect("a key");
            assert!(seen.insert(key.public_key_der().to_vec()), "key {index} is there twice");
            assert!(key.is_public_knowledge());
        }
        let last = key(size() - 1).expect("a key");
        assert!(last.sign(SignatureAlgorithm::Sha256WithRsa, b"message").is_ok());
        assert_eq!(key(0), key(size()), "the pool goes round");
    }

    #[test]
    fn a_key_of_the_pool_is_known_after_a_walk_through_a_file() {
        let key = KeyPair::from_pem(&key(3).expect("a key").to_pem()).expect("a key");
        assert!(key.is_public_knowledge());
        let own = KeyPair::generate(KeyKind::EcP256).expect("a key");
        assert!(!own.is_public_knowledge());
    }
}
