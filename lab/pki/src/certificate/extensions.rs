//! What the extensions of a certificate say.

use super::alternative_names::AlternativeNames;
use super::constraints::{self, Subtrees};
use super::{BasicConstraints, Extension};
use crate::der::{Reader, tag};
use crate::oid::known;
use crate::{Error, ExtendedKeyUsage, KeyUsage, Oid};

/// The extensions that Go understands, taken apart.
#[derive(Default)]
pub(crate) struct Processed {
    pub(super) names: AlternativeNames,
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) key_usage: KeyUsage,
    pub(super) extended_key_usage: Vec<ExtendedKeyUsage>,
    pub(super) subject_key_id: Vec<u8>,
    pub(super) authority_key_id: Vec<u8>,
    pub(super) ocsp_servers: Vec<String>,
    pub(super) issuing_certificate_urls: Vec<String>,
    pub(super) crl_distribution_points: Vec<String>,
    pub(super) policies: Vec<Oid>,
    pub(super) require_explicit_policy: Option<u64>,
    /// Permitted and excluded names.
    pub(super) name_constraints: Option<(Subtrees, Subtrees)>,
    /// Whether one is critical and not understood.
    pub(super) has_unhandled_critical: bool,
}

/// Reads all of them, in their order, with Go's words for the first that is broken.
pub(super) fn process(extensions: &[Extension]) -> Result<Processed, Error> {
    let mut processed = Processed::default();
    for extension in extensions {
        let is_understood = processed.take(extension)?;
        processed.has_unhandled_critical |= extension.critical && !is_understood;
    }
    Ok(processed)
}

