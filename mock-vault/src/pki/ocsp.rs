//! `ocsp`: whether a certificate is revoked, one at a time.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::{SignatureAlgorithm, colons};
use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use time::OffsetDateTime;
use yasna::models::{GeneralizedTime, ObjectIdentifier};
use yasna::{DERWriter, Tag};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Response, parse_seconds};
use crate::pki::der::{Element, element, elements, public_key_bits};
use crate::pki::engine::Pki;
use crate::pki::model::IssuerEntry;

const CONTENT_TYPE: &str = "application/ocsp-response";
/// From this length on no request is read.
const TOO_LONG: usize = 2048;

/// The endpoints of OCSP.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("ocsp", &[], &[(Update, post)]).open(),
    Endpoint::new("ocsp/{req*}", &[REQUEST], &[(Read, get)]),
];

const REQUEST: &[Field] = &[Field::text("req")];

fn post(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let body = call.request.data.get("http_raw_body").and_then(serde_json::Value::as_str).unwrap_or("");
    answer(pki, call, STANDARD.decode(body).ok().filter(|request| request.len() < TOO_LONG))
}

fn get(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let text = Some(call.fields.text("req")).filter(|text| text.len() < TOO_LONG);
    answer(pki, call, text.and_then(|text| STANDARD.decode(text).ok()))
}

/// An answer without a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Malformed,
    Internal,
    Unauthorized,
}

impl Refused {
    fn answer(self) -> Outcome {
        let (http, status) = match self {
            Self::Malformed => (400, 1),
            Self::Internal => (500, 2),
            Self::Unauthorized => (401, 6),
        };
        Response::raw(http, CONTENT_TYPE, vec![0x30, 0x03, 0x0a, 0x01, status]).ok()
    }
}

/// Hashes by their identifiers.
const HASHES: [(&[u8], &Algorithm); 4] = [
    (&[0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a], &SHA1_FOR_LEGACY_USE_ONLY),
    (&[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], &SHA256),
    (&[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], &SHA384),
    (&[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], &SHA512),
];

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// Which certificate is asked about.
struct Question<'a> {
    hash: &'static Algorithm,
    issuer_name: &'a [u8],
    issuer_key: &'a [u8],
    /// The whole number, as the answer repeats it.
    serial: Element<'a>,
}

impl<'a> Question<'a> {
    /// Reads a request; of several certificates the first counts, but all must be well formed.
    fn read(der: &'a [u8]) -> Option<Self> {
        let (request, rest) = element(der)?;
        let (signed, _) = element(sequence(&request).filter(|_| rest.is_empty())?)?;
        // A version and who asks may come first.
        let mut parts =
            elements(sequence(&signed)?)?.into_iter().filter(|part| !matches!(part.tag, 0xa0 | 0xa1));
        let list = elements(sequence(&parts.next()?)?)?;
        let questions: Option<Vec<Self>> = list.iter().map(Self::read_one).collect();
        questions?.into_iter().next()
    }

    fn read_one(request: &Element<'a>) -> Option<Self> {
        let (id, _) = element(sequence(request)?)?;
        let parts = elements(sequence(&id)?)?;
        let [algorithm, name, key, serial, ..] = parts.as_slice() else { return None };
        let (oid, _) = element(sequence(algorithm)?)?;
        let known = HASHES.iter().find(|(known, _)| *known == oid.whole);
        let (_, hash) = known?;
        let fits = name.tag == OCTETS && key.tag == OCTETS && is_number(serial);
        fits.then_some(Self { hash, issuer_name: name.content, issuer_key: key.content, serial: *serial })
    }

    /// The serial number as it is printed.
    fn serial(&self) -> String {
        colons(self.serial.content.strip_prefix(&[0]).unwrap_or(self.serial.content))
    }

    /// Whether it is about something that this issuer signed.
    fn is_of(&self, issuer: &IssuerEntry) -> bool {
        hashes(self.hash, issuer)
            .is_some_and(|(name, key)| name == self.issuer_name && key == self.issuer_key)
    }
}

fn sequence<'a>(element: &Element<'a>) -> Option<&'a [u8]> {
    (element.tag == SEQUENCE).then_some(element.content)
}

/// Whether it is a whole number in the shortest form.
fn is_number(element: &Element<'_>) -> bool {
    let padded = match element.content {
        [] => return false,
        [0, second, ..] => second & 0x80 == 0,
        [0xff, second, ..] => second & 0x80 != 0,
        _ => false,
    };
    element.tag == INTEGER && !padded
}

/// The hashes of an issuer's name and key.
fn hashes(hash: &'static Algorithm, issuer: &IssuerEntry) -> Option<(Vec<u8>, Vec<u8>)> {
    let certificate = &issuer.certificate.0;
    let of = |bytes: &[u8]| digest(hash, bytes).as_ref().to_vec();
    Some((of(certificate.raw_subject()), of(public_key_bits(certificate.public_key_der())?)))
}

/// What is known of the certificate.
enum Status {
    Good,
    Revoked(OffsetDateTime),
    Unknown,
}

