//! Base 64 as Go reads it.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Takes what is known to be well formed, whatever its last bits are.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes a text that has its last group `padded` with equals signs, or not. Line breaks are passed over.
///
/// Errors: Go's words, such as `illegal base64 data at input byte 4`.
pub(crate) fn decode_base64(text: &str, padded: bool) -> Result<Vec<u8>, String> {
    let wrong = |at: usize| format!("illegal base64 data at input byte {at}");
    if let Some(at) = fault(text.as_bytes(), padded) {
        return Err(wrong(at));
    }
    let letters: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    LENIENT.decode(letters).map_err(|_| wrong(0))
}

/// Where a text goes wrong.
fn fault(text: &[u8], padded: bool) -> Option<usize> {
    let mut in_group = 0;
    let mut letters = text.iter().enumerate().filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'));
    while let Some((at, byte)) = letters.next() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => in_group = (in_group + 1) % 4,
            b'=' if padded && in_group > 1 => {
                if in_group == 2 {
                    match letters.next() {
                        None => return Some(text.len()),
                        Some((at, other)) if *other != b'=' => return Some(at),
                        Some(_) => {}
                    }
                }
                return letters.next().map(|(at, _)| at);
            }
            _ => return Some(at),
        }
    }
    // A group that is not whole is told by where it begins.
    (in_group == 1 || (padded && in_group > 0)).then(|| text.len() - in_group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_where_go_sees_them() {
        for (text, at) in
            [("YWI=x", 4), ("YWJjZA=", 7), ("YWJ", 0), ("YWJjY", 4), ("YW Jj", 2), ("Y===", 1), ("YQ=a", 3)]
        {
            assert_eq!(
                decode_base64(text, true),
                Err(format!("illegal base64 data at input byte {at}")),
                "{text}"
            );
        }
        assert_eq!(decode_base64("ZZ==", true), Ok(b"e".to_vec()));
        assert_eq!(decode_base64("YW\nJj\r\n", true), Ok(b"abc".to_vec()));
        assert_eq!(decode_base64("YQ", false), Ok(b"a".to_vec()));
        assert_eq!(decode_base64("YQ==", false), Err("illegal base64 data at input byte 2".to_owned()));
    }
}
