//! Making certificates.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use time::{OffsetDateTime, UtcOffset};
use yasna::DERWriter;
use yasna::models::{GeneralizedTime, UTCTime};

use super::{AlternativeNames, Certificate, Extension, Subtrees, encode};
use crate::der::{Reader, tag};
use crate::oid::known;
use crate::{Error, ExtendedKeyUsage, KeyPair, KeyUsage, Name, Oid, SignatureAlgorithm};

/// A certificate to be made. Its extensions are written in the order and the encoding of Go's
/// `x509.CreateCertificate`, which Vault and Nomad use.
///
/// Fill in the fields and call [`CertificateBuilder::sign`] or [`CertificateBuilder::self_sign`].
#[derive(Clone, Debug)]
pub struct CertificateBuilder {
    /// Whom it is for.
    pub subject: Name,
    /// The subject in DER instead of `subject`, for those who must not change a byte of it.
    pub raw_subject: Option<Vec<u8>>,
    /// Alternative names: domain names.
    pub dns_names: Vec<String>,
    /// Alternative names: mail addresses.
    pub emails: Vec<String>,
    /// Alternative names: addresses.
    pub ip_addresses: Vec<IpAddr>,
    /// Alternative names: URIs.
    pub uris: Vec<String>,
    /// Alternative names of other types. With one of them the extension moves behind all others, as Vault has it.
    pub other_names: Vec<OtherName>,
    /// The first moment of validity; fractions of seconds are cut.
    pub not_before: OffsetDateTime,
    /// The last moment of validity; fractions of seconds are cut.
    pub not_after: OffsetDateTime,
    /// The serial number, big-endian; it is written as a positive number.
    pub serial: Vec<u8>,
    /// What the key may do; none: no such extension.
    pub key_usage: KeyUsage,
    /// What it is for, in this order; none: no such extension.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// Whether it is an authority.
    pub basic_constraints: Option<BasicConstraints>,
    /// The identifier of its own key.
    pub subject_key_id: KeyIdentifier,
    /// The identifier of its signer's key.
    pub authority_key_id: KeyIdentifier,
    /// URLs of OCSP responders.
    pub ocsp_servers: Vec<String>,
    /// URLs of the issuer's certificate.
    pub issuing_certificate_urls: Vec<String>,
    /// Policies it is issued under.
    pub policies: Vec<Oid>,
    /// The only names that certificates below this one may have, of each kind of which there are any.
    pub permitted: Subtrees,
    /// Names that certificates below this one may not have.
    pub excluded: Subtrees,
    /// URLs of revocation lists.
    pub crl_distribution_points: Vec<String>,
    /// URLs of what was added to revocation lists; the extension stands behind all others.
    pub delta_crl_distribution_points: Vec<String>,
    /// More extensions, behind all others. One that is also made from a field replaces it.
    pub extra_extensions: Vec<Extension>,
    /// How to sign; `None`: as Go does for the issuer's key.
    pub signature_algorithm: Option<SignatureAlgorithm>,
}

/// The basic constraints extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether it is an authority.
    pub ca: bool,
    /// How many authorities may follow below it.
    pub path_length: Option<u64>,
}

/// An alternative name of another type, with a text as its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherName {
    /// The type.
    pub oid: Oid,
    /// The value, a UTF-8 string.
    pub value: String,
}

/// How a certificate names a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyIdentifier {
    /// As Vault does: the SHA-1 of the public key's bits; a signer's as its certificate states it.
    #[default]
    Computed,
    /// Not at all.
    Absent,
    /// By these bytes.
    Given(Vec<u8>),
}

/// Who signs: a certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The certificate.
    pub certificate: Certificate,
    /// The key that belongs to it.
    pub key: KeyPair,
}

impl CertificateBuilder {
    /// A certificate for `subject` over a time, with nothing else in it.
    pub fn new(subject: Name, not_before: OffsetDateTime, not_after: OffsetDateTime) -> Self {
        Self {
            subject,
            raw_subject: None,
            dns_names: Vec::new(),
            emails: Vec::new(),
            ip_addresses: Vec::new(),
            uris: Vec::new(),
            other_names: Vec::new(),
            not_before,
            not_after,
            serial: vec![1],
            key_usage: KeyUsage::default(),
            extended_key_usage: Vec::new(),
            basic_constraints: None,
            subject_key_id: KeyIdentifier::Computed,
            authority_key_id: KeyIdentifier::Computed,
            ocsp_servers: Vec::new(),
            issuing_certificate_urls: Vec::new(),
            policies: Vec::new(),
            permitted: Subtrees::default(),
            excluded: Subtrees::default(),
            crl_distribution_points: Vec::new(),
            delta_crl_distribution_points: Vec::new(),
            extra_extensions: Vec::new(),
            signature_algorithm: None,
        }
    }

