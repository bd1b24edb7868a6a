//! What a listener's settings must be, most of which this server does not act on.

use lab_hcl::Kind;

use super::values::Fields;

/// What a setting must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Flag,
    Whole,
    /// A whole number of at least zero.
    Count,
    Duration,
    /// A duration of at least zero.
    Span,
    Addresses,
    /// What is done with the protocol of proxies.
    Behavior,
    /// How many proxies are passed over.
    Hops,
}

/// The settings in the order in which the real server looks at them, up to those in blocks of their own.
const FIRST: [(&str, Check); 22] = [
    ("max_request_size", Check::Whole),
    ("max_request_duration", Check::Span),
    ("require_request_header", Check::Flag),
    ("disable_request_limiter", Check::Flag),
    ("max_json_depth", Check::Count),
    ("max_json_string_value_length", Check::Count),
    ("max_json_object_entry_count", Check::Count),
    ("max_json_array_element_count", Check::Count),
    ("max_json_token", Check::Count),
    ("tls_disable", Check::Flag),
    ("tls_require_and_verify_client_cert", Check::Flag),
    ("tls_disable_client_certs", Check::Flag),
    ("http_read_timeout", Check::Duration),
    ("http_read_header_timeout", Check::Duration),
    ("http_write_timeout", Check::Duration),
    ("http_idle_timeout", Check::Duration),
    ("proxy_protocol_authorized_addrs", Check::Addresses),
    ("proxy_protocol_behavior", Check::Behavior),
    ("x_forwarded_for_authorized_addrs", Check::Addresses),
    ("x_forwarded_for_hop_skips", Check::Hops),
    ("x_forwarded_for_reject_not_authorized", Check::Flag),
    ("x_forwarded_for_reject_not_present", Check::Flag),
];

/// Flags in blocks of their own.
const INNER: [(&str, &str); 3] = [
    ("telemetry", "unauthenticated_metrics_access"),
    ("profiling", "unauthenticated_pprof_access"),
    ("inflight_requests_logging", "unauthenticated_in_flight_requests_access"),
];

/// Checks all of a listener's settings. Errors: the first that is wrong.
pub(super) fn check(fields: &Fields<'_>, kind: &str) -> Result<(), String> {
    for (name, wanted) in FIRST {
        wanted.check(fields, name)?;
    }
    for (block, name) in INNER {
        if let Some(inner) = fields.block(block) {
            inner.flag(name).map_err(|cause| format!("invalid value for {block}.{name}: {cause}"))?;
        }
    }
    Check::Flag.check(fields, "cors_enabled")?;
    let origins = fields.texts("cors_allowed_origins");
    if origins.len() > 1 && origins.iter().any(|origin| origin == "*") {
        return Err(
            "cors_allowed_origins must only contain a wildcard or only non-wildcard values".to_owned()
        );
    }
    if kind == "tcp" {
        headers(fields).map_err(|cause| format!("failed to parse custom_response_headers: {cause}"))?;
        for name in [
            "redact_addresses",
            "redact_cluster_name",
            "redact_version",
            "disable_replication_status_endpoints",
        ] {
            Check::Flag.check(fields, name)?;
        }
    }
    Ok(())
}

impl Check {
    fn check(self, fields: &Fields<'_>, name: &str) -> Result<(), String> {
        let unparsed = |cause| format!("error parsing {name}: {cause}");
        let negative = || format!("{name} cannot be negative");
        match self {
            Self::Flag => {
                fields.flag(name).map_err(|cause| format!("invalid value for {name}: {cause}"))?;
            }
            Self::Whole => {
                fields.number(name).map_err(unparsed)?;
            }
            Self::Count if fields.number(name).map_err(unparsed)? < 0 => return Err(negative()),
            Self::Duration => {
                fields.duration(name).map_err(unparsed)?;
            }
            Self::Span if fields.duration(name).map_err(unparsed)? < 0 => return Err(negative()),
            Self::Addresses => crate::auth::check_addresses(&fields.texts(name)).map_err(unparsed)?,
            Self::Behavior => match fields.text(name).as_str() {
                "" | "allow_authorized" | "deny_unauthorized" | "use_always" => {}
                other => return Err(format!("unsupported value supplied for {name}: {other:?}")),
            },
            Self::Hops => {
                let hops = fields.number(name).map_err(unparsed)?;
                if hops < 0 {
                    return Err(format!("{} but set to {hops}", negative()));
                }
            }
            Self::Count | Self::Span => {}
        }
        Ok(())
    }
}

/// Headers of answers by their status.
fn headers(fields: &Fields<'_>) -> Result<(), String> {
    const UNFIT: &str =
        "response headers were not configured correctly. please make sure they're in a slice of maps";
    if fields.value("custom_response_headers").is_some() {
        return Err(UNFIT.to_owned());
    }
    let Some(by_status) = fields.block("custom_response_headers") else { return Ok(()) };
    for item in &by_status.body.items {
        let Some(block) = item.as_block() else { return Err(UNFIT.to_owned()) };
        if !is_status(&block.kind) {
            return Err(format!("invalid status code found in the server configuration: {}", block.kind));
        }
        for header in &block.body.items {
            let Some(attribute) = header.as_attribute() else {
                return Err("headers must be given in a list of strings".to_owned());
            };
            let Kind::List(values) = &attribute.value.kind else {
                return Err("headers must be given in a list of strings".to_owned());
            };
            if let Some(other) = values.iter().find(|value| value.as_str().is_none()) {
                let shown = crate::decode::value_to_json(other);
                return Err(format!("found a non-string header value: {shown}"));
            }
        }
    }
    Ok(())
}

fn is_status(text: &str) -> bool {
    ["default", "1xx", "2xx", "3xx", "4xx", "5xx"].contains(&text)
        || text.parse().is_ok_and(|number: i32| (100..600).contains(&number))
}
