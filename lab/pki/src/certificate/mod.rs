//! Certificates as they are read.

mod alternative_names;
mod builder;
mod constraints;
mod encode;
mod extensions;
mod parse;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use time::OffsetDateTime;

use self::extensions::Processed;
use crate::signature::{SignatureAlgorithm, SignatureError};
use crate::{Error, ExtendedKeyUsage, KeyUsage, Name, Oid, PublicKey, colons, pem};

pub(crate) use self::alternative_names::AlternativeNames;
pub use self::builder::{BasicConstraints, CertificateBuilder, Issuer, KeyIdentifier, OtherName};
pub use self::constraints::Subtrees;
pub(crate) use self::encode::{write_basic_constraints, write_extension};
pub(crate) use self::extensions::basic_constraints;
pub(crate) use self::parse::{extension, moment};

/// A certificate, read as strictly as Go reads it. Clones share it; two are equal when their bytes are.
#[derive(Clone)]
pub struct Certificate(Arc<Parsed>);

/// One extension as it stands in a certificate or a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// What it is.
    pub oid: Oid,
    /// Whether whoever does not know it must refuse the certificate.
    pub critical: bool,
    /// Its value in DER.
    pub value: Vec<u8>,
}

struct Parsed {
    der: Vec<u8>,
    /// Where in `der` the signed part starts and ends.
    signed: std::ops::Range<usize>,
    version: u64,
    serial: Vec<u8>,
    signature_algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
    raw_issuer: Vec<u8>,
    issuer: Name,
    raw_subject: Vec<u8>,
    subject: Name,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    public_key_der: Vec<u8>,
    public_key: PublicKey,
    extensions: Vec<Extension>,
    processed: Processed,
}

