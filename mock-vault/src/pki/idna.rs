//! Names beyond ASCII as Go's `golang.org/x/net/idna` writes them for Vault: Punycode of the letters as they are.

use ::idna::punycode::{decode_to_string, encode_str};

/// What begins a label that stands for letters beyond ASCII.
const PREFIX: &str = "xn--";
/// The longest label and the longest name.
const LABEL: usize = 63;
const NAME: usize = 253;

/// The name with its labels in ASCII. Nothing is mapped: neither case nor forms of the same letter. A final dot stays.
///
/// Errors: `idna: invalid label "a..b"` for labels that are empty, too long or no Punycode.
pub(super) fn to_ascii(name: &str) -> Result<String, String> {
    let bad = |label: &str| Err(format!("idna: invalid label {}", lab_pki::quote(label)));
    let whole = name.strip_suffix('.').unwrap_or(name);
    let mut labels = Vec::new();
    for label in whole.split('.') {
        if label.is_empty() {
            return bad(name);
        }
        labels.push(match label.strip_prefix(PREFIX) {
            None => label.to_owned(),
            Some(code) => match decode_to_string(code) {
                Some(letters) => letters,
                None => return bad(code),
            },
        });
    }
    for label in &mut labels {
        if !label.is_ascii() {
            *label = match encode_str(label) {
                Some(code) => format!("{PREFIX}{code}"),
                None => return bad(label),
            };
        }
        if label.is_empty() || label.len() > LABEL {
            return bad(label);
        }
    }
    let dot = &name[whole.len()..];
    let converted = labels.join(".");
    if converted.len() > NAME { bad(&(converted + dot)) } else { Ok(converted + dot) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_beyond_ascii_are_written_in_ascii() {
        for (name, expected) in [
            ("www.münchen.de", "www.xn--mnchen-3ya.de"),
            ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
            ("XN--MNCHEN-3YA.de", "XN--MNCHEN-3YA.de"),
            ("例え.jp", "xn--r8jz45g.jp"),
            ("☃.net", "xn--n3h.net"),
            ("*.global.nomad.", "*.global.nomad."),
            ("Ä.b", "xn--7ba.b"),
        ] {
            assert_eq!(to_ascii(name).as_deref(), Ok(expected), "{name}");
        }
    }

    #[test]
    fn labels_that_are_none_are_named() {
        let long = "a".repeat(64);
        for (name, label) in [
            ("a..b", "a..b"),
            ("", ""),
            (".", "."),
            ("xn--\u{e9}.b", "\u{e9}"),
            (long.as_str(), long.as_str()),
        ] {
            assert_eq!(to_ascii(name), Err(format!("idna: invalid label {label:?}")), "{name}");
        }
    }
}
