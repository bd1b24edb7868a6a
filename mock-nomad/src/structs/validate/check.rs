//! Checks of services.

use std::time::Duration;

use lab_world::format_duration;

use super::parts::{Faults, number, text};
use crate::structs::Opaque;

/// The least time between two runs of a check, and that it may take.
const LEAST: i64 = 1_000_000_000;
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"];

/// How often a check has to pass or to fail before that counts: the field, and its name in job files.
const THRESHOLDS: [(&str, &str); 3] = [
    ("SuccessBeforePassing", "success_before_passing"),
    ("FailuresBeforeCritical", "failures_before_critical"),
    ("FailuresBeforeWarning", "failures_before_warning"),
];

/// Whether a check goes to a port.
pub(super) fn requires_port(check: &Opaque) -> bool {
    matches!(text(check, "Type"), "grpc" | "http" | "tcp")
}

/// Adds what is wrong with a check; the first thing only.
pub(super) fn fault(service: &Opaque, check: &Opaque, of_nomad: bool, faults: &mut Faults) {
    let (name, service_name) = (text(check, "Name"), text(service, "Name"));
    if requires_port(check) && text(check, "PortLabel").is_empty() && text(service, "PortLabel").is_empty() {
        faults.add(format!("Check {name} invalid: check requires a port but neither check nor service {service_name:?} have a port"));
        return;
    }
    let found = match of_nomad {
        true => common(check, &["tcp", "http"]).or_else(|| of_nomads(check)),
        false => common(check, &["grpc", "tcp", "http", "script"]).or_else(|| of_consuls(check)),
    };
    match found {
        Some(found) if of_nomad => faults.add(found),
        Some(found) => faults.add(format!("Check {name} invalid: {found}")),
        None => {}
    }
}

fn common(check: &Opaque, kinds: &[&str]) -> Option<String> {
    let kind = text(check, "Type").to_lowercase();
    if !kinds.contains(&kind.as_str()) {
        return Some(format!("invalid check type ({kind:?}), must be one of {}", kinds.join(", ")));
    }
    let by_kind = match kind.as_str() {
        "http" => path(text(check, "Path")).map(str::to_owned),
        "script" if text(check, "Command").is_empty() => {
            Some("script type must have a valid script path".to_owned())
        }
        _ => None,
    };
    by_kind.or_else(|| times(check)).or_else(|| words(check)).or_else(|| restart(check))
}

/// What is wrong with the path of a request.
fn path(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("http type must have http path");
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let first = path.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((scheme, _)) = first.split_once(':') {
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(is_word);
        return Some(match is_scheme {
            true => "http type must have relative http path",
            false => "http type must have valid http path",
        });
    }
    let escaped = path.split('?').next().unwrap_or_default();
    let is_hex =
        |text: &str| text.get(..2).is_some_and(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let is_sound = !path.contains(|c: char| c.is_ascii_control()) && escaped.split('%').skip(1).all(is_hex);
    (!is_sound).then_some("http type must have valid http path")
}

fn times(check: &Opaque) -> Option<String> {
    let (interval, timeout) = (number(check, "Interval"), number(check, "Timeout"));
    match (interval, timeout) {
        (0, _) => Some("missing required value interval. Interval cannot be less than 1s".to_owned()),
        (interval, _) if interval < LEAST => {
            Some(format!("interval ({}) cannot be lower than 1s", signed(interval)))
        }
        (_, 0) => Some("missing required value timeout. Timeout cannot be less than 1s".to_owned()),
        (_, timeout) if timeout < LEAST => {
            Some(format!("timeout ({}) is lower than required minimum timeout 1s", signed(timeout)))
        }
        _ => None,
    }
}

/// What is wrong with settings that know a few words.
fn words(check: &Opaque) -> Option<String> {
    let initial = text(check, "InitialStatus");
    if !matches!(initial, "" | "passing" | "warning" | "critical") {
        return Some(format!(
            "invalid initial check state ({initial}), must be one of \"passing\", \"warning\", \"critical\" or empty"
        ));
    }
    match text(check, "AddressMode") {
        "" | "host" | "driver" | "alloc" | "alloc_ipv6" => {}
        "auto" => return Some("invalid address_mode \"auto\" - auto only valid for services".to_owned()),
        mode => return Some(format!("invalid address_mode {mode:?}")),
    }
    match text(check, "OnUpdate") {
        "" | "require_healthy" | "ignore_warnings" | "ignore" => None,
        on_update => Some(format!(
            "on_update must be \"require_healthy\", \"ignore_warnings\", or \"ignore\"; got {on_update:?}"
        )),
    }
}

/// What is wrong with `check_restart`.
fn restart(check: &Opaque) -> Option<String> {
    let block = check.get("CheckRestart").filter(|block| block.is_object())?;
    let ignores_warnings = block["IgnoreWarnings"] == true;
    match text(check, "OnUpdate") {
        "ignore" => {
            return Some("on_update value \"ignore\" is not compatible with check_restart".to_owned());
        }
        "ignore_warnings" if !ignores_warnings => {
            return Some("on_update value \"ignore_warnings\" not supported with check_restart ignore_warnings value \"false\"".to_owned());
        }
        _ => {}
    }
    let mut faults = Faults::default();
    for (field, title) in [("Limit", "limit"), ("Grace", "grace period")] {
        let value = number(block, field);
        if value < 0 {
            faults.add(format!("{title} must be greater than or equal to 0 but found {value}"));
        }
    }
    faults.text()
}

/// What only checks of Consul have.
fn of_nomads(check: &Opaque) -> Option<String> {
    let of_consul = |what: &str| Some(format!("{what} may only be set for Consul service checks"));
    if check["Expose"] == true {
        return of_consul("expose");
    }
    if text(check, "OnUpdate") == "ignore_warnings" {
        return Some("on_update may only be set to ignore_warnings for Consul service checks".to_owned());
    }
    if check["CheckRestart"]["IgnoreWarnings"] == true {
        return Some("ignore_warnings on check_restart only supported for Consul service checks".to_owned());
    }
    if text(check, "AddressMode") == "driver" {
        return of_consul("address_mode = driver");
    }
    let method = text(check, "Method");
    let is_known = METHODS.iter().any(|known| known.eq_ignore_ascii_case(method));
    if text(check, "Type") == "http" && !method.is_empty() && !is_known {
        return Some(format!("method type {method:?} not supported in Nomad http check"));
    }
    if let Some((_, title)) = THRESHOLDS.into_iter().find(|(field, _)| number(check, field) != 0) {
        return of_consul(title);
    }
    if !text(check, "TLSServerName").is_empty() {
        return of_consul("tls_server_name");
    }
    None
}

/// What checks of Consul have beside that.
fn of_consuls(check: &Opaque) -> Option<String> {
    let kind = text(check, "Type");
    if check["Expose"] == true && !matches!(kind, "grpc" | "http") {
        return Some("expose may only be set on HTTP or gRPC checks".to_owned());
    }
    for (field, title) in THRESHOLDS {
        if number(check, field) > 0 && !matches!(kind, "tcp" | "http" | "grpc") {
            return Some(format!("{title} not supported for check of type {kind:?}"));
        }
    }
    (text(check, "Notes").len() > 255).then(|| "notes must not be longer than 255 characters".to_owned())
}

fn signed(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    format!("{sign}{}", format_duration(Duration::from_nanos(nanoseconds.unsigned_abs())))
}
