//! Private keys.

mod encoding;
mod pool;
mod reserve;
mod rsa;
mod source;

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};

use self::encoding::Private;
use crate::signature::{Hash, SignatureAlgorithm};
use crate::{Error, pem};

pub(crate) use self::encoding::{rsa_bits, write_oid};
pub use self::source::KeySource;

/// What a key is: its algorithm with its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// ECDSA on NIST's P-256.
    EcP256,
    /// ECDSA on NIST's P-384.
    EcP384,
    /// ECDSA on NIST's P-521.
    EcP521,
    /// Ed25519.
    Ed25519,
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 3072 bits.
    Rsa3072,
    /// RSA with 4096 bits.
    Rsa4096,
}

impl KeyKind {
    /// The algorithm as Vault's `key_type` and `private_key_type` name it: `rsa`, `ec` or `ed25519`.
    pub fn algorithm(self) -> &'static str {
        match self {
            Self::EcP256 | Self::EcP384 | Self::EcP521 => "ec",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => "rsa",
        }
    }

    /// The size as Vault's `key_bits` states it; 0 for Ed25519, which has only one.
    pub fn bits(self) -> u32 {
        match self {
            Self::EcP256 => 256,
            Self::EcP384 => 384,
            Self::EcP521 => 521,
            Self::Ed25519 => 0,
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
        }
    }

    /// The kind that Vault's `key_type` and `key_bits` ask for; 0 bits is the type's default (2048 and 256).
    pub fn from_vault(key_type: &str, key_bits: u32) -> Option<Self> {
        Some(match (key_type, key_bits) {
            ("rsa", 0 | 2048) => Self::Rsa2048,
            ("rsa", 3072) => Self::Rsa3072,
            ("rsa", 4096) => Self::Rsa4096,
            ("ec", 0 | 256) => Self::EcP256,
            ("ec", 384) => Self::EcP384,
            ("ec", 521) => Self::EcP521,
            ("ed25519", _) => Self::Ed25519,
            _ => return None,
        })
    }
}

/// A private key with its public one. Clones share it.
///
/// Keys compare equal when their public keys are.
#[derive(Clone)]
pub struct KeyPair(Arc<Inner>);

struct Inner {
    kind: KeyKind,
    private: Private,
    public: Vec<u8>,
    /// Parsed when it first signs: a key of the pool that only travels costs nothing.
    signer: OnceLock<Option<Signer>>,
}

enum Signer {
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl KeyPair {
    /// Makes a new key. RSA takes long: about 0.03 s of one core for 2048 bits and much more for the others.
    pub(crate) fn generate(kind: KeyKind) -> Result<Self, Error> {
        let failed = |_| Error::KeyGeneration;
        let private = match kind {
            KeyKind::Rsa2048 => Private::from_der(&rsa::generate::<16>().map_err(failed)?)?,
            KeyKind::Rsa3072 => Private::from_der(&rsa::generate::<24>().map_err(failed)?)?,
            KeyKind::Rsa4096 => Private::from_der(&rsa::generate::<32>().map_err(failed)?)?,
            KeyKind::Ed25519 => {
                let key = Ed25519KeyPair::generate().map_err(failed)?;
                let seed = key.seed().and_then(|seed| seed.as_be_bytes()).map_err(failed)?;
                Private::Ed25519 { seed: seed.as_ref().to_vec(), public: key.public_key().as_ref().to_vec() }
            }
            KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 => {
                let key = EcdsaKeyPair::generate(ecdsa(kind)).map_err(failed)?;
                let scalar: EcPrivateKeyBin<'_> = key.private_key().as_be_bytes().map_err(failed)?;
                let point = key.public_key().as_ref().to_vec();
                Private::Ec { kind, scalar: scalar.as_ref().to_vec(), point }
            }
        };
        Ok(Self::new(kind, private))
    }

    /// The first private key of a PEM text, in any of the forms PKCS #1, PKCS #8 and SEC 1 whatever its label.
    ///
    /// Errors: no such block; none of these forms; RSA of another size than 2048, 3072 or 4096 bits; a curve other than
    /// the three.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let is_key =
            |block: &pem::Block| block.label == "PRIVATE KEY" || block.label.ends_with(" PRIVATE KEY");
        let block = pem::blocks(text).into_iter().find(is_key).ok_or(Error::NoPrivateKey)?;
        Self::from_der(&block.content)
    }

