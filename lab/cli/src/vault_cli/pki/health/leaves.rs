//! The certificates that a mount keeps: how many, and whether a root issued them itself.

use std::collections::BTreeSet;

use lab_pki::Certificate;

use super::authorities::{ISSUERS, no_permission};
use super::fetch::{Fetched, Mount};
use super::finding::{Finding, Level};
use super::settings::Settings;
use crate::vault_cli::failure::Failure;

/// Whether a root issued certificates that are no authority's.
pub(super) fn issued_by_root(mount: &Mount<'_>, settings: &Settings) -> Result<Vec<Finding>, Failure> {
    let issuers = mount.issuers()?;
    let (mut roots, mut denied) = (Vec::new(), Vec::new());
    for issuer in issuers.keys() {
        let (answer, certificate) = mount.issuer(&issuer)?;
        if *answer == Fetched::Denied {
            denied.push(no_permission(mount, &format!("issuer/{issuer}/json")));
        }
        roots.extend(certificate.filter(Certificate::is_self_signed).map(|root| (issuer, root)));
    }
    let stored = mount.list("certs")?;
    if *issuers == Fetched::Unsupported || *stored == Fetched::Unsupported {
        return Ok(vec![Finding::old_server(mount.at("issuers"), ISSUERS)]);
    }
    if *stored == Fetched::Denied {
        return Ok(issuers.keys().iter().map(|_| no_permission(mount, "certs")).collect());
    }
    let mut found = denied;
    found.extend(issuing_roots(mount, &roots, &leaves(mount, &stored.keys(), settings.certs_to_fetch)?));
    if found.is_empty() && !roots.is_empty() {
        let message = "Root certificate(s) in this mount have not directly issued non-CA leaf certificates.";
        found.push(Finding::new(Level::Ok, mount.at("certs"), message));
    }
    Ok(found)
}

/// So many of the stored certificates that are no authority's.
fn leaves(
    mount: &Mount<'_>,
    serials: &[String],
    at_most: usize,
) -> Result<Vec<(String, Certificate)>, Failure> {
    let mut leaves = Vec::new();
    for serial in serials {
        if leaves.len() >= at_most {
            break;
        }
        let (_, certificate) = mount.leaf(serial)?;
        leaves.extend(certificate.filter(|leaf| !leaf.is_ca()).map(|leaf| (serial.clone(), leaf)));
    }
    Ok(leaves)
}

/// The roots that issued leaves, each with the first one.
fn issuing_roots(
    mount: &Mount<'_>,
    roots: &[(String, Certificate)],
    leaves: &[(String, Certificate)],
) -> Vec<Finding> {
    let (mut told, mut found) = (BTreeSet::new(), Vec::new());
    for (serial, leaf) in leaves {
        for (issuer, root) in roots {
            let is_issuer =
                leaf.raw_issuer() == root.raw_subject() && leaf.check_signature_from(root).is_ok();
            if !is_issuer || !told.insert(issuer) {
                continue;
            }
            let message = format!(
                "Root issuer has directly issued non-CA leaf certificates ({serial}) instead of via an intermediate CA. \
                 This can make rotating the root CA harder as direct cross-signing of the roots must be used, rather \
                 than cross-signing of the intermediates. It is encouraged to set up and use an intermediate CA and \
                 tidy the mount when all directly issued leaves have expired."
            );
            found.push(Finding::new(Level::Warning, mount.at(&format!("issuer/{issuer}")), message));
        }
    }
    found
}

/// Whether the mount keeps too many certificates.
pub(super) fn count(mount: &Mount<'_>, settings: &Settings) -> Result<Vec<Finding>, Failure> {
    let stored = mount.list("certs")?;
    let place = mount.at("certs");
    let count = i64::try_from(stored.keys().len()).unwrap_or(i64::MAX);
    let limits = settings.certificates;
    let level = match *stored {
        Fetched::Unsupported => return Ok(vec![Finding::old_server(place, ISSUERS)]),
        Fetched::Denied => {
            let so = "Without this information, this health check is unable to function.";
            let (unable, lacks) = ("unable to list the endpoint", "permission to list the endpoint");
            return Ok(vec![mount.denied(place, unable, lacks, so)]);
        }
        _ if count >= limits.critical => Level::Critical,
        _ if count >= limits.warning => Level::Warning,
        _ => {
            let message = "This mount has an OK number of stored certificates.";
            return Ok(vec![Finding::new(Level::Ok, place, message)]);
        }
    };
    let message = format!(
        "This PKI mount has {count} outstanding stored certificates; consider using no_store=false on roles, running \
         tidy operations periodically, and using shorter certificate lifetimes to reduce the storage pressure on this \
         mount."
    );
    Ok(vec![Finding::new(level, place, message)])
}
