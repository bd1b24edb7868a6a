//! Signature algorithms, and checking signatures as Go does.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use yasna::{DERWriter, Tag};

use crate::Oid;
use crate::der::{Reader, tag};
use crate::key::write_oid;
use crate::oid::known;
use crate::public_key::{Curve, PublicKey};

/// How something was signed. The names are Go's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// MD5 and RSA: never accepted.
    Md5WithRsa,
    /// SHA-1 and RSA: accepted on requests only.
    Sha1WithRsa,
    /// SHA-256 and RSA, PKCS #1 v1.5.
    Sha256WithRsa,
    /// SHA-384 and RSA, PKCS #1 v1.5.
    Sha384WithRsa,
    /// SHA-512 and RSA, PKCS #1 v1.5.
    Sha512WithRsa,
    /// SHA-256 and RSA-PSS.
    Sha256WithRsaPss,
    /// SHA-384 and RSA-PSS.
    Sha384WithRsaPss,
    /// SHA-512 and RSA-PSS.
    Sha512WithRsaPss,
    /// DSA and SHA-1: not supported.
    DsaWithSha1,
    /// DSA and SHA-256: not supported.
    DsaWithSha256,
    /// ECDSA and SHA-1: never accepted.
    EcdsaWithSha1,
    /// ECDSA and SHA-256.
    EcdsaWithSha256,
    /// ECDSA and SHA-384.
    EcdsaWithSha384,
    /// ECDSA and SHA-512.
    EcdsaWithSha512,
    /// Ed25519.
    Ed25519,
    /// One that Go does not know either.
    Unknown,
}

/// A signature that does not hold, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// An algorithm that is broken.
    #[error("x509: cannot verify signature: insecure algorithm {0}")]
    Insecure(&'static str),
    /// An algorithm that is not supported.
    #[error("x509: cannot verify signature: algorithm unimplemented")]
    Unsupported,
    /// The key is of another algorithm.
    #[error(
        "x509: signature algorithm specifies an {algorithm} public key, but have public key of type {key}"
    )]
    Mismatch {
        /// The key's algorithm that the signature asks for.
        algorithm: &'static str,
        /// The Go type of the key there is.
        key: &'static str,
    },
    /// An RSA signature that is wrong.
    #[error("crypto/rsa: verification error")]
    Rsa,
    /// An RSA key that Go finds too small.
    #[error("crypto/rsa: {0}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)")]
    SmallRsaKey(usize),
    /// An ECDSA signature that is wrong.
    #[error("x509: ECDSA verification failure")]
    Ecdsa,
    /// An Ed25519 signature that is wrong.
    #[error("x509: Ed25519 verification failure")]
    Ed25519,
    /// The signer may not sign certificates.
    #[error("x509: invalid signature: parent certificate cannot sign this kind of certificate")]
    NotAnAuthority,
}

