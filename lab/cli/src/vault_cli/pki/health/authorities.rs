//! The issuers of a mount: how long they are still good for, and where the keys of roots are.

use std::time::Duration;

use serde_json::Value;

use super::fetch::{Fetched, Mount};
use super::finding::{Finding, Level};
use super::settings::Settings;
use crate::vault_cli::failure::Failure;
use crate::vault_cli::text::age;

/// The version that knows more than one issuer in a mount.
pub(super) const ISSUERS: &str = "1.11+";

/// Whether issuers end soon.
pub(super) fn validity(mount: &Mount<'_>, settings: &Settings) -> Result<Vec<Finding>, Failure> {
    let issuers = mount.issuers()?;
    if *issuers == Fetched::Unsupported {
        return Ok(vec![Finding::old_server(mount.at("issuers"), ISSUERS)]);
    }
    let mut found = Vec::new();
    for issuer in issuers.keys() {
        let (_, Some(certificate)) = mount.issuer(&issuer)? else { continue };
        let limits =
            if certificate.is_self_signed() { settings.root_expiry } else { settings.intermediate_expiry };
        let levels = [
            (Level::Critical, limits.critical),
            (Level::Warning, limits.warning),
            (Level::Informational, limits.informational),
        ];
        let ends = certificate.not_after();
        let is_within = |window: Duration| ends < mount.now + window;
        let place = mount.at(&format!("issuer/{issuer}"));
        found.push(match levels.into_iter().find(|(_, window)| is_within(*window)) {
            None => Finding::new(Level::Ok, place, format!("Issuer's validity ({}) is OK", ends.date())),
            Some((level, window)) => Finding::new(
                level,
                place,
                format!(
                    "Issuer's validity is outside of the suggested rotation window: issuer is valid until {} but \
                     expires within {} (ending on {}). It is suggested to start rotating this issuer to new key \
                     material to avoid future downtime caused by this current issuer expiring.",
                    ends.date(),
                    age(window),
                    (mount.now + window).date()
                ),
            ),
        });
    }
    Ok(found)
}

/// Whether the keys of roots are in hardware.
pub(super) fn hardware(mount: &Mount<'_>, _: &Settings) -> Result<Vec<Finding>, Failure> {
    const SOFTWARE: &str = "Root issuer was created using Vault-backed software keys; for added safety of long-lived, \
                            important root CAs, you may wish to consider using a HSM or KSM Managed Key to store key \
                            material for this issuer.";
    let issuers = mount.issuers()?;
    if *issuers == Fetched::Unsupported {
        return Ok(vec![Finding::old_server(mount.at("issuers"), ISSUERS)]);
    }
    let (mut denied, mut found) = (Vec::new(), Vec::new());
    for issuer in issuers.keys() {
        let place = format!("issuer/{issuer}");
        let (entry, certificate) = mount.certificate(&place, &format!("issuer {issuer}"))?;
        if *entry == Fetched::Denied {
            denied.push(no_permission(mount, &place));
        }
        let key = entry.field("key_id").and_then(Value::as_str).filter(|key| !key.is_empty());
        let (Some(certificate), Some(key)) = (certificate, key) else { continue };
        if !certificate.is_self_signed() {
            continue;
        }
        let path = format!("key/{key}");
        let entry = mount.read(&path)?;
        if *entry == Fetched::Denied {
            denied.push(no_permission(mount, &path));
            continue;
        }
        let place = mount.at(&place);
        found.push(match entry.field("managed_key_id").and_then(Value::as_str) {
            Some(key) => Finding::new(
                Level::Ok,
                place,
                format!("Root issuer was backed by a HSM or KMS Managed Key: {key}."),
            ),
            None => Finding::new(Level::Informational, place, SOFTWARE),
        });
    }
    denied.extend(found);
    Ok(denied)
}

/// That something of an issuer may not be read.
pub(super) fn no_permission(mount: &Mount<'_>, what: &str) -> Finding {
    let so = "Without this information, this health check is unable to function.";
    mount.denied(mount.at(what), "unable for the endpoint", "permission for the endpoint", so)
}
