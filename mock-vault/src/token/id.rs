//! How tokens look.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lab_world::Entropy;
use ring::hmac;

/// The length of a service token's random part, and of an accessor.
const RANDOM: usize = 24;

/// `hvs.` and random letters: what is inside every service token, and all of a root token.
pub(crate) fn inner(entropy: &Entropy) -> String {
    format!("hvs.{}", entropy.alphanumeric(RANDOM))
}

/// A new accessor, lease suffix or the like.
pub(crate) fn random(entropy: &Entropy) -> String {
    entropy.alphanumeric(RANDOM)
}

/// The long form of a service token: `hvs.` and a protobuf message of version, HMAC and the inner form.
pub(crate) fn signed(key: &hmac::Key, inner: &str) -> String {
    let token = field(1, inner.as_bytes());
    let tag = hmac::sign(key, &token);
    let message = [vec![0x08, 0x01], field(2, tag.as_ref()), field(3, &token)].concat();
    format!("hvs.{}", URL_SAFE_NO_PAD.encode(message))
}

/// The inner form of whatever a client sends; `None` where it is a long form with a wrong HMAC.
pub(crate) fn unsigned(key: &hmac::Key, token: &str) -> Option<String> {
    match message(token) {
        Some((tag, inner)) => hmac::verify(key, &inner, &tag)
            .ok()
            .and_then(|()| take(&inner, 1))
            .map(|(text, _)| String::from_utf8_lossy(text).into_owned()),
        None => Some(token.to_owned()),
    }
}

/// The HMAC and the signed part of a long form, where it is one.
fn message(token: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("hvs.")?).ok()?;
    let rest = bytes.strip_prefix(&[0x08, 0x01])?;
    let (tag, rest) = take(rest, 2)?;
    let (inner, _) = take(rest, 3)?;
    Some((tag.to_vec(), inner.to_vec()))
}

/// A length-delimited protobuf field; the contents here are always shorter than 128 bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, content.len() as u8], content].concat()
}

fn take(bytes: &[u8], number: u8) -> Option<(&[u8], &[u8])> {
    let [tag, length, rest @ ..] = bytes else { return None };
    let length = usize::from(*length);
    (*tag == number << 3 | 2 && rest.len() >= length).then(|| rest.split_at(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_form_has_95_characters_and_comes_apart_again() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        let inner = inner(&Entropy::seeded(1));
        let long = signed(&key, &inner);
        assert_eq!((inner.len(), long.len()), (28, 95));
        assert!(long.starts_with("hvs.CAES"), "{long}");
        assert_eq!(unsigned(&key, &long).as_deref(), Some(inner.as_str()));
        assert_eq!(unsigned(&key, &inner).as_deref(), Some(inner.as_str()));
        let other = hmac::Key::new(hmac::HMAC_SHA256, b"other");
        assert_eq!(unsigned(&other, &long), None);
        assert_eq!(unsigned(&key, "hvs.CAES").as_deref(), Some("hvs.CAES"));
    }
}
