//! Keys: made, and used on variables.

use lab_pki::{KeyKind, KeyPair, KeySource};
use lab_world::Entropy;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::structs::{KeyMaterial, RootKey};

/// A new key with everything it needs. `at` is in nanoseconds since 1970.
pub(crate) fn new_key(
    entropy: &Entropy,
    rsa: &KeyPair,
    state: &str,
    publish_time: i64,
    at: i64,
) -> KeyMaterial {
    KeyMaterial {
        meta: RootKey {
            id: entropy.uuid(),
            algorithm: "aes256-gcm".to_owned(),
            create_time: at,
            state: state.to_owned(),
            publish_time,
            ..RootKey::default()
        },
        data_key: entropy.bytes::<32>().to_vec(),
        rsa_key: rsa.pkcs8_der(),
    }
}

/// Encrypts: the nonce, then what is sealed with it.
pub(crate) fn seal(key: &KeyMaterial, entropy: &Entropy, plain: &[u8]) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_LEN] = entropy.bytes();
    let mut sealed = plain.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated(key), &mut sealed)
        .ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

/// Decrypts what [`seal`] made.
pub(crate) fn open(key: &KeyMaterial, data: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = data.split_at_checked(NONCE_LEN)?;
    let mut plain = sealed.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    Some(cipher(key)?.open_in_place(nonce, associated(key), &mut plain).ok()?.to_vec())
}

/// The kind of key that tokens are signed with.
pub(crate) const SIGNING: KeyKind = KeyKind::Rsa2048;

/// Where signing keys come from: in a simulation from the pool, which costs nothing.
pub(crate) fn source(host: &lab_world::Host) -> KeySource {
    if host.net.is_simulated() { KeySource::simulated(&host.entropy) } else { KeySource::generated() }
}

fn cipher(key: &KeyMaterial) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, &key.data_key).ok().map(LessSafeKey::new)
}

fn associated(key: &KeyMaterial) -> Aad<Vec<u8>> {
    Aad::from(key.meta.id.as_bytes().to_vec())
}
