//! A revocation list as DER.

use lab_pki::{KeyPair, SignatureAlgorithm};
use time::OffsetDateTime;
use yasna::models::{GeneralizedTime, ObjectIdentifier, UTCTime};
use yasna::{DERWriter, Tag};

/// What stands on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revoked {
    pub(super) serial: Vec<u8>,
    pub(super) at: OffsetDateTime,
    /// `None` writes none, and no empty list of them either.
    pub(super) extensions: Option<Vec<Extension>>,
}

/// What is said beside that, of an entry or of the whole list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) oid: Vec<u64>,
    pub(super) critical: bool,
    pub(super) value: Vec<u8>,
}

/// A list to be signed.
pub(super) struct List<'a> {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) issuer: &'a [u8],
    pub(super) authority: &'a [u8],
    pub(super) this_update: OffsetDateTime,
    pub(super) next_update: OffsetDateTime,
    pub(super) revoked: &'a [Revoked],
    pub(super) number: u64,
    /// The number of the complete list that this one adds to; `None`: it is complete itself.
    pub(super) base: Option<u64>,
    /// What it says beside what the server says by itself.
    pub(super) extensions: &'a [Extension],
}

impl List<'_> {
    /// The list with its issuer's signature.
    ///
    /// Errors: the key cannot sign.
    pub(super) fn sign(&self, key: &KeyPair) -> Result<Vec<u8>, lab_pki::Error> {
        let algorithm = self.algorithm;
        let signed = self.to_der(algorithm);
        let signature = key.sign(algorithm, &signed)?;
        Ok(yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_der(&signed);
                writer.next().write_der(&algorithm.to_der());
                writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
            });
        }))
    }

    fn to_der(&self, algorithm: SignatureAlgorithm) -> Vec<u8> {
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(1);
                writer.next().write_der(&algorithm.to_der());
                writer.next().write_der(self.issuer);
                write_time(writer.next(), self.this_update);
                write_time(writer.next(), self.next_update);
                if !self.revoked.is_empty() {
                    writer.next().write_sequence_of(|writer| {
                        for revoked in self.revoked {
                            writer.next().write_sequence(|writer| {
                                writer.next().write_bigint_bytes(&revoked.serial, true);
                                write_time(writer.next(), revoked.at);
                                if let Some(extensions) = &revoked.extensions {
                                    write_extensions(writer.next(), extensions);
                                }
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
        let one = |last: u64, critical, value| Extension { oid: vec![2, 5, 29, last], critical, value };
        let mut extensions = vec![one(35, false, authority), one(20, false, number)];
        if let Some(base) = self.base {
            extensions.push(one(27, true, yasna::construct_der(|writer| writer.write_u64(base))));
        }
        extensions.extend(self.extensions.iter().cloned());
        write_extensions(writer, &extensions);
    }
}

fn write_extensions(writer: DERWriter<'_>, extensions: &[Extension]) {
    writer.write_sequence(|writer| {
        for extension in extensions {
            writer.next().write_sequence(|writer| {
                writer.next().write_oid(&ObjectIdentifier::from_slice(&extension.oid));
                if extension.critical {
                    writer.next().write_bool(true);
                }
                writer.next().write_bytes(&extension.value);
            });
        }
    });
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
