//! Signing requests: what a subject asks an authority to sign.

use std::net::IpAddr;

use yasna::Tag;

use crate::asn1;
use crate::certificate::{
    AlternativeNames, basic_constraints, extension, write_basic_constraints, write_extension,
};
use crate::der::{Reader, tag};
use crate::key::write_oid;
use crate::name::rewritten;
use crate::oid::known;
use crate::{
    BasicConstraints, Error, ExtendedKeyUsage, Extension, KeyPair, KeyUsage, Name, OtherName, PublicKey,
    SignatureAlgorithm, SignatureError, pem,
};

/// A PKCS #10 request as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningRequest {
    der: Vec<u8>,
    signed: Vec<u8>,
    raw_subject: Vec<u8>,
    subject: Name,
    public_key_der: Vec<u8>,
    public_key: PublicKey,
    extensions: Vec<Extension>,
    names: AlternativeNames,
    basic_constraints: Option<BasicConstraints>,
    signature_algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

/// A request to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningRequestBuilder {
    /// For whom.
    pub subject: Name,
    /// Alternative names: domain names.
    pub dns_names: Vec<String>,
    /// Alternative names: mail addresses.
    pub emails: Vec<String>,
    /// Alternative names: addresses.
    pub ip_addresses: Vec<IpAddr>,
    /// Alternative names: URIs.
    pub uris: Vec<String>,
    /// Alternative names of other types.
    pub other_names: Vec<OtherName>,
    /// What the key may do; none: no such extension.
    pub key_usage: KeyUsage,
    /// Whether it wants to be an authority.
    pub basic_constraints: Option<BasicConstraints>,
    /// How to sign; `None`: as Go does for the key.
    pub signature_algorithm: Option<SignatureAlgorithm>,
}

impl SigningRequest {
    /// Reads the first block of a PEM text.
    ///
    /// Errors: not PEM at all; what [`SigningRequest::from_der`] refuses.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        Self::from_der(&pem::first(text).ok_or(Error::NoRequest)?.content)
    }

    /// Reads a request in DER. Its signature is not checked.
    ///
    /// Errors: Go's text for what is wrong with it, such as `asn1: syntax error: data truncated`. Deep inside, where Go
    /// says which field it was at, the text is `asn1: syntax error: sequence truncated`.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let (mut body, whole) = asn1::sequence(der, "certificateRequest")?;
        if whole.len() < der.len() {
            return Err(Error::Asn1("syntax error: trailing data".into()));
        }
        let (mut fields, signed) = asn1::sequence(body.rest(), "tbsCertificateRequest")?;
        body.any().ok_or_else(asn1::truncated)?;
        let algorithm = body.element(tag::SEQUENCE).ok_or_else(asn1::truncated)?;
        let (_, signature) = body.bit_string().ok_or_else(asn1::truncated)?;
        fields.integer().ok_or_else(asn1::truncated)?;
        let raw_subject = fields.any().ok_or_else(asn1::truncated)?.whole;
        let spki = fields.element(tag::SEQUENCE).ok_or_else(asn1::truncated)?.whole;
        let attributes = fields.read(tag::constructed(0)).ok_or_else(asn1::truncated)?;
        let signature_algorithm = SignatureAlgorithm::read(algorithm.content).ok_or_else(asn1::truncated)?;
        let public_key = PublicKey::from_der(spki)?;
        let subject = Name::from_request(raw_subject)?;
        let extensions = requested_extensions(attributes)?;
        let value = |oid| extensions.iter().find(|extension| extension.oid == oid).map(|found| &found.value);
        let names =
            value(known::SUBJECT_ALT_NAME).map(|value| AlternativeNames::from_der(value)).transpose()?;
        let constraints = value(known::BASIC_CONSTRAINTS).and_then(|value| basic_constraints(value).ok());
        Ok(Self {
            der: der.to_vec(),
            signed: signed.to_vec(),
            raw_subject: raw_subject.to_vec(),
            subject,
            public_key_der: spki.to_vec(),
            public_key,
            names: names.unwrap_or_default(),
            basic_constraints: constraints,
            extensions,
            signature_algorithm,
            signature: signature.to_vec(),
        })
    }

    /// Whether the key in the request signed it. SHA-1 is accepted, as Go does here.
    pub fn check_signature(&self) -> Result<(), SignatureError> {
        self.signature_algorithm.verify(&self.public_key, &self.signed, &self.signature, true)
    }

    /// Its bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// As PEM without a line feed at its end, as Vault's answers have it.
    pub fn to_pem(&self) -> String {
        let mut text = pem::encode("CERTIFICATE REQUEST", &self.der);
        text.truncate(text.trim_end().len());
        text
    }

    /// For whom.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The subject in DER, as it is in the request.
    pub fn raw_subject(&self) -> &[u8] {
        &self.raw_subject
    }

    /// The subject in DER as Go writes it into a certificate: each attribute by itself, and texts in the narrowest type.
    ///
    /// Errors: none for a request that was read.
    pub fn rewritten_subject(&self) -> Result<Vec<u8>, Error> {
        rewritten(&self.raw_subject)
    }

    /// The public key as a `SubjectPublicKeyInfo` in DER.
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Alternative names: domain names.
    pub fn dns_names(&self) -> &[String] {
        &self.names.dns
    }

    /// Alternative names: mail addresses.
    pub fn emails(&self) -> &[String] {
        &self.names.emails
    }

    /// Alternative names: addresses.
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.names.ip
    }

    /// Alternative names: URIs.
    pub fn uris(&self) -> &[String] {
        &self.names.uris
    }

    /// Alternative names of other types with a text as their value.
    pub fn other_names(&self) -> &[OtherName] {
        &self.names.other
    }

    /// Whether it wants to be an authority, where it says so.
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.basic_constraints
    }

    /// All extensions it asks for, in their order.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The key usage it asks for; empty where it asks for none.
    pub fn key_usage(&self) -> KeyUsage {
        let found = self.extensions.iter().find(|extension| extension.oid == known::KEY_USAGE);
        found.and_then(|extension| KeyUsage::from_der(&extension.value)).unwrap_or_default()
    }

    /// The purposes it asks for.
    pub fn extended_key_usage(&self) -> Vec<ExtendedKeyUsage> {
        let found = self.extensions.iter().find(|extension| extension.oid == known::EXTENDED_KEY_USAGE);
        let list = found.and_then(|extension| Reader::new(&extension.value).read(tag::SEQUENCE));
        let mut usages = Vec::new();
        if let Some(mut list) = list {
            usages.extend(std::iter::from_fn(|| list.oid().map(ExtendedKeyUsage::from_oid)));
        }
        usages
    }
}

