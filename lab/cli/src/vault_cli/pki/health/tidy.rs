//! Tidying: whether it happens by itself, and when it last did.

use std::time::Duration;

use lab_world::format_duration;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::fetch::{Fetched, Mount};
use super::finding::{Finding, Level};
use super::settings::{Limits, Settings};
use crate::vault_cli::failure::Failure;
use crate::vault_cli::options;

/// Whether the mount is tidied by itself, and often enough.
pub(super) fn automatic(mount: &Mount<'_>, settings: &Settings) -> Result<Vec<Finding>, Failure> {
    let config = mount.read("config/auto-tidy")?;
    let place = || mount.at("config/auto-tidy");
    match *config {
        Fetched::Unsupported => return Ok(vec![Finding::old_server(place(), "1.12+,")]),
        Fetched::Denied => {
            return Ok(vec![mount.denied(
                place(),
                "unable read authenticated auto-tidy configuration",
                "permission to read the auto-tidy configuration",
                "This prevents the health check from functioning at all, as it cannot .",
            )]);
        }
        _ => {}
    }
    if !config.is_true("enabled") {
        let message = "Auto-tidy is currently disabled; consider enabling auto-tidy to execute tidy operations \
                       periodically. This helps the health and performance of a mount.";
        return Ok(vec![Finding::new(Level::Informational, place(), message)]);
    }
    let mut found = Vec::new();
    for (name, limits) in
        [("interval_duration", settings.tidy_interval), ("pause_duration", settings.tidy_pause)]
    {
        let length = length(config.field(name)).map_err(|told| {
            Failure::Refused(format!("error parsing API response from server for {name}: {told}"))
        })?;
        if let Some(level) = level(length, limits) {
            let message = format!(
                "Auto-tidy is configured with too long of a value for {name} ({}); this could impact performance as \
                 tidies run too infrequently or take too long to execute.",
                format_duration(length)
            );
            found.push(Finding::new(level, place(), message));
        }
    }
    if found.is_empty() {
        let message = "Auto-tidy is enabled and configured appropriately.";
        found.push(Finding::new(Level::Ok, place(), message));
    }
    Ok(found)
}

/// Whether the mount was tidied lately.
pub(super) fn last_run(mount: &Mount<'_>, settings: &Settings) -> Result<Vec<Finding>, Failure> {
    const NEVER: &str = "Tidy hasn't run since this mount was created; this can point to problems with the mount's \
                         auto-tidy configuration or an external tidy executor; this can impact PKI's and Vault's \
                         performance if not run regularly. It is suggested to enable auto-tidy on this mount.";
    let status = mount.read("tidy-status");
    let status = status.map_err(|failure| failure.told("failed to fetch mount's tidy-status value"))?;
    let place = mount.at("tidy-status");
    let finished = match &*status {
        Fetched::Unsupported => return Ok(vec![Finding::old_server(place, "1.10+")]),
        Fetched::Denied => {
            let so = "Without this information, this health check is unable to function.";
            let lacks = "permission to read the tidy status endpoint";
            return Ok(vec![mount.denied(place, "unable read tidy status endpoint", lacks, so)]);
        }
        Fetched::Missing => return Ok(Vec::new()),
        Fetched::Found(_) => status.field("time_finished").filter(|time| !time.is_null()),
    };
    let Some(finished) = finished else {
        return Ok(vec![Finding::new(Level::Critical, place, NEVER)]);
    };
    let finished = finished.as_str().unwrap_or_default();
    let moment = OffsetDateTime::parse(finished, &Rfc3339)
        .map_err(|told| Failure::Refused(format!("error parsing time value ({finished}): {told}")))?;
    let ago = (mount.now - moment).try_into().unwrap_or(Duration::ZERO);
    let limits = settings.last_run;
    let (level, limit) = match () {
        () if ago > limits.critical => (Level::Critical, limits.critical),
        () if ago > limits.warning => (Level::Warning, limits.warning),
        () => return Ok(vec![Finding::new(Level::Ok, place, "Tidy has run recently on this mount.")]),
    };
    let message = format!(
        "Tidy hasn't run in the last {}; this can point to problems with the mount's auto-tidy configuration or an \
         external tidy executor; this can impact PKI's and Vault's performance if not run regularly.",
        format_duration(limit)
    );
    Ok(vec![Finding::new(level, place, message)])
}

fn level(length: Duration, limits: Limits<Duration>) -> Option<Level> {
    match () {
        () if length >= limits.critical => Some(Level::Critical),
        () if length >= limits.warning => Some(Level::Warning),
        () => None,
    }
}

/// A duration of an answer: a text, or a number of seconds.
fn length(value: Option<&Value>) -> Result<Duration, String> {
    match value {
        None | Some(Value::Null) => Ok(Duration::ZERO),
        Some(Value::String(text)) => options::length(text),
        Some(other) => options::length(&other.to_string()),
    }
}