    /// A private key in DER, in any of the forms PKCS #1, PKCS #8 and SEC 1.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let private = Private::from_der(der)?;
        let kind = private.kind().ok_or(Error::MalformedPrivateKey)?;
        let key = Self::new(kind, private);
        // What cannot sign is refused now rather than in the middle of a handshake.
        if key.signer().is_some() { Ok(key) } else { Err(Error::MalformedPrivateKey) }
    }

    fn new(kind: KeyKind, private: Private) -> Self {
        let public = private.public_key_der();
        Self(Arc::new(Inner { kind, private, public, signer: OnceLock::new() }))
    }

    /// What it is.
    pub fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// In the traditional form that Vault and Go print: `RSA PRIVATE KEY`, `EC PRIVATE KEY`, and `PRIVATE KEY` for
    /// Ed25519. It ends with a line feed.
    pub fn to_pem(&self) -> String {
        pem::encode(self.0.private.traditional_label(), &self.0.private.to_traditional())
    }

    /// As PKCS #8, `PRIVATE KEY`, whatever its kind. It ends with a line feed.
    pub fn to_pkcs8_pem(&self) -> String {
        pem::encode("PRIVATE KEY", &self.pkcs8_der())
    }

    /// In the traditional form's DER: PKCS #1, SEC 1, and PKCS #8 for Ed25519.
    pub fn traditional_der(&self) -> Vec<u8> {
        self.0.private.to_traditional()
    }

    /// As PKCS #8 in DER, as Go's `MarshalPKCS8PrivateKey` writes it.
    pub fn pkcs8_der(&self) -> Vec<u8> {
        self.0.private.to_pkcs8()
    }

    /// The public key as a `SubjectPublicKeyInfo` in DER.
    pub fn public_key_der(&self) -> &[u8] {
        &self.0.public
    }

    /// Whether everybody has this key, since it is one of the pool that simulated runs draw from. It is found out by
    /// looking, so that a key which went through a file is still known.
    pub fn is_public_knowledge(&self) -> bool {
        self.0.kind == KeyKind::Rsa2048 && pool::contains(&self.0.public)
    }

    /// The algorithm that Go signs with when nothing else is asked for: SHA-256 for RSA, the hash of the curve's size
    /// for ECDSA.
    pub fn default_signature(&self) -> SignatureAlgorithm {
        match self.0.kind {
            KeyKind::EcP256 => SignatureAlgorithm::EcdsaWithSha256,
            KeyKind::EcP384 => SignatureAlgorithm::EcdsaWithSha384,
            KeyKind::EcP521 => SignatureAlgorithm::EcdsaWithSha512,
            KeyKind::Ed25519 => SignatureAlgorithm::Ed25519,
            KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => SignatureAlgorithm::Sha256WithRsa,
        }
    }

    /// Signs `message`, hashing it first as `algorithm` says. ECDSA signatures are in DER.
    ///
    /// Errors: the algorithm does not fit the key. ECDSA keys sign with the hash of their curve's size only.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        let wrong = Error::WrongKeyForSignature;
        match self.signer().ok_or(Error::MalformedPrivateKey)? {
            Signer::Ec(key) if algorithm == self.default_signature() => {
                let signed = key.sign(&SystemRandom::new(), message).map_err(|_| wrong)?;
                Ok(signed.as_ref().to_vec())
            }
            Signer::Ed25519(key) if algorithm == SignatureAlgorithm::Ed25519 => {
                Ok(key.sign(message).as_ref().to_vec())
            }
            Signer::Rsa(key) => {
                let encoding: &'static dyn signature::RsaEncoding = match algorithm.rsa() {
                    Some((Hash::Sha256, false)) => &signature::RSA_PKCS1_SHA256,
                    Some((Hash::Sha384, false)) => &signature::RSA_PKCS1_SHA384,
                    Some((Hash::Sha512, false)) => &signature::RSA_PKCS1_SHA512,
                    Some((Hash::Sha256, true)) => &signature::RSA_PSS_SHA256,
                    Some((Hash::Sha384, true)) => &signature::RSA_PSS_SHA384,
                    Some((Hash::Sha512, true)) => &signature::RSA_PSS_SHA512,
                    None => return Err(wrong),
                };
                let mut signed = vec![0; key.public_modulus_len()];
                key.sign(encoding, &SystemRandom::new(), message, &mut signed).map_err(|_| wrong)?;
                Ok(signed)
            }
            Signer::Ec(_) | Signer::Ed25519(_) => Err(wrong),
        }
    }

    fn signer(&self) -> Option<&Signer> {
        let parse = || match &self.0.private {
            Private::Ec { kind, .. } => {
                EcdsaKeyPair::from_pkcs8(ecdsa(*kind), &self.pkcs8_der()).ok().map(Signer::Ec)
            }
            Private::Ed25519 { seed, public } => {
                Ed25519KeyPair::from_seed_and_public_key(seed, public).ok().map(Signer::Ed25519)
            }
            Private::Rsa { pkcs1, .. } => RsaKeyPair::from_der(pkcs1).ok().map(Signer::Rsa),
        };
        self.0.signer.get_or_init(parse).as_ref()
    }
}

impl FromStr for KeyPair {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_pem(text)
    }
}

impl PartialEq for KeyPair {
    fn eq(&self, other: &Self) -> bool {
        self.0.public == other.0.public
    }
}

impl Eq for KeyPair {}

impl fmt::Debug for KeyPair {
    /// Says what it is and nothing of the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({:?})", self.0.kind)
    }
}

fn ecdsa(kind: KeyKind) -> &'static EcdsaSigningAlgorithm {
    match kind {
        KeyKind::EcP384 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
        KeyKind::EcP521 => &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
        _ => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
    }
}