impl Certificate {
    /// Reads one certificate in DER with nothing behind it.
    ///
    /// Errors: Go's text for what is wrong with it, such as `x509: malformed certificate`.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        parse::certificate(der).map(|parsed| Self(Arc::new(parsed)))
    }

    /// Reads the first certificate of a PEM text.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let block = pem::blocks(text).into_iter().find(is_certificate).ok_or(Error::NoCertificate)?;
        Self::from_der(&block.content)
    }

    /// Reads all certificates of a PEM text in their order; there must be one. Other blocks are passed over.
    pub fn bundle_from_pem(text: &str) -> Result<Vec<Self>, Error> {
        let blocks = pem::blocks(text);
        let read =
            blocks.iter().filter(|block| is_certificate(block)).map(|block| Self::from_der(&block.content));
        let certificates: Vec<_> = read.collect::<Result<_, _>>()?;
        if certificates.is_empty() { Err(Error::NoCertificate) } else { Ok(certificates) }
    }

    /// The certificates of a PEM text that parse, each once: what Go's `CertPool.AppendCertsFromPEM` takes from a CA
    /// file. Nothing is an error; the caller says what an empty answer means.
    pub fn authorities_from_pem(text: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        let blocks =
            pem::blocks(text).into_iter().filter(|block| is_certificate(block) && !block.has_headers);
        for certificate in blocks.filter_map(|block| Self::from_der(&block.content).ok()) {
            if !found.contains(&certificate) {
                found.push(certificate);
            }
        }
        found
    }

    /// Its bytes.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The part of it that is signed.
    pub fn signed_part(&self) -> &[u8] {
        &self.0.der[self.0.signed.clone()]
    }

    /// As PEM **without** a line feed at its end, as Vault's answers have it.
    pub fn to_pem(&self) -> String {
        let mut text = pem::encode("CERTIFICATE", self.der());
        text.truncate(text.trim_end().len());
        text
    }

    /// Whom it is for.
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// Who signed it.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// The subject in DER, as it is in the certificate.
    pub fn raw_subject(&self) -> &[u8] {
        &self.0.raw_subject
    }

    /// The issuer in DER, as it is in the certificate.
    pub fn raw_issuer(&self) -> &[u8] {
        &self.0.raw_issuer
    }

    /// The subject's common name; empty where there is none.
    pub fn common_name(&self) -> &str {
        &self.0.subject.common_name
    }

    /// The serial number as Vault writes it: lower-case pairs of hex digits with colons, without leading zero bytes.
    pub fn serial(&self) -> String {
        colons(self.serial_bytes())
    }

    /// The serial number's bytes, without leading zeros.
    pub fn serial_bytes(&self) -> &[u8] {
        match self.0.serial.as_slice() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            bytes => bytes,
        }
    }

    /// The X.509 version, 1 to 3.
    pub fn version(&self) -> u64 {
        self.0.version
    }

    /// The first moment at which it is valid.
    pub fn not_before(&self) -> OffsetDateTime {
        self.0.not_before
    }

    /// The last moment at which it is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        self.0.not_after
    }

    /// The domain names among its alternative names.
    pub fn dns_names(&self) -> &[String] {
        &self.0.processed.names.dns
    }

    /// The addresses among its alternative names.
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.0.processed.names.ip
    }

    /// The URIs among its alternative names.
    pub fn uris(&self) -> &[String] {
        &self.0.processed.names.uris
    }

    /// The mail addresses among its alternative names.
    pub fn emails(&self) -> &[String] {
        &self.0.processed.names.emails
    }

    /// The alternative names of other types that have a text as their value.
    pub fn other_names(&self) -> &[OtherName] {
        &self.0.processed.names.other
    }

    /// The only domains that certificates below this one may name; none: all.
    pub fn permitted_dns_names(&self) -> &[String] {
        self.name_constraints().map_or(&[], |(permitted, _)| &permitted.dns)
    }

    /// Whether its basic constraints say that it is an authority.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints().is_some_and(|constraints| constraints.ca)
    }

    /// How many authorities may follow below this one; `None` where nothing limits it.
    pub fn max_path_length(&self) -> Option<u64> {
        self.basic_constraints().and_then(|constraints| constraints.path_length)
    }

    /// The basic constraints, where it has them.
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.0.processed.basic_constraints
    }

    /// What its key may do; empty where the extension is missing.
    pub fn key_usage(&self) -> KeyUsage {
        self.0.processed.key_usage
    }

    /// The purposes it is for; none where the extension is missing.
    pub fn extended_key_usage(&self) -> &[ExtendedKeyUsage] {
        &self.0.processed.extended_key_usage
    }

    /// The identifier of its own key; empty where it is missing.
    pub fn subject_key_id(&self) -> &[u8] {
        &self.0.processed.subject_key_id
    }

    /// The identifier of its signer's key; empty where it is missing.
    pub fn authority_key_id(&self) -> &[u8] {
        &self.0.processed.authority_key_id
    }

    /// The URLs of OCSP responders.
    pub fn ocsp_servers(&self) -> &[String] {
        &self.0.processed.ocsp_servers
    }

    /// The URLs of its issuer's certificate.
    pub fn issuing_certificate_urls(&self) -> &[String] {
        &self.0.processed.issuing_certificate_urls
    }

    /// The URLs of revocation lists.
    pub fn crl_distribution_points(&self) -> &[String] {
        &self.0.processed.crl_distribution_points
    }

    /// The policies it was issued under.
    pub fn policies(&self) -> &[Oid] {
        &self.0.processed.policies
    }

    /// All its extensions in their order.
    pub fn extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    /// Its public key as a `SubjectPublicKeyInfo` in DER.
    pub fn public_key_der(&self) -> &[u8] {
        &self.0.public_key_der
    }

    /// Its public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// How it is signed.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.0.signature_algorithm
    }

    /// Whether its own key signed it.
    pub fn is_self_signed(&self) -> bool {
        self.0.raw_subject == self.0.raw_issuer && self.check_signature_by(self.public_key(), false).is_ok()
    }

    /// Whether `parent` signed it and may sign certificates: Go's `CheckSignatureFrom`. Neither names nor times are
    /// looked at.
    pub fn check_signature_from(&self, parent: &Self) -> Result<(), SignatureError> {
        let is_authority = match parent.basic_constraints() {
            Some(constraints) => constraints.ca,
            None => parent.version() != 3,
        };
        let may_sign = parent.key_usage().is_empty() || parent.key_usage().contains(KeyUsage::CERT_SIGN);
        if !is_authority || !may_sign {
            return Err(SignatureError::NotAnAuthority);
        }
        self.check_signature_by(parent.public_key(), false)
    }

    fn check_signature_by(&self, key: &PublicKey, allow_sha1: bool) -> Result<(), SignatureError> {
        self.0.signature_algorithm.verify(key, self.signed_part(), &self.0.signature, allow_sha1)
    }

    pub(crate) fn has_alternative_names(&self) -> bool {
        self.raw_alternative_names().is_some()
    }

    pub(crate) fn raw_alternative_names(&self) -> Option<&[u8]> {
        let is_names = |extension: &&Extension| extension.oid == crate::oid::known::SUBJECT_ALT_NAME;
        self.0.extensions.iter().find(is_names).map(|extension| extension.value.as_slice())
    }

    pub(crate) fn has_unhandled_critical_extension(&self) -> bool {
        self.0.processed.has_unhandled_critical
    }

    pub(crate) fn requires_explicit_policy(&self) -> Option<u64> {
        self.0.processed.require_explicit_policy
    }

    /// The names that it permits and forbids below it, where it has name constraints.
    pub(crate) fn name_constraints(&self) -> Option<&(Subtrees, Subtrees)> {
        self.0.processed.name_constraints.as_ref()
    }
}

fn is_certificate(block: &pem::Block) -> bool {
    block.label == "CERTIFICATE"
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject(), self.serial())
    }
}
