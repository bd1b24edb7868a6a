//! The words for alerts.

use std::fmt;

/// An alert by its number, displayed as Go does: `tls: bad certificate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert(pub u8);

impl Alert {
    pub(super) const UNEXPECTED_MESSAGE: Self = Self(10);
    pub(super) const BAD_RECORD_MAC: Self = Self(20);
    pub(super) const RECORD_OVERFLOW: Self = Self(22);
    pub(super) const HANDSHAKE_FAILURE: Self = Self(40);
    pub(super) const ILLEGAL_PARAMETER: Self = Self(47);
    pub(super) const DECODE_ERROR: Self = Self(50);
    pub(super) const INTERNAL_ERROR: Self = Self(80);
    pub(super) const CERTIFICATE_REQUIRED: Self = Self(116);
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match text(self.0) {
            Some(text) => write!(f, "tls: {text}"),
            None => write!(f, "tls: alert({})", self.0),
        }
    }
}

fn text(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "close notify",
        10 => "unexpected message",
        20 => "bad record MAC",
        21 => "decryption failed",
        22 => "record overflow",
        30 => "decompression failure",
        40 => "handshake failure",
        42 => "bad certificate",
        43 => "unsupported certificate",
        44 => "revoked certificate",
        45 => "expired certificate",
        46 => "unknown certificate",
        47 => "illegal parameter",
        48 => "unknown certificate authority",
        49 => "access denied",
        50 => "error decoding message",
        51 => "error decrypting message",
        60 => "export restriction",
        70 => "protocol version not supported",
        71 => "insufficient security level",
        80 => "internal error",
        86 => "inappropriate fallback",
        90 => "user canceled",
        100 => "no renegotiation",
        109 => "missing extension",
        110 => "unsupported extension",
        111 => "certificate unobtainable",
        112 => "unrecognized name",
        113 => "bad certificate status response",
        114 => "bad certificate hash value",
        115 => "unknown PSK identity",
        116 => "certificate required",
        120 => "no application protocol",
        121 => "encrypted client hello required",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::Alert;

    #[test]
    fn alerts_have_go_words() {
        assert_eq!(Alert(48).to_string(), "tls: unknown certificate authority");
        assert_eq!(Alert(200).to_string(), "tls: alert(200)");
    }
}