impl Processed {
    /// Reads one; answers whether it was understood.
    fn take(&mut self, extension: &Extension) -> Result<bool, Error> {
        let value = Reader::new(&extension.value);
        match &extension.oid {
            oid if *oid == known::KEY_USAGE => {
                self.key_usage =
                    KeyUsage::from_der(&extension.value).ok_or(Error::malformed("invalid key usage"))?;
            }
            oid if *oid == known::BASIC_CONSTRAINTS => {
                self.basic_constraints = Some(basic_constraints(&extension.value)?);
            }
            oid if *oid == known::SUBJECT_ALT_NAME => {
                self.names = AlternativeNames::from_der(&extension.value)?;
                return Ok(!self.names.is_empty());
            }
            oid if *oid == known::NAME_CONSTRAINTS => {
                let (permitted, excluded, is_understood) = constraints::from_der(&extension.value)?;
                self.name_constraints = Some((permitted, excluded));
                return Ok(is_understood);
            }
            oid if *oid == known::CRL_DISTRIBUTION_POINTS => {
                self.crl_distribution_points = distribution_points(value)?;
            }
            oid if *oid == known::AUTHORITY_KEY_ID => {
                self.authority_key_id = authority_key_id(extension.critical, value)?;
            }
            oid if *oid == known::POLICY_CONSTRAINTS => {
                self.require_explicit_policy = policy_constraints(value)
                    .ok_or(Error::malformed("invalid policy constraints extension"))?;
            }
            oid if *oid == known::EXTENDED_KEY_USAGE => {
                self.extended_key_usage =
                    extended_key_usage(value).ok_or(Error::malformed("invalid extended key usages"))?;
            }
            oid if *oid == known::SUBJECT_KEY_ID => {
                self.subject_key_id = subject_key_id(extension.critical, value)?;
            }
            oid if *oid == known::CERTIFICATE_POLICIES => {
                self.policies = policies(value).ok_or(Error::malformed("invalid certificate policies"))?;
            }
            oid if *oid == known::POLICY_MAPPINGS => {
                policy_mappings(value).ok_or(Error::malformed("invalid policy mappings extension"))?;
            }
            oid if *oid == known::INHIBIT_ANY_POLICY => {
                let mut value = value;
                value.integer().ok_or(Error::malformed("invalid inhibit any policy extension"))?;
            }
            oid if *oid == known::AUTHORITY_INFORMATION_ACCESS => {
                if extension.critical {
                    return Err(Error::malformed("authority info access incorrectly marked critical"));
                }
                self.information_access(value).ok_or(Error::malformed("invalid authority info access"))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn information_access(&mut self, mut value: Reader<'_>) -> Option<()> {
        let mut list = value.read(tag::SEQUENCE)?;
        while !list.is_empty() {
            let mut description = list.read(tag::SEQUENCE)?;
            let method = description.oid()?;
            if !description.is_next(tag::context(6)) {
                continue;
            }
            let url = text(description.element(tag::context(6))?.content);
            if method == known::OCSP {
                self.ocsp_servers.push(url);
            } else if method == known::CA_ISSUERS {
                self.issuing_certificate_urls.push(url);
            }
        }
        Some(())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, Error> {
    let read = || {
        let mut fields = Reader::new(value).read(tag::SEQUENCE)?;
        let ca = if fields.is_next(tag::BOOLEAN) { fields.boolean()? } else { false };
        let path_length = if fields.is_next(tag::INTEGER) { Some(fields.unsigned()?) } else { None };
        Some(BasicConstraints { ca, path_length })
    };
    read().ok_or(Error::malformed("invalid basic constraints"))
}

fn distribution_points(mut value: Reader<'_>) -> Result<Vec<String>, Error> {
    let mut urls = Vec::new();
    let mut list = value.read(tag::SEQUENCE).ok_or(Error::malformed("invalid CRL distribution points"))?;
    while !list.is_empty() {
        distribution_point(&mut list, &mut urls).ok_or(Error::malformed("invalid CRL distribution point"))?;
    }
    Ok(urls)
}

fn distribution_point(list: &mut Reader<'_>, urls: &mut Vec<String>) -> Option<()> {
    let mut point = list.read(tag::SEQUENCE)?;
    let Some(mut name) = point.optional(tag::constructed(0))? else { return Some(()) };
    let mut full_name = name.read(tag::constructed(0))?;
    while full_name.is_next(tag::context(6)) {
        urls.push(text(full_name.element(tag::context(6))?.content));
    }
    Some(())
}

fn authority_key_id(critical: bool, mut value: Reader<'_>) -> Result<Vec<u8>, Error> {
    if critical {
        return Err(Error::malformed("authority key identifier incorrectly marked critical"));
    }
    let read = |value: &mut Reader<'_>| {
        let mut fields = value.read(tag::SEQUENCE)?;
        if !fields.is_next(tag::context(0)) {
            return Some(Vec::new());
        }
        fields.element(tag::context(0)).map(|id| id.content.to_vec())
    };
    read(&mut value).ok_or(Error::malformed("invalid authority key identifier"))
}

fn subject_key_id(critical: bool, mut value: Reader<'_>) -> Result<Vec<u8>, Error> {
    if critical {
        return Err(Error::malformed("subject key identifier incorrectly marked critical"));
    }
    let id = value.element(tag::OCTET_STRING).ok_or(Error::malformed("invalid subject key identifier"))?;
    Ok(id.content.to_vec())
}

fn extended_key_usage(mut value: Reader<'_>) -> Option<Vec<ExtendedKeyUsage>> {
    let mut list = value.read(tag::SEQUENCE)?;
    let mut usages = Vec::new();
    while !list.is_empty() {
        usages.push(ExtendedKeyUsage::from_oid(list.oid()?));
    }
    Some(usages)
}

fn policies(mut value: Reader<'_>) -> Option<Vec<Oid>> {
    let mut list = value.read(tag::SEQUENCE)?;
    let mut policies = Vec::new();
    while !list.is_empty() {
        let policy = list.read(tag::SEQUENCE)?.oid()?;
        (!policies.contains(&policy)).then_some(())?;
        policies.push(policy);
    }
    Some(policies)
}

/// How many certificates further on a policy must be named; the other field is only checked for its form.
fn policy_constraints(mut value: Reader<'_>) -> Option<Option<u64>> {
    let mut fields = value.read(tag::SEQUENCE)?;
    let mut number = |tag| {
        if !fields.is_next(tag) {
            return Some(None);
        }
        let bytes = crate::der::minimal_integer(fields.element(tag)?.content)?;
        Some(Some(crate::der::unsigned(bytes)?))
    };
    let explicit = number(tag::context(0))?;
    number(tag::context(1))?;
    Some(explicit)
}

fn policy_mappings(mut value: Reader<'_>) -> Option<()> {
    let mut list = value.read(tag::SEQUENCE)?;
    while !list.is_empty() {
        let mut pair = list.read(tag::SEQUENCE)?;
        pair.element(tag::OBJECT_IDENTIFIER)?;
        pair.element(tag::OBJECT_IDENTIFIER)?;
    }
    Some(())
}
