//! The forms in which private keys are written.

use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, Tag};

use super::{KeyKind, ecdsa};
use crate::der::{self, Reader, tag};
use crate::oid::known;
use crate::{Error, Oid};

/// A private key taken apart as far as its encodings need it.
pub(super) enum Private {
    /// The secret number in as many bytes as the curve has, and the uncompressed public point.
    Ec { kind: KeyKind, scalar: Vec<u8>, point: Vec<u8> },
    /// The 32 bytes that everything follows from, and the public key.
    Ed25519 { seed: Vec<u8>, public: Vec<u8> },
    /// The key as PKCS #1, and the public key as PKCS #1.
    Rsa { pkcs1: Vec<u8>, public: Vec<u8> },
}

impl Private {
    /// Reads PKCS #1, PKCS #8 or SEC 1; which it is shows in the first elements.
    pub(super) fn from_der(der: &[u8]) -> Result<Self, Error> {
        read(der).ok_or(Error::MalformedPrivateKey)
    }

    pub(super) fn kind(&self) -> Option<KeyKind> {
        match self {
            Self::Ec { kind, .. } => Some(*kind),
            Self::Ed25519 { .. } => Some(KeyKind::Ed25519),
            Self::Rsa { public, .. } => match rsa_bits(public)? {
                2048 => Some(KeyKind::Rsa2048),
                3072 => Some(KeyKind::Rsa3072),
                4096 => Some(KeyKind::Rsa4096),
                _ => None,
            },
        }
    }

    pub(super) fn traditional_label(&self) -> &'static str {
        match self {
            Self::Ec { .. } => "EC PRIVATE KEY",
            Self::Ed25519 { .. } => "PRIVATE KEY",
            Self::Rsa { .. } => "RSA PRIVATE KEY",
        }
    }

    pub(super) fn to_traditional(&self) -> Vec<u8> {
        match self {
            Self::Ec { kind, scalar, point } => yasna::construct_der(|w| sec1(w, Some(*kind), scalar, point)),
            Self::Ed25519 { .. } => self.to_pkcs8(),
            Self::Rsa { pkcs1, .. } => pkcs1.clone(),
        }
    }

    pub(super) fn to_pkcs8(&self) -> Vec<u8> {
        let inner = match self {
            // The curve is named outside, so Go leaves it out inside.
            Self::Ec { scalar, point, .. } => yasna::construct_der(|w| sec1(w, None, scalar, point)),
            Self::Ed25519 { seed, .. } => yasna::construct_der(|w| w.write_bytes(seed)),
            Self::Rsa { pkcs1, .. } => pkcs1.clone(),
        };
        yasna::construct_der(|w| {
            w.write_sequence(|w| {
                w.next().write_u8(0);
                self.write_algorithm(w.next());
                w.next().write_bytes(&inner);
            });
        })
    }

    /// The `SubjectPublicKeyInfo`.
    pub(super) fn public_key_der(&self) -> Vec<u8> {
        let bits = match self {
            Self::Ec { point, .. } => point,
            Self::Ed25519 { public, .. } | Self::Rsa { public, .. } => public,
        };
        yasna::construct_der(|w| {
            w.write_sequence(|w| {
                self.write_algorithm(w.next());
                w.next().write_bitvec_bytes(bits, bits.len() * 8);
            });
        })
    }

    fn write_algorithm(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|w| match self {
            Self::Ec { kind, .. } => {
                write_oid(w.next(), &known::EC);
                write_oid(w.next(), &curve(*kind));
            }
            Self::Ed25519 { .. } => write_oid(w.next(), &known::ED25519),
            Self::Rsa { .. } => {
                write_oid(w.next(), &known::RSA);
                w.next().write_null();
            }
        });
    }
}

pub(crate) fn write_oid(writer: DERWriter<'_>, oid: &Oid) {
    writer.write_oid(&ObjectIdentifier::from_slice(oid.numbers()));
}

fn sec1(writer: DERWriter<'_>, named: Option<KeyKind>, scalar: &[u8], point: &[u8]) {
    writer.write_sequence(|w| {
        w.next().write_u8(1);
        w.next().write_bytes(scalar);
        if let Some(kind) = named {
            w.next().write_tagged(Tag::context(0), |w| write_oid(w, &curve(kind)));
        }
        w.next().write_tagged(Tag::context(1), |w| w.write_bitvec_bytes(point, point.len() * 8));
    });
}

