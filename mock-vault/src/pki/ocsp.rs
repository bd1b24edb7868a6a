//! `ocsp`: whether a certificate is revoked, one at a time.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use lab_pki::colons;
use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use time::OffsetDateTime;
use yasna::models::{GeneralizedTime, ObjectIdentifier};
use yasna::{DERWriter, Tag};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Response, parse_seconds};
use crate::pki::crl_list::algorithm_der;
use crate::pki::der::{element, elements, public_key_bits};
use crate::pki::engine::Pki;
use crate::pki::model::IssuerEntry;

const CONTENT_TYPE: &str = "application/ocsp-response";
/// The longest request that is read.
const LONGEST: usize = 2048;
/// The statuses that need no signature.
const MALFORMED: u8 = 1;
const UNAUTHORIZED: u8 = 6;

/// The endpoints of OCSP.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("ocsp", &[], &[(Update, post)]).open(),
    Endpoint::new("ocsp/{request+}", &[&[Field::text("request")]], &[(Read, get)]),
];

fn post(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let body = call.request.data.get("http_raw_body").and_then(serde_json::Value::as_str).unwrap_or("");
    answer(pki, call, STANDARD.decode(body).ok())
}

fn get(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let text = call.fields.text("request");
    answer(pki, call, STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok())
}

/// Which certificate is asked about.
struct Question<'a> {
    /// The whole identifier, which the answer repeats.
    id: &'a [u8],
    hash: &'static Algorithm,
    issuer_name: &'a [u8],
    issuer_key: &'a [u8],
    serial: String,
}

impl<'a> Question<'a> {
    /// Reads a request about one certificate.
    fn read(der: &'a [u8]) -> Option<Self> {
        let (request, _) = element(der)?;
        let (signed, _) = element(request.content)?;
        let list = elements(signed.content)?.into_iter().find(|one| one.tag == 0x30)?;
        let (single, _) = element(list.content)?;
        let (id, _) = element(single.content)?;
        let parts = elements(id.content)?;
        let [algorithm, name, key, serial, ..] = parts.as_slice() else { return None };
        let (oid, _) = element(algorithm.content)?;
        let hash = match oid.content {
            [0x2b, 0x0e, 0x03, 0x02, 0x1a] => &SHA1_FOR_LEGACY_USE_ONLY,
            [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01] => &SHA256,
            _ => return None,
        };
        let bytes = serial.content.strip_prefix(&[0]).unwrap_or(serial.content);
        let serial = colons(bytes);
        Some(Self { id: id.whole, hash, issuer_name: name.content, issuer_key: key.content, serial })
    }

    /// Whether it is about something that this issuer signed.
    fn is_of(&self, issuer: &IssuerEntry) -> bool {
        let certificate = &issuer.certificate.0;
        let hash = |bytes: &[u8]| digest(self.hash, bytes).as_ref().to_vec();
        hash(certificate.raw_subject()) == self.issuer_name
            && public_key_bits(certificate.public_key_der()).is_some_and(|bits| hash(bits) == self.issuer_key)
    }
}

/// What is known of the certificate.
enum Status {
    Good,
    Revoked(OffsetDateTime),
    Unknown,
}

fn bare(http: u16, status: u8) -> Outcome {
    Response::raw(http, CONTENT_TYPE, vec![0x30, 0x03, 0x0a, 0x01, status]).ok()
}

fn answer(pki: &mut Pki, call: &Call<'_>, request: Option<Vec<u8>>) -> Outcome {
    if pki.crl_config.get().ocsp_disable {
        return bare(401, UNAUTHORIZED);
    }
    let request = request.filter(|request| request.len() <= LONGEST);
    let Some(question) = request.as_deref().and_then(Question::read) else { return bare(400, MALFORMED) };
    let own = pki.issuers.values().find(|issuer| question.is_of(issuer) && !issuer.key_id.is_empty());
    let (issuer, status) = match own {
        Some(issuer) if !issuer.may("ocsp-signing") => return bare(401, UNAUTHORIZED),
        // A serial number that was never given out is good: only revocations are recorded.
        Some(issuer) => {
            let revoked = pki.certificates.get(&question.serial).and_then(|stored| stored.revoked);
            (issuer, revoked.map_or(Status::Good, Status::Revoked))
        }
        None => match pki.issuer("default") {
            Ok(issuer) if !issuer.key_id.is_empty() => (issuer, Status::Unknown),
            _ => return bare(401, UNAUTHORIZED),
        },
    };
    match signed(pki, call, issuer, &question, &status) {
        Some(der) => Response::raw(200, CONTENT_TYPE, der).ok(),
        None => bare(401, UNAUTHORIZED),
    }
}

fn signed(
    pki: &Pki,
    call: &Call<'_>,
    issuer: &IssuerEntry,
    question: &Question<'_>,
    status: &Status,
) -> Option<Vec<u8>> {
    let key = &pki.keys.get(&issuer.key_id)?.key.0;
    let expiry =
        parse_seconds(&pki.crl_config.get().ocsp_expiry.as_str().into()).unwrap_or(0).max(0).unsigned_abs();
    let data = response_data(issuer, question, status, call.now(), Duration::from_secs(expiry));
    let algorithm = key.default_signature();
    let signature = key.sign(algorithm, &data).ok()?;
    let basic = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&data);
            writer.next().write_der(&algorithm_der(algorithm));
            writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
            writer.next().write_tagged(Tag::context(0), |writer| {
                writer.write_sequence(|writer| writer.next().write_der(issuer.certificate.0.der()));
            });
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

fn response_data(
    issuer: &IssuerEntry,
    question: &Question<'_>,
    status: &Status,
    now: OffsetDateTime,
    expiry: Duration,
) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer
                .next()
                .write_tagged(Tag::context(1), |writer| writer.write_der(issuer.certificate.0.raw_subject()));
            moment(writer.next(), now);
            writer.next().write_sequence(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_der(question.id);
                    match status {
                        Status::Good => {
                            writer.next().write_tagged_implicit(Tag::context(0), |writer| writer.write_null())
                        }
                        Status::Revoked(at) => {
                            writer.next().write_tagged_implicit(Tag::context(1), |writer| {
                                writer.write_sequence(|writer| moment(writer.next(), *at));
                            })
                        }
                        Status::Unknown => {
                            writer.next().write_tagged_implicit(Tag::context(2), |writer| writer.write_null())
                        }
                    }
                    moment(writer.next(), now);
                    writer.next().write_tagged(Tag::context(0), |writer| moment(writer, now + expiry));
                });
            });
        });
    })
}

fn moment(writer: DERWriter<'_>, moment: OffsetDateTime) {
    let moment = moment.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).unwrap_or(moment);
    writer.write_generalized_time(&GeneralizedTime::from_datetime(moment));
}
