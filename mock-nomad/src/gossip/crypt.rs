//! AES-GCM as memberlist uses it: a version byte, a nonce, the ciphertext and its tag; the frame's head is bound to it.

use aws_lc_rs::aead::{
    AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};

/// Why nothing is decrypted.
pub(super) const NO_KEY_FITS: &str = "no installed keys could decrypt the message";

/// How many bytes a text grows by: the version, the nonce and the tag.
pub(super) const GROWTH: usize = 1 + NONCE_LEN + 16;

/// The version without padding.
const VERSION: u8 = 1;

/// Refuses keys that are not 16, 24 or 32 bytes long.
pub(super) fn check_key(key: &[u8]) -> Result<(), String> {
    open_key(key).map(drop).ok_or_else(|| "key size must be 16, 24 or 32 bytes".to_owned())
}

/// `text` encrypted with `key`; `head` is bound to it. `None` for a bad key.
pub(super) fn encrypt(key: &[u8], head: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let key = open_key(key)?;
    // The nonce shows in no event; a real key deserves a real one.
    let nonce: [u8; NONCE_LEN] = lab_world::random_bytes();
    let mut sealed = text.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(head), &mut sealed).ok()?;
    let mut out = vec![VERSION];
    out.extend_from_slice(&nonce);
    out.append(&mut sealed);
    Some(out)
}

/// What `encrypt` encrypted with one of `keys`; `None` where it was none of them.
pub(super) fn decrypt(keys: &[Vec<u8>], head: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (version, rest) = sealed.split_first()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
    if *version != VERSION {
        return None;
    }
    keys.iter().find_map(|key| {
        let key = open_key(key)?;
        let mut text = ciphertext.to_vec();
        let length =
            key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(head), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    })
}

fn open_key(key: &[u8]) -> Option<LessSafeKey> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        32 => &AES_256_GCM,
        _ => return None,
    };
    UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_head_decrypt() {
        for size in [16, 24, 32] {
            let key = vec![7; size];
            let sealed = encrypt(&key, b"head", b"text").expect("a good key");
            assert_eq!(
                decrypt(&[vec![8; size], key.clone()], b"head", &sealed).as_deref(),
                Some(&b"text"[..])
            );
            assert_eq!(decrypt(&[vec![8; size]], b"head", &sealed), None);
            assert_eq!(decrypt(std::slice::from_ref(&key), b"other", &sealed), None);
            assert_eq!(decrypt(&[key], b"head", &sealed[..10]), None);
        }
        assert!(check_key(&[0; 15]).is_err());
    }
}