    /// Signs it for the public key of `subject_public_key_der`, a `SubjectPublicKeyInfo`.
    ///
    /// Errors: a name that is not ASCII, a date after 9999, a signature algorithm that the issuer's key cannot do, or
    /// anything that could not be read back.
    pub fn sign(self, subject_public_key_der: &[u8], issuer: &Issuer) -> Result<Certificate, Error> {
        let authority = issuer.certificate.subject_key_id().to_vec();
        self.build(subject_public_key_der, issuer.certificate.raw_subject(), authority, &issuer.key)
    }

    /// Signs it with its own key.
    ///
    /// Errors: as [`CertificateBuilder::sign`].
    pub fn self_sign(self, key: &KeyPair) -> Result<Certificate, Error> {
        let subject = self.subject_der();
        let authority = self.subject_key_id(key.public_key_der())?;
        self.build(key.public_key_der(), &subject, authority, key)
    }

    fn build(
        self,
        spki: &[u8],
        issuer: &[u8],
        authority: Vec<u8>,
        key: &KeyPair,
    ) -> Result<Certificate, Error> {
        self.check()?;
        let algorithm = self.signature_algorithm.unwrap_or_else(|| key.default_signature());
        let signed = self.signed_part(spki, issuer, authority, algorithm)?;
        let signature = key.sign(algorithm, &signed)?;
        let der = yasna::construct_der(|w| {
            w.write_sequence(|w| {
                w.next().write_der(&signed);
                algorithm.write(w.next());
                w.next().write_bitvec_bytes(&signature, signature.len() * 8);
            });
        });
        Certificate::from_der(&der)
    }

    /// What cannot be written, in Go's words where it has some.
    fn check(&self) -> Result<(), Error> {
        let texts = [&self.dns_names, &self.emails, &self.uris];
        let limits = [&self.permitted, &self.excluded];
        let limits = limits.into_iter().flat_map(|names| [&names.dns, &names.emails, &names.uris]);
        if let Some(text) = texts.into_iter().chain(limits).flatten().find(|text| !text.is_ascii()) {
            let quoted = crate::quote(text);
            return Err(Error::NotEncodable(format!("{quoted} cannot be encoded as an IA5String").into()));
        }
        for moment in [self.not_before, self.not_after] {
            if !(0..=9999).contains(&moment.to_offset(UtcOffset::UTC).year()) {
                return Err(Error::NotEncodable("cannot represent time as GeneralizedTime".into()));
            }
        }
        Ok(())
    }

    fn signed_part(
        &self,
        spki: &[u8],
        issuer: &[u8],
        authority: Vec<u8>,
        algorithm: SignatureAlgorithm,
    ) -> Result<Vec<u8>, Error> {
        let extensions = self.extensions(spki, authority)?;
        Ok(yasna::construct_der(|w| {
            w.write_sequence(|w| {
                w.next().write_tagged(yasna::Tag::context(0), |w| w.write_u8(2));
                w.next().write_bigint_bytes(&self.serial, true);
                algorithm.write(w.next());
                w.next().write_der(issuer);
                w.next().write_sequence(|w| {
                    write_moment(w.next(), self.not_before);
                    write_moment(w.next(), self.not_after);
                });
                w.next().write_der(&self.subject_der());
                w.next().write_der(spki);
                if !extensions.is_empty() {
                    w.next().write_tagged(yasna::Tag::context(3), |w| {
                        w.write_sequence(|w| {
                            extensions
                                .iter()
                                .for_each(|extension| encode::write_extension(w.next(), extension));
                        });
                    });
                }
            });
        }))
    }

    fn subject_der(&self) -> Vec<u8> {
        self.raw_subject.clone().unwrap_or_else(|| self.subject.to_der())
    }

    fn subject_key_id(&self, spki: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.subject_key_id {
            KeyIdentifier::Computed => key_id(spki),
            KeyIdentifier::Absent => Ok(Vec::new()),
            KeyIdentifier::Given(id) => Ok(id.clone()),
        }
    }

