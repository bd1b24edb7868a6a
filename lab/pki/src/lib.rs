//! Keys and certificates, made and judged as Go's `crypto/x509` does it.
//!
//! Vault, Nomad and consul-template are Go programs: what they refuse, and in which words, is what Go refuses. So
//! certificates are parsed as strictly and as leniently as Go parses them, chains are built and names compared by its
//! rules, and every error displays as Go's text. Time never comes from the system: [`verify`] is told at which moment
//! to judge.
//!
//! ```
//! use lab_pki::{CertificateBuilder, Issuer, KeyKind, KeySource, Name, Usage, VerifyOptions, verify};
//! use lab_pki::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
//! use lab_world::DEFAULT_EPOCH;
//! use std::time::Duration;
//!
//! let keys = KeySource::generated();
//! let end = DEFAULT_EPOCH + Duration::from_secs(86_400);
//!
//! let key = keys.key(KeyKind::EcP256)?;
//! let mut authority = CertificateBuilder::new(Name::common("nomad root"), DEFAULT_EPOCH, end);
//! authority.basic_constraints = Some(BasicConstraints { ca: true, path_length: None });
//! authority.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN;
//! let root = authority.self_sign(&key)?;
//! let issuer = Issuer { certificate: root.clone(), key };
//!
//! let key = keys.key(KeyKind::EcP256)?;
//! let mut server = CertificateBuilder::new(Name::common("server.global.nomad"), DEFAULT_EPOCH, end);
//! server.dns_names = vec!["server.global.nomad".into()];
//! server.extended_key_usage = vec![ExtendedKeyUsage::ServerAuth];
//! let leaf = server.sign(key.public_key_der(), &issuer)?;
//!
//! let options = VerifyOptions {
//!     roots: &[root],
//!     intermediates: &[],
//!     at: DEFAULT_EPOCH,
//!     usage: Usage::Server,
//!     name: Some("client.global.nomad"),
//! };
//! let refused = verify(&options, &leaf).expect_err("the name is another");
//! assert_eq!(refused.to_string(), "x509: certificate is valid for server.global.nomad, not client.global.nomad");
//! # Ok::<(), lab_pki::Error>(())
//! ```

mod asn1;
mod certificate;
mod der;
mod domain;
mod error;
mod key;
mod name;
mod oid;
pub mod pem;
mod public_key;
mod quote;
mod request;
mod revocation_list;
mod signature;
mod url;
mod url_text;
mod usage;
mod verify;

pub use crate::certificate::{
    BasicConstraints, Certificate, CertificateBuilder, Extension, Issuer, KeyIdentifier, OtherName, Subtrees,
};
pub use crate::error::Error;
pub use crate::key::{KeyKind, KeyPair, KeySource};
pub use crate::name::Name;
pub use crate::oid::Oid;
pub use crate::public_key::{Curve, PublicKey};
pub use crate::quote::{colons, quote};
pub use crate::request::{SigningRequest, SigningRequestBuilder};
pub use crate::revocation_list::RevocationList;
pub use crate::signature::{SignatureAlgorithm, SignatureError};
pub use crate::url::Url;
pub use crate::usage::{ExtendedKeyUsage, KeyUsage};
pub use crate::verify::{
    Hint, Usage, VerifyError, VerifyOptions, verify, verify_hostname, verify_ignoring_time,
};

/// Whether a certificate is for a key.
pub fn key_matches(certificate: &Certificate, key: &KeyPair) -> bool {
    certificate.public_key_der() == key.public_key_der()
}