fn curve(kind: KeyKind) -> Oid {
    match kind {
        KeyKind::EcP384 => known::P384,
        KeyKind::EcP521 => known::P521,
        _ => known::P256,
    }
}

fn kind_of_curve(oid: &Oid) -> Option<KeyKind> {
    [KeyKind::EcP256, KeyKind::EcP384, KeyKind::EcP521].into_iter().find(|&kind| curve(kind) == *oid)
}

fn read(der: &[u8]) -> Option<Private> {
    let mut outer = Reader::new(der);
    let mut key = outer.read(tag::SEQUENCE)?;
    let version = key.unsigned()?;
    if key.is_next(tag::SEQUENCE) {
        return pkcs8(key);
    }
    match (version, key.is_next(tag::OCTET_STRING)) {
        (1, true) => ec(der, None),
        (0, false) => rsa(der),
        _ => None,
    }
}

/// PKCS #8 from its algorithm on.
fn pkcs8(mut key: Reader<'_>) -> Option<Private> {
    let mut algorithm = key.read(tag::SEQUENCE)?;
    let oid = algorithm.oid()?;
    let inner = key.element(tag::OCTET_STRING)?.content;
    if oid == known::RSA {
        rsa(inner)
    } else if oid == known::EC {
        ec(inner, Some(kind_of_curve(&algorithm.oid()?)?))
    } else if oid == known::ED25519 {
        let seed = Reader::new(inner).element(tag::OCTET_STRING)?.content.to_vec();
        let public = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?.public_key().as_ref().to_vec();
        Some(Private::Ed25519 { seed, public })
    } else {
        None
    }
}

/// SEC 1, whose curve may be named by PKCS #8 around it. The public point is computed, since it may be missing.
fn ec(der: &[u8], named: Option<KeyKind>) -> Option<Private> {
    let mut key = Reader::new(der).read(tag::SEQUENCE)?;
    (key.unsigned()? == 1).then_some(())?;
    let scalar = key.element(tag::OCTET_STRING)?.content;
    let inside = key.optional(tag::constructed(0))?.map(|mut curve| curve.oid());
    let kind = match (named, inside) {
        (Some(kind), _) => kind,
        (None, Some(curve)) => kind_of_curve(&curve?)?,
        (None, None) => return None,
    };
    let size = kind.bits().div_ceil(8) as usize;
    let leading = scalar.len().saturating_sub(size);
    let (zeros, digits) = scalar.split_at(leading);
    zeros.iter().all(|&byte| byte == 0).then_some(())?;
    let scalar = [vec![0; size - digits.len()], digits.to_vec()].concat();
    let alone = yasna::construct_der(|w| {
        w.write_sequence(|w| {
            w.next().write_u8(1);
            w.next().write_bytes(&scalar);
            w.next().write_tagged(Tag::context(0), |w| write_oid(w, &curve(kind)));
        });
    });
    let point = EcdsaKeyPair::from_private_key_der(ecdsa(kind), &alone).ok()?.public_key().as_ref().to_vec();
    Some(Private::Ec { kind, scalar, point })
}

fn rsa(der: &[u8]) -> Option<Private> {
    let mut outer = Reader::new(der);
    let whole = outer.element(tag::SEQUENCE)?;
    let mut key = Reader::new(whole.content);
    (key.unsigned()? == 0 && outer.is_empty()).then_some(())?;
    let (modulus, exponent) = (key.element(tag::INTEGER)?, key.element(tag::INTEGER)?);
    der::minimal_integer(modulus.content)?;
    let numbers = [modulus.whole, exponent.whole];
    let public = yasna::construct_der(|w| {
        w.write_sequence(|w| numbers.into_iter().for_each(|number| w.next().write_der(number)));
    });
    Some(Private::Rsa { pkcs1: whole.whole.to_vec(), public })
}

/// How many bits the modulus of a PKCS #1 public key has.
pub(crate) fn rsa_bits(public: &[u8]) -> Option<usize> {
    let modulus = Reader::new(public).read(tag::SEQUENCE)?.integer()?;
    let digits = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    Some(digits.len() * 8 - digits.first()?.leading_zeros() as usize)
}
