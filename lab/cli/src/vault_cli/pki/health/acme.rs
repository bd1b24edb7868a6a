//! ACME: whether it is used, whether it can be reached, and whether its headers pass.

use lab_pki::Url;
use lab_wire::go_json;
use serde_json::Value;

use super::audit::no_settings;
use super::fetch::{Fetched, Mount};
use super::finding::{Finding, Level};
use super::settings::Settings;
use crate::vault_cli::failure::Failure;

/// The version that knows ACME.
const ACME: &str = "1.14+";
/// The headers without which it does not work.
const HEADERS: [&str; 3] = ["Replay-Nonce", "Link", "Location"];

/// Whether ACME is enabled where it should be, and works.
pub(super) fn issuance(mount: &Mount<'_>, _: &Settings) -> Result<Vec<Finding>, Failure> {
    let (config, cluster) = (mount.read("config/acme")?, mount.read("config/cluster")?);
    let (all, roots) = count_issuers(mount)?;
    let so = "Without this information, this health check is unable to function.";
    let place = mount.at("config/acme");
    let (level, message) = match (&*config, &*cluster) {
        (Fetched::Unsupported, _) | (_, Fetched::Unsupported) => {
            return Ok(vec![Finding::old_server(place, ACME)]);
        }
        (Fetched::Denied, _) => return Ok(vec![no_settings(mount, place, so)]),
        (config, cluster) if is_enabled(config)? => {
            return Ok(vec![works(mount, cluster, so)]);
        }
        _ if all == 0 => (Level::NotApplicable, "No issuers in mount, ACME is not required."),
        _ if all == roots => {
            (Level::NotApplicable, "Mount contains only root issuers, ACME is not required.")
        }
        _ => (
            Level::Informational,
            "Consider enabling ACME support to support a self-rotating PKI infrastructure.",
        ),
    };
    Ok(vec![Finding::new(level, place, message)])
}

/// Whether the headers that ACME needs pass.
pub(super) fn headers(mount: &Mount<'_>, _: &Settings) -> Result<Vec<Finding>, Failure> {
    let config = mount.read("config/acme")?;
    let tune = mount.tune()?;
    let place = mount.at("config/acme");
    match (&*config, &*tune) {
        (Fetched::Unsupported, _) | (_, Fetched::Unsupported) => {
            return Ok(vec![Finding::old_server(place, ACME)]);
        }
        (Fetched::Denied, _) => {
            let so = "Without read access to ACME configuration, this health check is unable to function.";
            return Ok(vec![no_settings(mount, place, so)]);
        }
        (config, _) if !is_enabled(config)? => {
            let message = "ACME is not enabled, no additional response headers required.";
            return Ok(vec![Finding::new(Level::NotApplicable, place, message)]);
        }
        (_, Fetched::Denied) => {
            let so = "Without access to mount tune information, this health check is unable to function.";
            return Ok(vec![no_settings(mount, mount.tune_path(), so)]);
        }
        _ => {}
    }
    let allowed = tune.texts("allowed_response_headers");
    let passes = |header: &&str| allowed.iter().any(|name| name.eq_ignore_ascii_case(header));
    let (level, message) = if HEADERS.iter().all(passes) {
        (Level::Ok, "Mount has enabled 'Replay-Nonce', 'Link', 'Location' response headers.")
    } else {
        (
            Level::Warning,
            "Mount hasn't enabled 'Replay-Nonce', 'Link', 'Location' response headers, these are required for ACME to \
             function.",
        )
    };
    Ok(vec![Finding::new(level, mount.tune_path(), message)])
}

/// How many issuers there are, and how many of them are roots.
fn count_issuers(mount: &Mount<'_>) -> Result<(usize, usize), Failure> {
    let (mut all, mut roots) = (0, 0);
    for issuer in mount.issuers()?.keys() {
        if let (_, Some(certificate)) = mount.issuer(&issuer)? {
            all += 1;
            roots += usize::from(certificate.is_self_signed());
        }
    }
    Ok((all, roots))
}

fn is_enabled(config: &Fetched) -> Result<bool, Failure> {
    let told = "enabled configuration field missing from acme config";
    let enabled = config.field("enabled").ok_or_else(|| Failure::Refused(told.to_owned()))?;
    Ok(*enabled == Value::Bool(true))
}

/// Whether ACME, which is enabled, can be reached where the mount says that it is.
fn works(mount: &Mount<'_>, cluster: &Fetched, so: &str) -> Finding {
    let place = mount.at("config/cluster");
    if *cluster == Fetched::Denied {
        return no_settings(mount, place, so);
    }
    match reach(mount, cluster.field("path").and_then(Value::as_str).unwrap_or_default()) {
        Ok(()) => {
            let message = "ACME enabled and successfully connected to the ACME directory.";
            Finding::new(Level::Ok, place, message)
        }
        Err(told) => {
            Finding::new(Level::Warning, place, format!("ACME enabled in config but not functional: {told}"))
        }
    }
}

fn reach(mount: &Mount<'_>, path: &str) -> Result<(), String> {
    // The real program leaves the mount's name open here.
    let config = "/{{mount}}/config/cluster";
    if path.is_empty() {
        return Err(format!("'path' field not configured within {config}"));
    }
    let told = |told| format!("failed to parse URL from path config: {path}: {told}");
    if Url::parse(path).map_err(told)?.scheme != "https" {
        return Err(format!("the configured 'path' field in {config} was not using an https scheme"));
    }
    let directory = format!("{}/acme/directory", path.trim_end_matches('/'));
    discover(mount, &directory).map_err(|told| {
        format!(
            "using configured 'path' field ('{path}') in {config} failed to reach the ACME directory: {directory}: {told}"
        )
    })
}

/// Asks for what an ACME server has; a problem that it tells of is told on.
fn discover(mount: &Mount<'_>, directory: &str) -> Result<(), String> {
    let response = mount.api.fetch_anywhere(directory)?;
    let (status, body) = (response.status(), response.body());
    if status.as_u16() == 200 {
        return go_json::complaint(body).map_or(Ok(()), Err);
    }
    let Ok(Value::Object(problem)) = serde_json::from_slice::<Value>(body) else {
        let text = String::from_utf8_lossy(body);
        let detail = if text.is_empty() { status.to_string() } else { text.into_owned() };
        return Err(format!("{} : {detail}", status.as_u16()));
    };
    let text = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
    let code = problem.get("status").and_then(Value::as_u64).unwrap_or(status.as_u16().into());
    Err(format!("{code} {}: {}", text("type"), text("detail")))
}
