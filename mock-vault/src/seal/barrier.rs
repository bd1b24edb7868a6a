//! Encryption of everything that is stored.

use std::collections::BTreeMap;

use lab_world::Entropy;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

/// The keys of the barrier by term; new entries are encrypted with the newest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Keyring {
    keys: BTreeMap<u32, [u8; 32]>,
    /// When the newest key was made: RFC 3339 with nanoseconds.
    pub(crate) install_time: String,
    /// How much was encrypted with the newest key.
    pub(crate) encryptions: u64,
}

impl Keyring {
    /// A keyring with one new key.
    pub(crate) fn new(entropy: &Entropy, install_time: String) -> Self {
        Self { keys: BTreeMap::from([(1, entropy.bytes())]), install_time, encryptions: 0 }
    }

    /// Adds a key of the next term.
    pub(crate) fn rotate(&mut self, entropy: &Entropy, install_time: String) {
        self.keys.insert(self.term() + 1, entropy.bytes());
        self.install_time = install_time;
        self.encryptions = 0;
    }

    /// The newest key's term.
    pub(crate) fn term(&self) -> u32 {
        self.keys.keys().next_back().copied().unwrap_or(0)
    }
}

/// Encrypts and decrypts entries: term, nonce, ciphertext, bound to the entry's key.
pub(crate) struct Barrier {
    pub(crate) keyring: Keyring,
    ciphers: BTreeMap<u32, LessSafeKey>,
}

impl Barrier {
    /// The barrier with these keys.
    pub(crate) fn new(keyring: Keyring) -> Self {
        let ciphers = keyring.keys.iter().map(|(term, key)| (*term, cipher(key))).collect();
        Self { keyring, ciphers }
    }

    /// Encrypts an entry.
    pub(crate) fn seal(&mut self, entropy: &Entropy, key: &str, plaintext: &[u8]) -> Vec<u8> {
        let term = self.keyring.term();
        self.keyring.encryptions += 1;
        let mut sealed = term.to_be_bytes().to_vec();
        sealed.extend(encrypt(&self.ciphers[&term], entropy, key.as_bytes(), plaintext));
        sealed
    }

    /// Decrypts an entry; `None` where it is damaged, moved, or of another barrier.
    pub(crate) fn open(&self, key: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (term, rest) = sealed.split_first_chunk::<4>()?;
        decrypt(self.ciphers.get(&u32::from_be_bytes(*term))?, key.as_bytes(), rest)
    }
}

/// Encrypts under a key of its own.
pub(crate) fn seal_with(key: &[u8; 32], entropy: &Entropy, plaintext: &[u8]) -> Vec<u8> {
    encrypt(&cipher(key), entropy, &[], plaintext)
}

/// Undoes [`seal_with`]; `None` where the key is another.
pub(crate) fn open_with(key: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    decrypt(&cipher(key), &[], sealed)
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    // AES-256 takes exactly 32 bytes.
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes"))
}

fn encrypt(cipher: &LessSafeKey, entropy: &Entropy, bound: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = entropy.bytes();
    let mut body = plaintext.to_vec();
    // GCM refuses only texts of 64 GiB and more.
    cipher
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut body)
        .expect("an entry is shorter than 64 GiB");
    [&nonce[..], &body].concat()
}

fn decrypt(cipher: &LessSafeKey, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut body = body.to_vec();
    let plaintext =
        cipher.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(bound), &mut body).ok()?;
    Some(plaintext.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_terms_stay_readable_and_entries_cannot_be_moved() {
        let entropy = Entropy::seeded(1);
        let mut barrier = Barrier::new(Keyring::new(&entropy, String::new()));
        let old = barrier.seal(&entropy, "a", b"secret");
        let mut keyring = barrier.keyring.clone();
        keyring.rotate(&entropy, String::new());
        let mut barrier = Barrier::new(keyring);
        let new = barrier.seal(&entropy, "a", b"secret");
        assert_eq!(barrier.open("a", &old).as_deref(), Some(&b"secret"[..]));
        assert_eq!(barrier.open("a", &new).as_deref(), Some(&b"secret"[..]));
        assert_eq!(barrier.open("b", &new), None);
        assert_eq!(barrier.open("a", &new[..10]), None);
        assert!(!new.windows(6).any(|window| window == b"secret"));
    }
}
