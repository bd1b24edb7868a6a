//! Object identifiers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::Error;

/// An object identifier, such as `2.5.29.17`. Each number is below 2^31, as Go's `asn1.ObjectIdentifier` has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Cow<'static, [u64]>);

impl Oid {
    /// One that is known when the program is written. The first number must be below 3, the second below 40.
    pub const fn new(numbers: &'static [u64]) -> Self {
        Self(Cow::Borrowed(numbers))
    }

    /// Its numbers.
    pub fn numbers(&self) -> &[u64] {
        &self.0
    }

    pub(crate) fn from_der_content(content: &[u8]) -> Option<Self> {
        let mut numbers = Vec::with_capacity(content.len() + 1);
        let mut rest = content;
        while !rest.is_empty() {
            let (number, after) = base128(rest)?;
            rest = after;
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.extend([first, number - first * 40]);
            } else {
                numbers.push(number);
            }
        }
        (!numbers.is_empty()).then_some(Self(Cow::Owned(numbers)))
    }
}

fn base128(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        let is_padded = index == 0 && byte == 0x80;
        if is_padded || number >= 1 << 24 {
            return None;
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[index + 1..]));
        }
    }
    None
}

impl FromStr for Oid {
    type Err = Error;

    /// Reads the dotted form.
    fn from_str(text: &str) -> Result<Self, Error> {
        let numbers = text.split('.').map(str::parse).collect::<Result<Vec<u64>, _>>();
        match numbers {
            Ok(numbers) if is_encodable(&numbers) => Ok(Self(Cow::Owned(numbers))),
            _ => Err(Error::NotEncodable(format!("invalid object identifier {text:?}").into())),
        }
    }
}

fn is_encodable(numbers: &[u64]) -> bool {
    match numbers {
        [0 | 1, second, rest @ ..] => *second < 40 && rest.iter().all(|&number| number < 1 << 31),
        [2, rest @ ..] => !rest.is_empty() && rest.iter().all(|&number| number < (1 << 31) - 80),
        _ => false,
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.iter().enumerate() {
            write!(f, "{}{number}", if index == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

/// The identifiers that certificates are made of.
pub(crate) mod known {
    use super::Oid;

    // The numbers of each are separated by spaces, since a tokenizer takes `2.5` for one number.
    macro_rules! oids {
        ($($name:ident = $($number:literal)+;)+) => {
            $(pub(crate) const $name: Oid = Oid::new(&[$($number),+]);)+
        };
    }

    oids! {
        COUNTRY = 2 5 4 6;
        ORGANIZATION = 2 5 4 10;
        ORGANIZATIONAL_UNIT = 2 5 4 11;
        COMMON_NAME = 2 5 4 3;
        SERIAL_NUMBER = 2 5 4 5;
        LOCALITY = 2 5 4 7;
        PROVINCE = 2 5 4 8;
        STREET_ADDRESS = 2 5 4 9;
        POSTAL_CODE = 2 5 4 17;

        SUBJECT_KEY_ID = 2 5 29 14;
        KEY_USAGE = 2 5 29 15;
        SUBJECT_ALT_NAME = 2 5 29 17;
        BASIC_CONSTRAINTS = 2 5 29 19;
        NAME_CONSTRAINTS = 2 5 29 30;
        CRL_DISTRIBUTION_POINTS = 2 5 29 31;
        CERTIFICATE_POLICIES = 2 5 29 32;
        POLICY_MAPPINGS = 2 5 29 33;
        AUTHORITY_KEY_ID = 2 5 29 35;
        POLICY_CONSTRAINTS = 2 5 29 36;
        EXTENDED_KEY_USAGE = 2 5 29 37;
        FRESHEST_CRL = 2 5 29 46;
        INHIBIT_ANY_POLICY = 2 5 29 54;
        AUTHORITY_INFORMATION_ACCESS = 1 3 6 1 5 5 7 1 1;
        OCSP = 1 3 6 1 5 5 7 48 1;
        CA_ISSUERS = 1 3 6 1 5 5 7 48 2;
        EXTENSION_REQUEST = 1 2 840 113549 1 9 14;
        ANY_POLICY = 2 5 29 32 0;

        RSA = 1 2 840 113549 1 1 1;
        EC = 1 2 840 10045 2 1;
        ED25519 = 1 3 101 112;
        X25519 = 1 3 101 110;
        DSA = 1 2 840 10040 4 1;
        P224 = 1 3 132 0 33;
        P256 = 1 2 840 10045 3 1 7;
        P384 = 1 3 132 0 34;
        P521 = 1 3 132 0 35;

        MD5_WITH_RSA = 1 2 840 113549 1 1 4;
        SHA1_WITH_RSA = 1 2 840 113549 1 1 5;
        ISO_SHA1_WITH_RSA = 1 3 14 3 2 29;
        RSA_PSS = 1 2 840 113549 1 1 10;
        SHA256_WITH_RSA = 1 2 840 113549 1 1 11;
        SHA384_WITH_RSA = 1 2 840 113549 1 1 12;
        SHA512_WITH_RSA = 1 2 840 113549 1 1 13;
        DSA_WITH_SHA1 = 1 2 840 10040 4 3;
        DSA_WITH_SHA256 = 2 16 840 1 101 3 4 3 2;
        ECDSA_WITH_SHA1 = 1 2 840 10045 4 1;
        ECDSA_WITH_SHA256 = 1 2 840 10045 4 3 2;
        ECDSA_WITH_SHA384 = 1 2 840 10045 4 3 3;
        ECDSA_WITH_SHA512 = 1 2 840 10045 4 3 4;
        MGF1 = 1 2 840 113549 1 1 8;
        SHA256 = 2 16 840 1 101 3 4 2 1;
        SHA384 = 2 16 840 1 101 3 4 2 2;
        SHA512 = 2 16 840 1 101 3 4 2 3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_and_der_forms_agree() {
        let oid: Oid = "1.2.840.113549.1.1.11".parse().expect("an identifier");
        assert_eq!(oid, known::SHA256_WITH_RSA);
        let content = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
        assert_eq!(Oid::from_der_content(&content), Some(oid.clone()));
        assert_eq!(oid.to_string(), "1.2.840.113549.1.1.11");
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for content in [&[][..], &[0x2a, 0x80, 0x01], &[0x2a, 0x86], &[0x2a, 0x88, 0x80, 0x80, 0x80, 0x00]] {
            assert_eq!(Oid::from_der_content(content), None, "{content:02x?}");
        }
        for text in ["", "1", "1.40", "3.1", "1.2.x", "1.2.4294967296"] {
            let message = format!("x509: invalid object identifier {text:?}");
            assert_eq!(text.parse::<Oid>().expect_err(text).to_string(), message);
        }
    }
}
