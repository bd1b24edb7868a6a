//! The settings of a mount: what audit devices show of it, and which headers pass.

use super::fetch::{Fetched, Mount};
use super::finding::{Finding, Level};
use super::settings::Settings;
use crate::vault_cli::failure::Failure;

/// The parameters of requests that may be read in an audit log.
const OPEN_IN_REQUESTS: [&str; 25] = [
    "csr",
    "certificate",
    "issuer_ref",
    "common_name",
    "alt_names",
    "other_sans",
    "ip_sans",
    "uri_sans",
    "ttl",
    "not_after",
    "serial_number",
    "key_type",
    "private_key_format",
    "managed_key_name",
    "managed_key_id",
    "ou",
    "organization",
    "country",
    "locality",
    "province",
    "street_address",
    "postal_code",
    "permitted_dns_domains",
    "policy_identifiers",
    "ext_key_usage_oids",
];
/// Those of responses.
const OPEN_IN_RESPONSES: [&str; 5] = ["certificate", "issuing_ca", "serial_number", "error", "ca_chain"];
/// Those that may be read in neither.
const SECRET: [&str; 2] = ["private_key", "pem_bundle"];

/// Whether audit logs show what they may, and nothing else.
pub(super) fn visibility(mount: &Mount<'_>, _: &Settings) -> Result<Vec<Finding>, Failure> {
    let tune = mount.tune()?;
    if let Some(finding) = unreadable(mount, &tune, "1.9+") {
        return Ok(vec![finding]);
    }
    let sources = [
        ("audit_non_hmac_request_keys", &OPEN_IN_REQUESTS[..]),
        ("audit_non_hmac_response_keys", &OPEN_IN_RESPONSES[..]),
    ];
    let place = || mount.tune_path();
    let (mut hidden, mut shown) = (Vec::new(), Vec::new());
    for (source, open) in sources {
        let set = tune.texts(source);
        for name in open.iter().filter(|name| !set.contains(*name)) {
            let message = format!(
                "Mount currently HMACs {name} because it is not in {source}; as this is not a sensitive security \
                 parameter, it is encouraged to disable HMACing to allow better auditing of the PKI engine."
            );
            hidden.push(Finding::new(Level::Informational, place(), message));
        }
        for name in SECRET.iter().filter(|name| set.contains(*name)) {
            let message = format!(
                "Mount currently doesn't HMAC {name} because it is in {source}; as this is a sensitive security \
                 parameter it is encouraged to HMAC it in the Audit logs."
            );
            shown.push(Finding::new(Level::Warning, place(), message));
        }
    }
    hidden.extend(shown);
    if hidden.is_empty() {
        let message = "Mount audit information is configured appropriately.";
        hidden.push(Finding::new(Level::Ok, place(), message));
    }
    Ok(hidden)
}

/// Whether clients may ask for what has changed only.
pub(super) fn if_modified_since(mount: &Mount<'_>, _: &Settings) -> Result<Vec<Finding>, Failure> {
    let tune = mount.tune()?;
    if let Some(finding) = unreadable(mount, &tune, "1.12+") {
        return Ok(vec![finding]);
    }
    let has =
        |list: &str, header: &str| tune.texts(list).iter().any(|name| name.eq_ignore_ascii_case(header));
    let passes = has("passthrough_request_headers", "If-Modified-Since")
        && has("allowed_response_headers", "Last-Modified");
    let (level, message) = if passes {
        (Level::Ok, "Mount allows the If-Modified-Since request header and Last-Modified response header.")
    } else {
        (
            Level::Informational,
            "Mount hasn't enabled If-Modified-Since Request or Last-Modified Response headers; consider enabling these \
             headers to allow clients to fetch CAs and CRLs only when they've changed, reducing total bandwidth.",
        )
    };
    Ok(vec![Finding::new(level, mount.tune_path(), message)])
}

fn unreadable(mount: &Mount<'_>, tune: &Fetched, version: &str) -> Option<Finding> {
    let so = "Without this information, this health check is unable to function.";
    match tune {
        Fetched::Unsupported => Some(Finding::old_server(mount.tune_path(), version)),
        Fetched::Denied => Some(no_settings(mount, mount.tune_path(), so)),
        _ => None,
    }
}

/// That something may not be read, which is told as if it were the mount's settings.
pub(super) fn no_settings(mount: &Mount<'_>, place: String, so: &str) -> Finding {
    mount.denied(place, "unable read the tune endpoint", "permission to read the tune endpoint", so)
}
