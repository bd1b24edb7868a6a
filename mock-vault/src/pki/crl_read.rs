//! Reading a revocation list.

use lab_pki::{Certificate, PublicKey, SignatureAlgorithm};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::pki::crl_list::Revoked;
use crate::pki::der::{Element, element, elements};

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// A list that somebody gave.
pub(super) struct Given {
    signed: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
    pub(super) revoked: Vec<Revoked>,
}

impl Given {
    /// Whether an authority's key made the signature.
    pub(super) fn is_signed_by(&self, authority: &Certificate) -> bool {
        use SignatureAlgorithm as A;
        let known = [
            A::Sha256WithRsa,
            A::Sha384WithRsa,
            A::Sha512WithRsa,
            A::Sha256WithRsaPss,
            A::Sha384WithRsaPss,
            A::Sha512WithRsaPss,
            A::EcdsaWithSha256,
            A::EcdsaWithSha384,
            A::EcdsaWithSha512,
            A::Ed25519,
        ];
        let Some(algorithm) = known.into_iter().find(|known| known.to_der() == self.algorithm) else {
            return false;
        };
        PublicKey::from_der(authority.public_key_der())
            .is_ok_and(|key| algorithm.verify(&key, &self.signed, &self.signature, false).is_ok())
    }
}

/// Reads a list. Errors: what Go says of bytes that are none.
pub(super) fn read(der: &[u8]) -> Result<Given, &'static str> {
    let parts = parts(der).ok_or("x509: malformed crl")?;
    // Other things that are signed begin otherwise.
    if elements(parts[0].content).is_some_and(|list| list.first().is_none_or(|first| first.tag != INTEGER)) {
        return Err("x509: unsupported crl version");
    }
    given(parts).ok_or("x509: malformed crl")
}

/// What is signed, how, and the signature.
fn parts(der: &[u8]) -> Option<[Element<'_>; 3]> {
    let (outer, rest) = element(der)?;
    let parts = elements(outer.content).filter(|_| outer.tag == SEQUENCE && rest.is_empty())?;
    parts.try_into().ok()
}

fn given([list, algorithm, signature]: [Element<'_>; 3]) -> Option<Given> {
    let revoked = revoked(&elements(list.content)?)?;
    Some(Given {
        signed: list.whole.to_vec(),
        algorithm: algorithm.whole.to_vec(),
        signature: signature.content.get(1..)?.to_vec(),
        revoked,
    })
}

/// The entries: a sequence of sequences behind the times.
fn revoked(list: &[Element<'_>]) -> Option<Vec<Revoked>> {
    let times = list.iter().rposition(|one| is_time(one))?;
    let Some(entries) = list.get(times + 1).filter(|one| one.tag == SEQUENCE) else {
        return Some(Vec::new());
    };
    let read = |entry: &Element<'_>| {
        let parts = elements(entry.content)?;
        let (serial, at) = (parts.first()?, parts.get(1)?);
        // What an entry says beside that is not taken over.
        Some(Revoked { serial: serial.content.to_vec(), at: moment(at)?, extensions: Some(Vec::new()) })
    };
    elements(entries.content)?.iter().map(read).collect()
}

fn is_time(one: &Element<'_>) -> bool {
    matches!(one.tag, UTC_TIME | GENERALIZED_TIME)
}

fn moment(one: &Element<'_>) -> Option<OffsetDateTime> {
    let text = std::str::from_utf8(one.content).ok()?;
    let full = match one.tag {
        UTC_TIME if text >= "5" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let format = time::macros::format_description!("[year][month][day][hour][minute][second]Z");
    PrimitiveDateTime::parse(&full, &format).ok().map(PrimitiveDateTime::assume_utc)
}