impl SigningRequestBuilder {
    /// Signs the request with the key that it is for.
    ///
    /// Errors: a name that is not ASCII; a signature algorithm that the key cannot do.
    pub fn sign(self, key: &KeyPair) -> Result<SigningRequest, Error> {
        let texts = [&self.dns_names, &self.emails, &self.uris];
        if let Some(text) = texts.into_iter().flatten().find(|text| !text.is_ascii()) {
            let quoted = crate::quote(text);
            return Err(Error::NotEncodable(format!("{quoted} cannot be encoded as an IA5String").into()));
        }
        let algorithm = self.signature_algorithm.unwrap_or_else(|| key.default_signature());
        let signed = self.signed_part(key);
        let signature = key.sign(algorithm, &signed)?;
        let der = yasna::construct_der(|w| {
            w.write_sequence(|w| {
                w.next().write_der(&signed);
                algorithm.write(w.next());
                w.next().write_bitvec_bytes(&signature, signature.len() * 8);
            });
        });
        SigningRequest::from_der(&der)
    }

    fn signed_part(self, key: &KeyPair) -> Vec<u8> {
        let subject = self.subject.to_der();
        let extensions = self.extensions();
        yasna::construct_der(|w| {
            w.write_sequence(|w| {
                w.next().write_u8(0);
                w.next().write_der(&subject);
                w.next().write_der(key.public_key_der());
                w.next().write_tagged_implicit(Tag::context(0), |w| {
                    w.write_set_of(|w| {
                        if !extensions.is_empty() {
                            w.next().write_sequence(|w| {
                                write_oid(w.next(), &known::EXTENSION_REQUEST);
                                w.next().write_set_of(|w| {
                                    w.next().write_sequence(|w| {
                                        extensions.iter().for_each(|one| write_extension(w.next(), one));
                                    });
                                });
                            });
                        }
                    });
                });
            });
        })
    }