/// A hash of the SHA-2 family.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl SignatureAlgorithm {
    /// The name Go prints, such as `SHA256-RSA`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5WithRsa => "MD5-RSA",
            Self::Sha1WithRsa => "SHA1-RSA",
            Self::Sha256WithRsa => "SHA256-RSA",
            Self::Sha384WithRsa => "SHA384-RSA",
            Self::Sha512WithRsa => "SHA512-RSA",
            Self::Sha256WithRsaPss => "SHA256-RSAPSS",
            Self::Sha384WithRsaPss => "SHA384-RSAPSS",
            Self::Sha512WithRsaPss => "SHA512-RSAPSS",
            Self::DsaWithSha1 => "DSA-SHA1",
            Self::DsaWithSha256 => "DSA-SHA256",
            Self::EcdsaWithSha1 => "ECDSA-SHA1",
            Self::EcdsaWithSha256 => "ECDSA-SHA256",
            Self::EcdsaWithSha384 => "ECDSA-SHA384",
            Self::EcdsaWithSha512 => "ECDSA-SHA512",
            Self::Ed25519 => "Ed25519",
            Self::Unknown => "0",
        }
    }

    /// The hash, and whether it is PSS, where it is RSA with a hash that is still good.
    pub(crate) fn rsa(self) -> Option<(Hash, bool)> {
        Some(match self {
            Self::Sha256WithRsa => (Hash::Sha256, false),
            Self::Sha384WithRsa => (Hash::Sha384, false),
            Self::Sha512WithRsa => (Hash::Sha512, false),
            Self::Sha256WithRsaPss => (Hash::Sha256, true),
            Self::Sha384WithRsaPss => (Hash::Sha384, true),
            Self::Sha512WithRsaPss => (Hash::Sha512, true),
            _ => return None,
        })
    }

    /// Checks a signature over `message`. SHA-1 is accepted only where `allow_sha1`, as Go does for requests.
    pub fn verify(
        self,
        key: &PublicKey,
        message: &[u8],
        signed: &[u8],
        allow_sha1: bool,
    ) -> Result<(), SignatureError> {
        if matches!(self, Self::Unknown) {
            return Err(SignatureError::Unsupported);
        }
        let is_sha1 = matches!(self, Self::Sha1WithRsa | Self::EcdsaWithSha1 | Self::DsaWithSha1);
        if self == Self::Md5WithRsa || is_sha1 && !allow_sha1 {
            return Err(SignatureError::Insecure(self.name()));
        }
        let mismatch = SignatureError::Mismatch { algorithm: self.key_algorithm(), key: key.go_type() };
        match key {
            PublicKey::Rsa { .. } if self.key_algorithm() != "RSA" => Err(mismatch),
            PublicKey::Rsa { bits, .. } if *bits < 1024 => Err(SignatureError::SmallRsaKey(*bits)),
            PublicKey::Rsa { bits, pkcs1 } => {
                let algorithm = self.rsa_verification(*bits).ok_or(SignatureError::Unsupported)?;
                check(algorithm, pkcs1, message, signed).ok_or(SignatureError::Rsa)
            }
            PublicKey::Ec { .. } if self.key_algorithm() != "ECDSA" => Err(mismatch),
            PublicKey::Ec { curve, point } => {
                let algorithm = self.ecdsa_verification(*curve).ok_or(SignatureError::Unsupported)?;
                check(algorithm, point, message, signed).ok_or(SignatureError::Ecdsa)
            }
            PublicKey::Ed25519(_) if self != Self::Ed25519 => Err(mismatch),
            PublicKey::Ed25519(key) => {
                check(&signature::ED25519, key, message, signed).ok_or(SignatureError::Ed25519)
            }
            PublicKey::Dsa | PublicKey::Unknown | PublicKey::X25519 => Err(SignatureError::Unsupported),
        }
    }

    fn key_algorithm(self) -> &'static str {
        match self {
            Self::EcdsaWithSha1 | Self::EcdsaWithSha256 | Self::EcdsaWithSha384 | Self::EcdsaWithSha512 => {
                "ECDSA"
            }
            Self::DsaWithSha1 | Self::DsaWithSha256 => "DSA",
            Self::Ed25519 => "Ed25519",
            _ => "RSA",
        }
    }

    fn rsa_verification(self, bits: usize) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self, bits >= 2048) {
            (Self::Sha1WithRsa, _) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Self::Sha256WithRsa, true) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Self::Sha256WithRsa, false) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            (Self::Sha384WithRsa, true) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Self::Sha512WithRsa, true) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Self::Sha512WithRsa, false) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            (Self::Sha256WithRsaPss, true) => &signature::RSA_PSS_2048_8192_SHA256,
            (Self::Sha384WithRsaPss, true) => &signature::RSA_PSS_2048_8192_SHA384,
            (Self::Sha512WithRsaPss, true) => &signature::RSA_PSS_2048_8192_SHA512,
            _ => return None,
        })
    }

    fn ecdsa_verification(self, curve: Curve) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (curve, self) {
            (Curve::P256, Self::EcdsaWithSha1) => &signature::ECDSA_P256_SHA1_ASN1,
            (Curve::P256, Self::EcdsaWithSha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Curve::P256, Self::EcdsaWithSha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Curve::P256, Self::EcdsaWithSha512) => &signature::ECDSA_P256_SHA512_ASN1,
            (Curve::P384, Self::EcdsaWithSha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Curve::P384, Self::EcdsaWithSha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (Curve::P384, Self::EcdsaWithSha512) => &signature::ECDSA_P384_SHA512_ASN1,
            (Curve::P521, Self::EcdsaWithSha1) => &signature::ECDSA_P521_SHA1_ASN1,
            (Curve::P521, Self::EcdsaWithSha256) => &signature::ECDSA_P521_SHA256_ASN1,
            (Curve::P521, Self::EcdsaWithSha384) => &signature::ECDSA_P521_SHA384_ASN1,
            (Curve::P521, Self::EcdsaWithSha512) => &signature::ECDSA_P521_SHA512_ASN1,
            _ => return None,
        })
    }

    /// The `AlgorithmIdentifier` as DER, of those that [`crate::KeyPair::sign`] can make.
    pub fn to_der(self) -> Vec<u8> {
        yasna::construct_der(|writer| self.write(writer))
    }

    /// Writes the `AlgorithmIdentifier`.
    pub(crate) fn write(self, writer: DERWriter<'_>) {
        writer.write_sequence(|w| {
            write_oid(w.next(), &self.oid());
            match self.rsa() {
                Some((hash, true)) => write_pss_parameters(w.next(), hash),
                Some((_, false)) => w.next().write_null(),
                None => {}
            }
        });
    }

    /// Only of those that [`crate::KeyPair::sign`] can make.
    fn oid(self) -> Oid {
        match self {
            Self::Sha384WithRsa => known::SHA384_WITH_RSA,
            Self::Sha512WithRsa => known::SHA512_WITH_RSA,
            Self::Sha256WithRsaPss | Self::Sha384WithRsaPss | Self::Sha512WithRsaPss => known::RSA_PSS,
            Self::EcdsaWithSha256 => known::ECDSA_WITH_SHA256,
            Self::EcdsaWithSha384 => known::ECDSA_WITH_SHA384,
            Self::EcdsaWithSha512 => known::ECDSA_WITH_SHA512,
            Self::Ed25519 => known::ED25519,
            _ => known::SHA256_WITH_RSA,
        }
    }

    /// Reads the content of an `AlgorithmIdentifier`; `None` where it does not parse.
    pub(crate) fn read(content: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(content);
        let oid = reader.oid()?;
        let parameters = if reader.is_empty() { None } else { Some(reader.any()?) };
        if oid == known::ED25519 && parameters.is_some() {
            return Some(Self::Unknown);
        }
        if oid == known::RSA_PSS {
            return Some(parameters.and_then(|parameters| pss(parameters.content)).unwrap_or(Self::Unknown));
        }
        let known = [
            (known::MD5_WITH_RSA, Self::Md5WithRsa),
            (known::SHA1_WITH_RSA, Self::Sha1WithRsa),
            (known::ISO_SHA1_WITH_RSA, Self::Sha1WithRsa),
            (known::SHA256_WITH_RSA, Self::Sha256WithRsa),
            (known::SHA384_WITH_RSA, Self::Sha384WithRsa),
            (known::SHA512_WITH_RSA, Self::Sha512WithRsa),
            (known::DSA_WITH_SHA1, Self::DsaWithSha1),
            (known::DSA_WITH_SHA256, Self::DsaWithSha256),
            (known::ECDSA_WITH_SHA1, Self::EcdsaWithSha1),
            (known::ECDSA_WITH_SHA256, Self::EcdsaWithSha256),
            (known::ECDSA_WITH_SHA384, Self::EcdsaWithSha384),
            (known::ECDSA_WITH_SHA512, Self::EcdsaWithSha512),
            (known::ED25519, Self::Ed25519),
        ];
        let found = known.into_iter().find(|(known, _)| *known == oid);
        Some(found.map_or(Self::Unknown, |(_, algorithm)| algorithm))
    }
}

