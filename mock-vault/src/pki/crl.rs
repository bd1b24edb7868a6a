//! Revocation lists.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::{SignatureAlgorithm, pem};
use time::OffsetDateTime;
use yasna::models::{GeneralizedTime, ObjectIdentifier, UTCTime};
use yasna::{DERWriter, Tag};

use crate::logical::{Environment, parse_seconds};
use crate::pki::engine::Pki;
use crate::pki::model::StoredCrl;

/// The content type of a list in DER.
pub(super) const DER: &str = "application/pkix-crl";
/// The content type of a list in PEM.
pub(super) const PEM: &str = "application/x-pem-file";

/// A list as PEM.
pub(super) fn pem_of(der: &[u8]) -> String {
    if der.is_empty() { String::new() } else { format!("{}\n", pem::encode("X509 CRL", der).trim_end()) }
}

impl Pki {
    /// An issuer's list, made where there is none or where it is too old.
    pub(super) fn crl_of(&mut self, issuer: &str, environment: &Environment) -> Option<StoredCrl> {
        let fresh = self.crls.get(issuer).is_some_and(|crl| crl.next_update > environment.now);
        if !fresh {
            self.rebuild_crl(issuer, environment);
        }
        self.crls.get(issuer).cloned()
    }

    /// Makes every issuer's list anew.
    pub(super) fn rebuild_crls(&mut self, environment: &Environment) {
        let ids: Vec<String> = self.issuers.names().cloned().collect();
        ids.iter().for_each(|id| self.rebuild_crl(id, environment));
    }

    /// Makes an issuer's list anew; one without a key, or that may not sign lists, has none.
    pub(super) fn rebuild_crl(&mut self, issuer: &str, environment: &Environment) {
        let Some(entry) = self.issuers.get(issuer).filter(|entry| entry.may("crl-signing")) else { return };
        let Some(key) = self.keys.get(&entry.key_id).map(|key| key.key.0.clone()) else { return };
        let certificate = entry.certificate.0.clone();
        let number = self.crls.get(issuer).map_or(0, |crl| crl.number) + 1;
        let config = self.crl_config.get();
        let seconds = parse_seconds(&config.expiry.as_str().into()).unwrap_or(0).max(0).unsigned_abs();
        let next_update = environment.now + Duration::from_secs(seconds);
        let revoked: Vec<(Vec<u8>, OffsetDateTime)> = if config.disable {
            Vec::new()
        } else {
            let of_issuer = self.certificates.iter().filter(|(_, stored)| stored.issuer_id == issuer);
            of_issuer.filter_map(|(serial, stored)| Some((bytes(serial)?, stored.revoked?))).collect()
        };
        let algorithm = key.default_signature();
        let list = List {
            issuer: certificate.raw_subject(),
            authority: certificate.subject_key_id(),
            this_update: environment.now,
            next_update,
            revoked: &revoked,
            number,
        };
        let signed = list.to_der(algorithm);
        let Ok(signature) = key.sign(algorithm, &signed) else { return };
        let der = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_der(&signed);
                writer.next().write_der(&algorithm_der(algorithm));
                writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
            });
        });
        self.crls.insert(issuer, StoredCrl { der: STANDARD.encode(der), number, next_update });
    }
}

/// A list to be signed.
struct List<'a> {
    issuer: &'a [u8],
    authority: &'a [u8],
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
    revoked: &'a [(Vec<u8>, OffsetDateTime)],
    number: u64,
}

impl List<'_> {
    fn to_der(&self, algorithm: SignatureAlgorithm) -> Vec<u8> {
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(1);
                writer.next().write_der(&algorithm_der(algorithm));
                writer.next().write_der(self.issuer);
                write_time(writer.next(), self.this_update);
                write_time(writer.next(), self.next_update);
                if !self.revoked.is_empty() {
                    writer.next().write_sequence_of(|writer| {
                        for (serial, at) in self.revoked {
                            writer.next().write_sequence(|writer| {
                                writer.next().write_bigint_bytes(serial, true);
                                write_time(writer.next(), *at);
                            });
                        }
                    });
                }
                writer.next().write_tagged(Tag::context(0), |writer| self.extensions(writer));
            });
        })
    }

    fn extensions(&self, writer: DERWriter<'_>) {
        let authority = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer
                    .next()
                    .write_tagged_implicit(Tag::context(0), |writer| writer.write_bytes(self.authority));
            });
        });
        let number = yasna::construct_der(|writer| writer.write_u64(self.number));
        writer.write_sequence(|writer| {
            for (oid, value) in [(&[2u64, 5, 29, 35][..], authority), (&[2, 5, 29, 20][..], number)] {
                writer.next().write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(oid));
                    writer.next().write_bytes(&value);
                });
            }
        });
    }
}

/// UTCTime until 2049, GeneralizedTime from then on.
pub(super) fn write_time(writer: DERWriter<'_>, moment: OffsetDateTime) {
    let moment = moment.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).unwrap_or(moment);
    if (1950..2050).contains(&moment.year()) {
        writer.write_utctime(&UTCTime::from_datetime(moment));
    } else {
        writer.write_generalized_time(&GeneralizedTime::from_datetime(moment));
    }
}

/// The identifier of a signature algorithm.
pub(super) fn algorithm_der(algorithm: SignatureAlgorithm) -> Vec<u8> {
    use SignatureAlgorithm as A;
    let (oid, null): (&[u64], bool) = match algorithm {
        A::Sha384WithRsa => (&[1, 2, 840, 113549, 1, 1, 12], true),
        A::Sha512WithRsa => (&[1, 2, 840, 113549, 1, 1, 13], true),
        A::EcdsaWithSha256 => (&[1, 2, 840, 10045, 4, 3, 2], false),
        A::EcdsaWithSha384 => (&[1, 2, 840, 10045, 4, 3, 3], false),
        A::EcdsaWithSha512 => (&[1, 2, 840, 10045, 4, 3, 4], false),
        A::Ed25519 => (&[1, 3, 101, 112], false),
        // What a key signs with by itself is none of the others.
        _ => (&[1, 2, 840, 113549, 1, 1, 11], true),
    };
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_oid(&ObjectIdentifier::from_slice(oid));
            if null {
                writer.next().write_null();
            }
        });
    })
}

/// A serial number's bytes.
fn bytes(serial: &str) -> Option<Vec<u8>> {
    hex::decode(serial.replace(':', "")).ok()
}