fn answer(pki: &mut Pki, call: &Call<'_>, request: Option<Vec<u8>>) -> Outcome {
    if pki.crl_config.get().ocsp_disable {
        return Refused::Unauthorized.answer();
    }
    let Some(question) = request.as_deref().and_then(Question::read) else {
        return Refused::Malformed.answer();
    };
    let told = pki
        .told(&question)
        .and_then(|(issuer, status)| signed(pki, call, issuer, &question, &status).ok_or(Refused::Internal));
    match told {
        Ok(der) => Response::raw(200, CONTENT_TYPE, der).ok(),
        Err(refused) => refused.answer(),
    }
}

impl Pki {
    /// What is known of the certificate, and who says so.
    fn told(&self, question: &Question<'_>) -> Result<(&IssuerEntry, Status), Refused> {
        let stored = self.certificates.get(&question.serial());
        let revoked = stored.and_then(|stored| Some((stored.revoked?, stored.issuer_id.as_str())));
        // Only the issuer of a revoked certificate is asked for; of others it is not looked up who signed them.
        let asked = |issuer: &&IssuerEntry| {
            revoked.is_none_or(|(_, id)| id.is_empty() || id == issuer.id)
                && !issuer.key_id.is_empty()
                && question.is_of(issuer)
        };
        let own: Vec<&IssuerEntry> = self.issuers.values().filter(asked).collect();
        match own.iter().find(|issuer| issuer.may("ocsp-signing")) {
            // A serial number that was never given out is good: only revocations are recorded.
            Some(issuer) => Ok((issuer, revoked.map_or(Status::Good, |(at, _)| Status::Revoked(at)))),
            None if own.is_empty() => match self.issuer("default") {
                Ok(issuer) if !issuer.key_id.is_empty() && issuer.may("ocsp-signing") => {
                    Ok((issuer, Status::Unknown))
                }
                _ => Err(Refused::Unauthorized),
            },
            None => Err(Refused::Unauthorized),
        }
    }
}

/// An answer with its signature; `None` where the key is of a kind that OCSP does not know.
fn signed(
    pki: &Pki,
    call: &Call<'_>,
    issuer: &IssuerEntry,
    question: &Question<'_>,
    status: &Status,
) -> Option<Vec<u8>> {
    let key = &pki.keys.get(&issuer.key_id)?.key.0;
    let expiry = parse_seconds(&pki.crl_config.get().ocsp_expiry.as_str().into()).unwrap_or(0).max(0);
    let expiry = Duration::from_secs(expiry.unsigned_abs());
    let data = response_data(issuer, question, status, call.now(), expiry)?;
    let algorithm = match issuer.revocation_algorithm(key) {
        SignatureAlgorithm::Ed25519 => return None,
        SignatureAlgorithm::Sha256WithRsaPss => SignatureAlgorithm::Sha256WithRsa,
        SignatureAlgorithm::Sha384WithRsaPss => SignatureAlgorithm::Sha384WithRsa,
        SignatureAlgorithm::Sha512WithRsaPss => SignatureAlgorithm::Sha512WithRsa,
        other => other,
    };
    let signature = key.sign(algorithm, &data).ok()?;
    let basic = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&data);
            writer.next().write_der(&algorithm.to_der());
            writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
        });
    });
    Some(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_enum(0);
            writer.next().write_tagged(Tag::context(0), |writer| {
                writer.write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 1]));
                    writer.next().write_bytes(&basic);
                });
            });
        });
    }))
}

/// What is signed. The certificate is named as the issuer's who signs.
fn response_data(
    issuer: &IssuerEntry,
    question: &Question<'_>,
    status: &Status,
    now: OffsetDateTime,
    expiry: Duration,
) -> Option<Vec<u8>> {
    let (name, key) = hashes(question.hash, issuer)?;
    let (oid, _) = HASHES.iter().find(|(_, hash)| std::ptr::eq(*hash, question.hash))?;
    let minute = now.replace_second(0).unwrap_or(now);
    Some(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer
                .next()
                .write_tagged(Tag::context(1), |writer| writer.write_der(issuer.certificate.0.raw_subject()));
            moment(writer.next(), minute);
            writer.next().write_sequence(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_sequence(|writer| {
                        writer.next().write_sequence(|writer| {
                            writer.next().write_der(oid);
                            writer.next().write_null();
                        });
                        writer.next().write_bytes(&name);
                        writer.next().write_bytes(&key);
                        writer.next().write_der(question.serial.whole);
                    });
                    write_status(writer.next(), status);
                    moment(writer.next(), now);
                    if !expiry.is_zero() {
                        writer.next().write_tagged(Tag::context(0), |writer| moment(writer, now + expiry));
                    }
                });
            });
        });
    }))
}

fn write_status(writer: DERWriter<'_>, status: &Status) {
    match status {
        Status::Good => writer.write_tagged_implicit(Tag::context(0), |writer| writer.write_null()),
        Status::Revoked(at) => writer.write_tagged_implicit(Tag::context(1), |writer| {
            writer.write_sequence(|writer| moment(writer.next(), *at));
        }),
        Status::Unknown => writer.write_tagged_implicit(Tag::context(2), |writer| writer.write_null()),
    }
}

fn moment(writer: DERWriter<'_>, moment: OffsetDateTime) {
    let moment = moment.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).unwrap_or(moment);
    writer.write_generalized_time(&GeneralizedTime::from_datetime(moment));
}