impl std::fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

fn check(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signed: &[u8],
) -> Option<()> {
    UnparsedPublicKey::new(algorithm, key).verify(message, signed).ok()
}

impl Hash {
    fn oid(self) -> Oid {
        match self {
            Self::Sha256 => known::SHA256,
            Self::Sha384 => known::SHA384,
            Self::Sha512 => known::SHA512,
        }
    }

    fn size(self) -> u64 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// `RSASSA-PSS-params` as Go writes them: hash and mask by the same hash, a salt of its length.
fn write_pss_parameters(writer: DERWriter<'_>, hash: Hash) {
    let write_hash = |writer: DERWriter<'_>| {
        writer.write_sequence(|w| {
            write_oid(w.next(), &hash.oid());
            w.next().write_null();
        });
    };
    writer.write_sequence(|w| {
        w.next().write_tagged(Tag::context(0), write_hash);
        w.next().write_tagged(Tag::context(1), |w| {
            w.write_sequence(|w| {
                write_oid(w.next(), &known::MGF1);
                write_hash(w.next());
            });
        });
        w.next().write_tagged(Tag::context(2), |w| w.write_u64(hash.size()));
    });
}

/// The algorithm of `RSASSA-PSS-params`, where they are of the three kinds that Go takes.
fn pss(parameters: &[u8]) -> Option<SignatureAlgorithm> {
    let mut fields = Reader::new(parameters);
    let hash = pss_hash(fields.read(tag::constructed(0))?)?;
    let mut mask = fields.read(tag::constructed(1))?.read(tag::SEQUENCE)?;
    let is_mgf1 = mask.oid()? == known::MGF1;
    let is_same_hash = pss_hash(mask)? == hash;
    let salt = fields.read(tag::constructed(2))?.unsigned()?;
    let trailer = match fields.optional(tag::constructed(3))? {
        Some(mut trailer) => trailer.unsigned()?,
        None => 1,
    };
    let is_usual = is_mgf1 && is_same_hash && salt == hash.size() && trailer == 1;
    is_usual.then_some(match hash {
        Hash::Sha256 => SignatureAlgorithm::Sha256WithRsaPss,
        Hash::Sha384 => SignatureAlgorithm::Sha384WithRsaPss,
        Hash::Sha512 => SignatureAlgorithm::Sha512WithRsaPss,
    })
}

fn pss_hash(mut reader: Reader<'_>) -> Option<Hash> {
    let mut identifier = reader.read(tag::SEQUENCE)?;
    let oid = identifier.oid()?;
    let has_good_parameters = identifier.is_empty() || identifier.rest() == [tag::NULL, 0];
    let hash = [Hash::Sha256, Hash::Sha384, Hash::Sha512].into_iter().find(|hash| hash.oid() == oid)?;
    has_good_parameters.then_some(hash)
}