    /// The extensions in the order of Go's `buildCertExtensions`.
    fn extensions(&self, spki: &[u8], authority: Vec<u8>) -> Result<Vec<Extension>, Error> {
        let subject_key_id = self.subject_key_id(spki)?;
        let authority_key_id = match &self.authority_key_id {
            KeyIdentifier::Computed => authority,
            KeyIdentifier::Absent => Vec::new(),
            KeyIdentifier::Given(id) => id.clone(),
        };
        let names = self.alternative_names();
        let (names_in_place, names_behind) =
            if self.other_names.is_empty() { (names, None) } else { (None, names) };
        let when = |condition: bool, make: &dyn Fn() -> Extension| condition.then(make);
        let made = [
            when(!self.key_usage.is_empty(), &|| encode::key_usage(self.key_usage)),
            when(!self.extended_key_usage.is_empty(), &|| {
                encode::extended_key_usage(&self.extended_key_usage)
            }),
            self.basic_constraints.map(encode::basic_constraints),
            when(!subject_key_id.is_empty(), &|| encode::subject_key_id(&subject_key_id)),
            when(!authority_key_id.is_empty(), &|| encode::authority_key_id(&authority_key_id)),
            when(!self.ocsp_servers.is_empty() || !self.issuing_certificate_urls.is_empty(), &|| {
                encode::information_access(&self.ocsp_servers, &self.issuing_certificate_urls)
            }),
            names_in_place,
            when(!self.policies.is_empty(), &|| encode::policies(&self.policies)),
            when(!self.permitted.is_empty() || !self.excluded.is_empty(), &|| {
                encode::name_constraints(&self.permitted, &self.excluded)
            }),
            when(!self.crl_distribution_points.is_empty(), &|| {
                encode::distribution_points(known::CRL_DISTRIBUTION_POINTS, &self.crl_distribution_points)
            }),
            names_behind,
        ];
        let is_replaced = |made: &Extension| self.extra_extensions.iter().any(|extra| extra.oid == made.oid);
        let made = made.into_iter().flatten().filter(|made| !is_replaced(made));
        let freshest = (!self.delta_crl_distribution_points.is_empty())
            .then(|| encode::distribution_points(known::FRESHEST_CRL, &self.delta_crl_distribution_points));
        Ok(made.chain(self.extra_extensions.iter().cloned()).chain(freshest).collect())
    }

    fn alternative_names(&self) -> Option<Extension> {
        let names = AlternativeNames {
            dns: self.dns_names.clone(),
            emails: self.emails.clone(),
            ip: self.ip_addresses.clone(),
            uris: self.uris.clone(),
            other: self.other_names.clone(),
        };
        let is_missing = names.is_empty() && names.other.is_empty();
        // A certificate that names nobody in its subject must not be read by those who do not know this extension.
        let critical = self.raw_subject.as_ref().map_or(self.subject.is_empty(), |raw| raw == &[0x30, 0]);
        (!is_missing).then(|| Extension { oid: known::SUBJECT_ALT_NAME, critical, value: names.to_der() })
    }
}

/// The SHA-1 of a public key's bits, by which Vault and Go's older versions name keys.
///
/// Errors: not a `SubjectPublicKeyInfo`.
pub(crate) fn key_id(spki: &[u8]) -> Result<Vec<u8>, Error> {
    let bits = || {
        let mut fields = Reader::new(spki).read(tag::SEQUENCE)?;
        fields.element(tag::SEQUENCE)?;
        fields.bit_string()
    };
    let (_, bits) = bits().ok_or(Error::malformed("malformed spki"))?;
    Ok(digest(&SHA1_FOR_LEGACY_USE_ONLY, bits).as_ref().to_vec())
}

/// UTCTime up to 2049 and GeneralizedTime from then on, in whole seconds.
fn write_moment(writer: DERWriter<'_>, moment: OffsetDateTime) {
    let moment = moment.to_offset(UtcOffset::UTC);
    let whole = moment.replace_nanosecond(0).unwrap_or(moment);
    if (1950..2050).contains(&whole.year()) {
        writer.write_utctime(&UTCTime::from_datetime(whole));
    } else {
        writer.write_generalized_time(&GeneralizedTime::from_datetime(whole));
    }
}
