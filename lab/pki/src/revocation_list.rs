//! Reading revocation lists.

use time::OffsetDateTime;

use crate::certificate::moment;
use crate::der::{Reader, tag};
use crate::{Error, pem};

/// A list of revoked certificates (RFC 5280): when it was made, and when the next one is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
    /// When it was made.
    pub this_update: OffsetDateTime,
    /// When the next one is due at the latest, where it says so.
    pub next_update: Option<OffsetDateTime>,
}

impl RevocationList {
    /// Reads the first block of a PEM text. Neither its entries nor its signature are looked at.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let block = pem::first(text).ok_or(Error::malformed("malformed crl"))?;
        Self::from_der(&block.content)
    }

    /// The same in DER.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let outer = Reader::new(der).read(tag::SEQUENCE).and_then(|mut list| list.read(tag::SEQUENCE));
        let mut signed = outer.ok_or(Error::malformed("malformed crl"))?;
        if signed.is_next(tag::INTEGER) {
            signed.unsigned().ok_or(Error::malformed("malformed crl"))?;
        }
        signed.element(tag::SEQUENCE).ok_or(Error::malformed("malformed signature algorithm identifier"))?;
        signed.element(tag::SEQUENCE).ok_or(Error::malformed("malformed issuer"))?;
        let this_update = moment(&mut signed)?;
        let is_dated = signed.is_next(tag::UTC_TIME) || signed.is_next(tag::GENERALIZED_TIME);
        let next_update = if is_dated { Some(moment(&mut signed)?) } else { None };
        Ok(Self { this_update, next_update })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of version 2 that real Vault made for a new root with an Ed25519 key.
    const LIST: &str = include_str!("../tests/data/revocation-list.pem");

    #[test]
    fn a_list_says_when_the_next_one_is_due() {
        let list = RevocationList::from_pem(LIST).expect("a list");
        let next = list.next_update.expect("a date");
        assert_eq!((next - list.this_update).whole_hours(), 72);
    }

    #[test]
    fn no_beginning_of_a_list_is_one() {
        let whole = pem::first(LIST).expect("a block").content;
        for length in 0..whole.len() {
            assert!(RevocationList::from_der(&whole[..length]).is_err(), "{length}");
        }
        assert_eq!(RevocationList::from_pem("").expect_err("nothing").to_string(), "x509: malformed crl");
    }
}
