//! Public keys as they stand in certificates.

use std::borrow::Cow;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1};
use aws_lc_rs::signature::{ParsedPublicKey, VerificationAlgorithm};

use crate::der::{Reader, tag};
use crate::oid::known;
use crate::{Error, Oid, key};

/// A public key, read as strictly as Go reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// DSA, which signs nothing that is accepted.
    Dsa,
    /// ECDSA on a curve of NIST's.
    Ec {
        /// Which of the curves.
        curve: Curve,
        /// The public point, uncompressed.
        point: Vec<u8>,
    },
    /// Ed25519.
    Ed25519(Vec<u8>),
    /// RSA.
    Rsa {
        /// The size of the modulus.
        bits: usize,
        /// The key as PKCS #1 in DER.
        pkcs1: Vec<u8>,
    },
    /// An algorithm that Go does not know either.
    Unknown,
    /// X25519, which does not sign.
    X25519,
}

/// A curve of NIST's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// P-224: Go still reads it; here nothing signed with it verifies.
    P224,
    /// P-256.
    P256,
    /// P-384.
    P384,
    /// P-521.
    P521,
}

// The primes of the curves' fields, which coordinates are below, in hexadecimal.
const P224_PRIME: &str = "ffffffffffffffffffffffffffffffff000000000000000000000001";
const P256_PRIME: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
const P384_PRIME: &str =
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff";
const P521_PRIME: &str = concat!(
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
);

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`.
    ///
    /// Errors: Go's text for what is wrong with it.
    pub fn from_der(spki: &[u8]) -> Result<Self, Error> {
        let mut outer = Reader::new(spki).read(tag::SEQUENCE).ok_or(Error::malformed("malformed spki"))?;
        let mut algorithm =
            outer.read(tag::SEQUENCE).ok_or(Error::malformed("malformed public key algorithm identifier"))?;
        let oid = algorithm.oid().ok_or(Error::malformed("malformed OID"))?;
        // What comes behind the parameters is not looked at.
        let parameters = match algorithm.is_empty() {
            true => &[],
            false => algorithm.any().ok_or(Error::malformed("malformed parameters"))?.whole,
        };
        let (_, key) = outer.bit_string().ok_or(Error::malformed("malformed subjectPublicKey"))?;
        read(&oid, parameters, key)
    }

    /// Its type as Go's `%T` prints it, for messages.
    pub(crate) fn go_type(&self) -> &'static str {
        match self {
            Self::Dsa => "*dsa.PublicKey",
            Self::Ec { .. } => "*ecdsa.PublicKey",
            Self::Ed25519(_) => "ed25519.PublicKey",
            Self::Rsa { .. } => "*rsa.PublicKey",
            Self::Unknown => "<nil>",
            Self::X25519 => "*ecdh.PublicKey",
        }
    }

    /// The size in bits that Vault compares with a role's `key_bits`; 0 where there is only one.
    pub fn bits(&self) -> usize {
        match self {
            Self::Rsa { bits, .. } => *bits,
            Self::Ec { curve: Curve::P224, .. } => 224,
            Self::Ec { curve: Curve::P256, .. } => 256,
            Self::Ec { curve: Curve::P384, .. } => 384,
            Self::Ec { curve: Curve::P521, .. } => 521,
            _ => 0,
        }
    }

    /// The algorithm as Vault's `key_type` names it: `rsa`, `ec`, `ed25519`, or nothing.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "rsa",
            Self::Ec { .. } => "ec",
            Self::Ed25519(_) => "ed25519",
            _ => "",
        }
    }
}

fn read(oid: &Oid, parameters: &[u8], key: &[u8]) -> Result<PublicKey, Error> {
    if *oid == known::RSA {
        rsa(parameters, key)
    } else if *oid == known::EC {
        ec(parameters, key)
    } else if *oid == known::ED25519 {
        if !parameters.is_empty() {
            return Err(Error::malformed("Ed25519 key encoded with illegal parameters"));
        }
        if key.len() != 32 {
            return Err(Error::malformed("wrong Ed25519 public key size"));
        }
        Ok(PublicKey::Ed25519(key.to_vec()))
    } else if *oid == known::X25519 {
        if !parameters.is_empty() {
            return Err(Error::malformed("X25519 key encoded with illegal parameters"));
        }
        Ok(PublicKey::X25519)
    } else if *oid == known::DSA {
        dsa(parameters, key)
    } else {
        Ok(PublicKey::Unknown)
    }
}

fn rsa(parameters: &[u8], key: &[u8]) -> Result<PublicKey, Error> {
    if parameters != [tag::NULL, 0] {
        return Err(Error::malformed("RSA key missing NULL parameters"));
    }
    let mut numbers =
        Reader::new(key).read(tag::SEQUENCE).ok_or(Error::malformed("invalid RSA public key"))?;
    let modulus = numbers.integer().ok_or(Error::malformed("invalid RSA modulus"))?;
    let exponent = numbers.integer().ok_or(Error::malformed("invalid RSA public exponent"))?;
    if exponent.len() > 8 {
        return Err(Error::malformed("invalid RSA public exponent"));
    }
    let is_positive = |number: &[u8]| number[0] & 0x80 == 0 && number != [0];
    if !is_positive(modulus) {
        return Err(Error::malformed("RSA modulus is not a positive number"));
    }
    if !is_positive(exponent) {
        return Err(Error::malformed("RSA public exponent is not a positive number"));
    }
    // Written again, since what comes behind the two numbers is not looked at.
    let pkcs1 = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            for number in [modulus, exponent] {
                writer.next().write_bigint_bytes(number, true);
            }
        });
    });
    Ok(PublicKey::Rsa { bits: key::rsa_bits(&pkcs1).unwrap_or(0), pkcs1 })
}

fn ec(parameters: &[u8], key: &[u8]) -> Result<PublicKey, Error> {
    let named = Reader::new(parameters).oid().ok_or(Error::malformed("invalid ECDSA parameters"))?;
    let curve = match named {
        oid if oid == known::P224 => Curve::P224,
        oid if oid == known::P256 => Curve::P256,
        oid if oid == known::P384 => Curve::P384,
        oid if oid == known::P521 => Curve::P521,
        _ => return Err(Error::malformed("unsupported elliptic curve")),
    };
    check_point(curve, key).map_err(Error::Point)?;
    Ok(PublicKey::Ec { curve, point: key.to_vec() })
}

/// Whether these bytes are an uncompressed point of the curve. The error is Go's text.
fn check_point(curve: Curve, key: &[u8]) -> Result<(), Cow<'static, str>> {
    let (name, prime, algorithm): (_, _, Option<&'static dyn VerificationAlgorithm>) = match curve {
        Curve::P224 => ("P224", P224_PRIME, None),
        Curve::P256 => ("P256", P256_PRIME, Some(&ECDSA_P256_SHA256_ASN1)),
        Curve::P384 => ("P384", P384_PRIME, Some(&ECDSA_P384_SHA384_ASN1)),
        Curve::P521 => ("P521", P521_PRIME, Some(&ECDSA_P521_SHA512_ASN1)),
    };
    let Some((4, coordinates)) = key.split_first() else {
        return Err("ecdsa: invalid uncompressed public key".into());
    };
    let size = prime.len() / 2;
    if coordinates.len() != 2 * size {
        return Err(format!("invalid {name} point encoding").into());
    }
    if coordinates.chunks(size).any(|coordinate| *hex::encode(coordinate) >= *prime) {
        // Only P-256 has code of its own there.
        let element = if name == "P256" { "P256 element".to_owned() } else { format!("{name}Element") };
        return Err(format!("invalid {element} encoding").into());
    }
    match algorithm.is_none_or(|algorithm| ParsedPublicKey::new(algorithm, key).is_ok()) {
        true => Ok(()),
        false => Err(format!("{name} point not on curve").into()),
    }
}

fn dsa(parameters: &[u8], key: &[u8]) -> Result<PublicKey, Error> {
    let is_positive = |number: &[u8]| number[0] & 0x80 == 0 && number != [0];
    let public = Reader::new(key).integer().ok_or(Error::malformed("invalid DSA public key"))?;
    let mut numbers =
        Reader::new(parameters).read(tag::SEQUENCE).ok_or(Error::malformed("invalid DSA parameters"))?;
    let mut all_positive = is_positive(public);
    for _ in 0..3 {
        let number = numbers.integer().ok_or(Error::malformed("invalid DSA parameters"))?;
        all_positive &= is_positive(number);
    }
    if all_positive { Ok(PublicKey::Dsa) } else { Err(Error::malformed("zero or negative DSA parameter")) }
}
