//! Reading a certificate in the order, and with the words, of Go's parser.

use time::OffsetDateTime;

use super::{Extension, Parsed, extensions};
use crate::der::{Reader, tag};
use crate::signature::SignatureAlgorithm;
use crate::{Error, Name, PublicKey};

pub(super) fn certificate(der: &[u8]) -> Result<Parsed, Error> {
    let malformed = || Error::malformed("malformed certificate");
    let mut input = Reader::new(der);
    let outer = input.element(tag::SEQUENCE).ok_or_else(malformed)?;
    let mut body = Reader::new(outer.content);
    let signed = body.element(tag::SEQUENCE).ok_or(Error::malformed("malformed tbs certificate"))?;
    let start = outer.whole.len() - outer.content.len();

    let mut parsed = signed_part(signed.content, &mut body)?;
    let (_, signature) = body.bit_string().ok_or(Error::malformed("malformed signature"))?;
    if !input.is_empty() {
        return Err(Error::malformed("trailing data"));
    }
    parsed.der = der.to_vec();
    parsed.signed = start..start + signed.whole.len();
    parsed.signature = signature.to_vec();
    Ok(parsed)
}

/// The part that is signed, and the algorithm that stands behind it once more.
fn signed_part(content: &[u8], behind: &mut Reader<'_>) -> Result<Parsed, Error> {
    let mut part = Reader::new(content);
    let version = version(&mut part)?;
    let serial = part.integer().ok_or(Error::malformed("malformed serial number"))?;
    if serial[0] & 0x80 != 0 {
        return Err(Error::malformed("negative serial number"));
    }
    let signature_algorithm = signature_algorithm(&mut part, behind)?;
    let issuer = part.element(tag::SEQUENCE).ok_or(Error::malformed("malformed issuer"))?.whole;
    let issuer_name = Name::from_der(issuer)?;
    let (not_before, not_after) = validity(&mut part)?;
    // Go says "issuer" here, too.
    let subject = part.element(tag::SEQUENCE).ok_or(Error::malformed("malformed issuer"))?.whole;
    let subject_name = Name::from_der(subject)?;
    let spki = part.element(tag::SEQUENCE).ok_or(Error::malformed("malformed spki"))?.whole;
    let public_key = PublicKey::from_der(spki)?;
    let extensions = if version > 1 { optional_parts(&mut part, version)? } else { Vec::new() };
    let processed = extensions::process(&extensions)?;
    Ok(Parsed {
        der: Vec::new(),
        signed: 0..0,
        version,
        serial: serial.to_vec(),
        signature_algorithm,
        signature: Vec::new(),
        raw_issuer: issuer.to_vec(),
        issuer: issuer_name,
        raw_subject: subject.to_vec(),
        subject: subject_name,
        not_before,
        not_after,
        public_key_der: spki.to_vec(),
        public_key,
        extensions,
        processed,
    })
}

/// The version counted from 1, where the field counts from 0 and may be missing.
fn version(part: &mut Reader<'_>) -> Result<u64, Error> {
    let malformed = || Error::malformed("malformed version");
    let version = match part.optional(tag::constructed(0)).ok_or_else(malformed)? {
        None => 0,
        Some(mut field) => {
            let version = field.unsigned().ok_or_else(malformed)?;
            field.is_empty().then_some(version).ok_or_else(malformed)?
        }
    };
    if version > 2 { Err(Error::malformed("invalid version")) } else { Ok(version + 1) }
}

fn signature_algorithm(part: &mut Reader<'_>, behind: &mut Reader<'_>) -> Result<SignatureAlgorithm, Error> {
    let inner =
        part.element(tag::SEQUENCE).ok_or(Error::malformed("malformed signature algorithm identifier"))?;
    let outer = behind.element(tag::SEQUENCE).ok_or(Error::malformed("malformed algorithm identifier"))?;
    if inner.content != outer.content {
        return Err(Error::malformed("inner and outer signature algorithm identifiers don't match"));
    }
    SignatureAlgorithm::read(inner.content).ok_or(Error::malformed("malformed OID"))
}

fn validity(part: &mut Reader<'_>) -> Result<(OffsetDateTime, OffsetDateTime), Error> {
    let mut pair = part.read(tag::SEQUENCE).ok_or(Error::malformed("malformed validity"))?;
    Ok((moment(&mut pair)?, moment(&mut pair)?))
}

/// A moment, in either of the two forms.
pub(crate) fn moment(reader: &mut Reader<'_>) -> Result<OffsetDateTime, Error> {
    if reader.is_next(tag::UTC_TIME) {
        reader.utc_time().ok_or(Error::malformed("malformed UTCTime"))
    } else if reader.is_next(tag::GENERALIZED_TIME) {
        reader.generalized_time().ok_or(Error::malformed("malformed GeneralizedTime"))
    } else {
        Err(Error::malformed("unsupported time format"))
    }
}

/// What versions 2 and 3 added: two identifiers that nobody uses, and the extensions.
fn optional_parts(part: &mut Reader<'_>, version: u64) -> Result<Vec<Extension>, Error> {
    part.optional(tag::context(1)).ok_or(Error::malformed("malformed issuerUniqueID"))?;
    part.optional(tag::context(2)).ok_or(Error::malformed("malformed subjectUniqueID"))?;
    if version < 3 {
        return Ok(Vec::new());
    }
    let malformed = || Error::malformed("malformed extensions");
    let Some(mut field) = part.optional(tag::constructed(3)).ok_or_else(malformed)? else {
        return Ok(Vec::new());
    };
    extension_list(field.read(tag::SEQUENCE).ok_or_else(malformed)?)
}

/// The extensions of a certificate, of which each may be there once.
fn extension_list(mut list: Reader<'_>) -> Result<Vec<Extension>, Error> {
    let mut extensions: Vec<Extension> = Vec::new();
    while !list.is_empty() {
        let extension = extension(list.read(tag::SEQUENCE).ok_or(Error::malformed("malformed extension"))?)?;
        if extensions.iter().any(|seen| seen.oid == extension.oid) {
            let what = format!("certificate contains duplicate extension with OID \"{}\"", extension.oid);
            return Err(Error::malformed(what));
        }
        extensions.push(extension);
    }
    Ok(extensions)
}

/// One extension of a certificate or a request.
pub(crate) fn extension(mut fields: Reader<'_>) -> Result<Extension, Error> {
    let oid = fields.oid().ok_or(Error::malformed("malformed extension OID field"))?;
    let critical = if fields.is_next(tag::BOOLEAN) {
        fields.boolean().ok_or(Error::malformed("malformed extension critical field"))?
    } else {
        false
    };
    let value =
        fields.element(tag::OCTET_STRING).ok_or(Error::malformed("malformed extension value field"))?;
    Ok(Extension { oid, critical, value: value.content.to_vec() })
}
