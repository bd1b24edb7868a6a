//! Writing extensions, byte for byte as Go writes them.

use yasna::{DERWriter, DERWriterSeq, Tag};

use super::alternative_names::write_primitive;
use super::{BasicConstraints, Extension, Subtrees};
use crate::key::write_oid;
use crate::oid::known;
use crate::{ExtendedKeyUsage, KeyUsage, Oid};

pub(crate) fn write_extension(writer: DERWriter<'_>, extension: &Extension) {
    writer.write_sequence(|w| {
        write_oid(w.next(), &extension.oid);
        if extension.critical {
            w.next().write_bool(true);
        }
        w.next().write_bytes(&extension.value);
    });
}

pub(crate) fn write_basic_constraints(constraints: BasicConstraints) -> Vec<u8> {
    yasna::construct_der(|w| {
        w.write_sequence(|w| {
            if constraints.ca {
                w.next().write_bool(true);
            }
            if let Some(length) = constraints.path_length {
                w.next().write_u64(length);
            }
        });
    })
}

pub(super) fn key_usage(usage: KeyUsage) -> Extension {
    Extension { oid: known::KEY_USAGE, critical: true, value: usage.to_der() }
}

pub(super) fn extended_key_usage(usages: &[ExtendedKeyUsage]) -> Extension {
    let value = sequence(|w| usages.iter().for_each(|usage| write_oid(w.next(), &usage.oid())));
    Extension { oid: known::EXTENDED_KEY_USAGE, critical: false, value }
}

pub(super) fn basic_constraints(constraints: BasicConstraints) -> Extension {
    Extension { oid: known::BASIC_CONSTRAINTS, critical: true, value: write_basic_constraints(constraints) }
}

pub(super) fn subject_key_id(id: &[u8]) -> Extension {
    let value = yasna::construct_der(|w| w.write_bytes(id));
    Extension { oid: known::SUBJECT_KEY_ID, critical: false, value }
}

pub(super) fn authority_key_id(id: &[u8]) -> Extension {
    let value = sequence(|w| write_primitive(w, 0, id));
    Extension { oid: known::AUTHORITY_KEY_ID, critical: false, value }
}

pub(super) fn information_access(ocsp: &[String], issuers: &[String]) -> Extension {
    let value = sequence(|w| {
        let ocsp = ocsp.iter().map(|url| (known::OCSP, url));
        for (method, url) in ocsp.chain(issuers.iter().map(|url| (known::CA_ISSUERS, url))) {
            w.next().write_sequence(|w| {
                write_oid(w.next(), &method);
                write_primitive(w, 6, url.as_bytes());
            });
        }
    });
    Extension { oid: known::AUTHORITY_INFORMATION_ACCESS, critical: false, value }
}

pub(super) fn policies(policies: &[Oid]) -> Extension {
    let value = sequence(|w| {
        for policy in policies {
            w.next().write_sequence(|w| write_oid(w.next(), policy));
        }
    });
    Extension { oid: known::CERTIFICATE_POLICIES, critical: false, value }
}

pub(super) fn name_constraints(permitted: &Subtrees, excluded: &Subtrees) -> Extension {
    let value = sequence(|w| {
        for (tag, names) in [(0, permitted), (1, excluded)] {
            if !names.is_empty() {
                w.next().write_tagged_implicit(Tag::context(tag), |w| {
                    w.write_sequence(|w| write_subtrees(w, names));
                });
            }
        }
    });
    Extension { oid: known::NAME_CONSTRAINTS, critical: true, value }
}

fn write_subtrees(w: &mut DERWriterSeq<'_>, names: &Subtrees) {
    let mut write = |tag, name: &[u8]| w.next().write_sequence(|w| write_primitive(w, tag, name));
    names.dns.iter().for_each(|name| write(2, name.as_bytes()));
    names.ip.iter().for_each(|(address, mask)| write(7, &[address.as_slice(), mask].concat()));
    names.emails.iter().for_each(|name| write(1, name.as_bytes()));
    names.uris.iter().for_each(|name| write(6, name.as_bytes()));
}

/// Both of revocation lists and of what was added to them.
pub(super) fn distribution_points(oid: Oid, urls: &[String]) -> Extension {
    let value = sequence(|w| {
        for url in urls {
            w.next().write_sequence(|w| {
                w.next().write_tagged(Tag::context(0), |w| {
                    w.write_tagged_implicit(Tag::context(0), |w| {
                        w.write_sequence(|w| write_primitive(w, 6, url.as_bytes()));
                    });
                });
            });
        }
    });
    Extension { oid, critical: false, value }
}

fn sequence(write: impl FnOnce(&mut DERWriterSeq<'_>)) -> Vec<u8> {
    yasna::construct_der(|w| w.write_sequence(write))
}
