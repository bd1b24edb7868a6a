//! The `listener` block.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_wire::tls::Version;
use lab_world::format_duration;
use serde_json::{Map, Value};

use super::checks;
use super::values::Fields;
use crate::decode;

/// A `listener` block.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenerStanza {
    /// Host and port as they were written; `127.0.0.1:8200` unless they were.
    pub address: String,
    /// Where other servers connect; the address with the next port unless it was written.
    pub cluster_address: Option<String>,
    /// The largest body of a request, in bytes; zero for 32 MiB.
    pub max_request_size: usize,
    /// `None`: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// What the server says of its limits when it starts.
    pub properties: BTreeMap<&'static str, String>,
    /// `tcp` or `unix`.
    pub kind: String,
    /// All that was written of it.
    pub(crate) shown: Map<String, Value>,
}

/// What a listener shows and wants in TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFiles {
    /// The file of the certificate and those above it.
    pub certificate: String,
    /// The file of its key.
    pub key: String,
    /// The lowest version that is spoken.
    pub min_version: Version,
    /// The file of the authorities whose certificates clients must have; `None` where they need none.
    pub client_ca: Option<String>,
    /// Whether clients are not even asked for a certificate.
    pub disable_client_certificates: bool,
}

impl TlsFiles {
    /// TLS 1.2 and up, with a certificate and its key, for any client.
    pub fn new(certificate: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            min_version: Version::Tls12,
            client_ca: None,
            disable_client_certificates: false,
        }
    }
}

impl ListenerStanza {
    /// A plain listener.
    pub fn plain(address: impl Into<String>) -> Self {
        let address = address.into();
        Self {
            cluster_address: None,
            max_request_size: 0,
            tls: None,
            properties: LIMITS.map(|(name, preset)| (name, preset.to_owned())).into(),
            kind: "tcp".to_owned(),
            shown: [("address".to_owned(), address.as_str().into())].into_iter().collect(),
            address,
        }
    }

    /// Reads a block of the kind `kind`, the `index`th of the file, with the complaints about it.
    pub(super) fn read(kind: &str, index: usize, fields: &Fields<'_>) -> Result<(Self, Vec<String>), String> {
        let wrong = |cause: String| format!("error parsing 'listener': listeners.{index}: {cause}");
        let kind =
            Some(fields.text("type")).filter(|kind| !kind.is_empty()).unwrap_or_else(|| kind.to_owned());
        let kind = kind.to_ascii_lowercase();
        if kind == "listener" {
            return Err(wrong("listener type must be specified".to_owned()));
        }
        if !["tcp", "unix"].contains(&kind.as_str()) {
            return Err(wrong(format!("unsupported listener type {kind:?}")));
        }
        checks::check(fields, &kind).map_err(wrong)?;
        let plain = fields.flag("tls_disable").map_err(wrong)?;
        let address = Some(fields.text("address")).filter(|address| !address.is_empty());
        let size = fields.number("max_request_size").map_err(wrong)?;
        let listener = Self {
            address: address.unwrap_or_else(|| "127.0.0.1:8200".to_owned()),
            cluster_address: Some(fields.text("cluster_address")).filter(|address| !address.is_empty()),
            max_request_size: usize::try_from(size).unwrap_or_default(),
            tls: if plain { None } else { Some(tls(fields).map_err(wrong)?) },
            properties: properties(fields).map_err(wrong)?,
            kind,
            shown: decode::to_json(fields.body),
        };
        let mut complaints = fields.unknown(&KNOWN);
        for (block, known) in
            [("telemetry", "unauthenticated_metrics_access"), ("profiling", "unauthenticated_pprof_access")]
        {
            complaints.extend(fields.block(block).into_iter().flat_map(|inner| inner.unknown(&[known])));
        }
        Ok((listener, complaints))
    }
}

/// The limits with their presets.
const LIMITS: [(&str, &str); 7] = [
    ("disable_request_limiter", "false"),
    ("max_json_array_element_count", "10000"),
    ("max_json_depth", "300"),
    ("max_json_object_entry_count", "10000"),
    ("max_json_string_value_length", "1048576"),
    ("max_request_duration", "1m30s"),
    ("max_request_size", "33554432"),
];

fn properties(fields: &Fields<'_>) -> Result<BTreeMap<&'static str, String>, String> {
    let mut properties = BTreeMap::new();
    for (name, preset) in LIMITS {
        let set = match name {
            "disable_request_limiter" => fields.flag(name)?.then(|| "true".to_owned()),
            "max_request_duration" => Some(fields.duration(name)?)
                .filter(|seconds| *seconds > 0)
                .map(|seconds| format_duration(Duration::from_secs(seconds.unsigned_abs()))),
            _ => Some(fields.number(name)?).filter(|number| *number != 0).map(|number| number.to_string()),
        };
        properties.insert(name, set.unwrap_or_else(|| preset.to_owned()));
    }
    match fields.text("chroot_namespace").trim_matches('/') {
        "" => {}
        path => {
            properties.insert("chroot_namespace", format!("{path}/"));
        }
    }
    Ok(properties)
}

fn tls(fields: &Fields<'_>) -> Result<TlsFiles, String> {
    let min_version = match fields.text("tls_min_version").as_str() {
        "tls13" => Version::Tls13,
        "" | "tls10" | "tls11" | "tls12" => Version::Tls12,
        other => {
            return Err(format!(
                "'tls_min_version' value {other:?} not supported, please specify one of [tls10,tls11,tls12,tls13]"
            ));
        }
    };
    let required = fields.flag("tls_require_and_verify_client_cert")?;
    let client_ca = fields.text("tls_client_ca_file");
    Ok(TlsFiles {
        certificate: fields.text("tls_cert_file"),
        key: fields.text("tls_key_file"),
        min_version,
        client_ca: required.then_some(client_ca),
        disable_client_certificates: fields.flag("tls_disable_client_certs")?,
    })
}

/// The fields that the real server knows; those that this one does not act on are read and left alone.
const KNOWN: [&str; 54] = [
    "address",
    "cluster_address",
    "purpose",
    "role",
    "max_request_size",
    "max_request_duration",
    "require_request_header",
    "tls_disable",
    "tls_cert_file",
    "tls_key_file",
    "tls_min_version",
    "tls_max_version",
    "tls_cipher_suites",
    "tls_prefer_server_cipher_suites",
    "tls_require_and_verify_client_cert",
    "tls_client_ca_file",
    "tls_disable_client_certs",
    "http_idle_timeout",
    "http_read_header_timeout",
    "http_read_timeout",
    "http_write_timeout",
    "proxy_protocol_behavior",
    "proxy_protocol_authorized_addrs",
    "x_forwarded_for_authorized_addrs",
    "x_forwarded_for_hop_skips",
    "x_forwarded_for_reject_not_present",
    "x_forwarded_for_reject_not_authorized",
    "x_forwarded_for_client_cert_header",
    "x_forwarded_for_client_cert_header_decoders",
    "telemetry",
    "profiling",
    "inflight_requests_logging",
    "cors_enabled",
    "cors_allowed_origins",
    "cors_allowed_headers",
    "custom_response_headers",
    "chroot_namespace",
    "redact_addresses",
    "redact_cluster_name",
    "redact_version",
    "disable_replication_status_endpoints",
    "disable_unauthed_rekey_endpoints",
    "disable_request_limiter",
    "max_json_depth",
    "max_json_string_value_length",
    "max_json_object_entry_count",
    "max_json_array_element_count",
    "max_json_token",
    "agent_api",
    "proxy_api",
    "socket_mode",
    "socket_user",
    "socket_group",
    "type",
];