    fn extensions(self) -> Vec<Extension> {
        let critical = self.subject.is_empty();
        let names = AlternativeNames {
            dns: self.dns_names,
            emails: self.emails,
            ip: self.ip_addresses,
            uris: self.uris,
            other: self.other_names,
        };
        let has_names = !names.is_empty() || !names.other.is_empty();
        let made = [
            has_names.then(|| Extension { oid: known::SUBJECT_ALT_NAME, critical, value: names.to_der() }),
            (!self.key_usage.is_empty()).then(|| Extension {
                oid: known::KEY_USAGE,
                critical: true,
                value: self.key_usage.to_der(),
            }),
            self.basic_constraints.map(|constraints| Extension {
                oid: known::BASIC_CONSTRAINTS,
                critical: true,
                value: write_basic_constraints(constraints),
            }),
        ];
        made.into_iter().flatten().collect()
    }
}

/// The extensions among the attributes of a request; other attributes, and what is none, are passed over.
fn requested_extensions(mut attributes: Reader<'_>) -> Result<Vec<Extension>, Error> {
    let mut extensions: Vec<Extension> = Vec::new();
    while !attributes.is_empty() {
        let attribute = attributes.any().ok_or_else(asn1::truncated)?;
        let Some(first) = first_of_extension_request(attribute.whole) else { continue };
        let list = Reader::new(first).read(tag::SEQUENCE).ok_or_else(asn1::truncated)?;
        for extension in requested(list)? {
            if extensions.iter().any(|seen| seen.oid == extension.oid) {
                return Err(Error::malformed("certificate request contains duplicate requested extensions"));
            }
            extensions.push(extension);
        }
    }
    Ok(extensions)
}

/// The first value of an attribute that asks for extensions.
fn first_of_extension_request(attribute: &[u8]) -> Option<&[u8]> {
    let mut attribute = Reader::new(attribute).read(tag::SEQUENCE)?;
    if attribute.oid()? != known::EXTENSION_REQUEST {
        return None;
    }
    Some(attribute.read(tag::SET)?.any()?.whole)
}

fn requested(mut list: Reader<'_>) -> Result<Vec<Extension>, Error> {
    let mut extensions = Vec::new();
    while !list.is_empty() {
        let fields = list.read(tag::SEQUENCE).ok_or_else(asn1::truncated)?;
        extensions.push(extension(fields).map_err(|_| asn1::truncated())?);
    }
    Ok(extensions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyKind, KeySource};

    #[test]
    fn a_request_is_read_back_with_everything_it_asks_for() {
        let key = KeySource::generated().key(KeyKind::EcP256).expect("a key");
        let builder = SigningRequestBuilder {
            subject: Name::common("server.global.nomad"),
            dns_names: vec!["server.global.nomad".into(), "localhost".into()],
            ip_addresses: vec!["127.0.0.1".parse().expect("an address")],
            basic_constraints: Some(BasicConstraints { ca: true, path_length: None }),
            key_usage: KeyUsage::CERT_SIGN,
            ..SigningRequestBuilder::default()
        };
        let made = builder.sign(&key).expect("a request");
        let request = SigningRequest::from_pem(&made.to_pem()).expect("a request");
        assert_eq!(request, made);
        assert_eq!(request.subject().common_name, "server.global.nomad");
        assert_eq!(request.dns_names(), ["server.global.nomad", "localhost"]);
        assert_eq!(request.basic_constraints(), Some(BasicConstraints { ca: true, path_length: None }));
        assert_eq!(request.key_usage(), KeyUsage::CERT_SIGN);
        assert_eq!(request.public_key_der(), key.public_key_der());
        assert_eq!(request.check_signature(), Ok(()));
    }

    #[test]
    fn a_changed_request_is_noticed() {
        let key = KeySource::generated().key(KeyKind::EcP256).expect("a key");
        let request = SigningRequestBuilder { subject: Name::common("abcdef"), ..Default::default() };
        let mut der = request.sign(&key).expect("a request").der().to_vec();
        let at = der.windows(6).position(|window| window == b"abcdef").expect("the name");
        der[at] = b'x';
        let changed = SigningRequest::from_der(&der).expect("it still parses");
        assert_eq!(changed.check_signature(), Err(SignatureError::Ecdsa));
    }
}
