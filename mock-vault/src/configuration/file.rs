//! One file.

use std::time::Duration;

use lab_hcl::{Body, Item, Source, hcl1};

use super::listener::ListenerStanza;
use super::settings::Settings;
use super::storage::StorageStanza;
use super::values::Fields;
use super::{Configuration, stanzas};

pub(super) fn read(name: &str, text: &str) -> Result<Configuration, String> {
    let source = Source::new(name, text);
    let body = hcl1::parse(text).map_err(|problem| problem.message)?;
    // In JSON a repeated name is a list; only HCL can say the same thing twice.
    if !text.trim_start().starts_with('{') {
        refuse_repetition(&source, &body)?;
    }
    let fields = Fields { body: &body, source: &source };
    let mut warnings = fields.unknown(&KNOWN);
    let mut settings = Settings::default();
    settings.take_first(&fields)?;
    settings.take_shared(&fields)?;
    let seals = stanzas::seals(&fields)?;
    let mut listeners = Vec::new();
    for (index, (kind, body)) in labelled(&fields, "listener").into_iter().enumerate() {
        let (listener, complaints) = ListenerStanza::read(kind, index, &Fields { body, source: &source })?;
        listeners.push(listener);
        warnings.extend(complaints);
    }
    let lockouts = stanzas::lockouts(&fields)?;
    let (telemetry, complaints) = stanzas::telemetry(&fields)?;
    warnings.extend(complaints);
    settings.take_last(&fields)?;
    let duration =
        |name: &str| fields.duration(name).map(|seconds| Duration::from_secs(seconds.max(0).unsigned_abs()));
    Ok(Configuration {
        storage: storage(&fields, ["storage", "backend"])?,
        ha_storage: storage(&fields, ["ha_storage", "ha_backend"])?,
        service_registration: stanzas::service_registration(&fields)?,
        listeners,
        api_addr: fields.text("api_addr"),
        cluster_addr: fields.text("cluster_addr"),
        cluster_name: fields.text("cluster_name"),
        ui: fields.flag("ui")?,
        disable_mlock: fields.flag("disable_mlock")?,
        default_lease_ttl: duration("default_lease_ttl")?,
        max_lease_ttl: duration("max_lease_ttl")?,
        log_level: fields.text("log_level"),
        log_format: fields.text("log_format"),
        log_file: fields.text("log_file"),
        pid_file: fields.text("pid_file"),
        warnings,
        settings,
        seals,
        lockouts,
        telemetry,
    })
}

/// An attribute may be set once in a body, and so in those within.
fn refuse_repetition(source: &Source, body: &Body) -> Result<(), String> {
    let mut seen: Vec<&str> = Vec::new();
    for item in &body.items {
        match item {
            Item::Attribute(attribute) if seen.contains(&attribute.name.as_str()) => {
                let (line, column) = source.position(attribute.name_span.start);
                return Err(format!(
                    "The argument {:?} at {line}:{column} was already set. Each argument can only be defined once",
                    attribute.name
                ));
            }
            Item::Attribute(attribute) => seen.push(&attribute.name),
            Item::Block(block) => refuse_repetition(source, &block.body)?,
        }
    }
    Ok(())
}

fn storage(fields: &Fields<'_>, names: [&str; 2]) -> Result<Option<StorageStanza>, String> {
    for name in names {
        let found = labelled(fields, name);
        let failed = |cause: String| format!("error parsing '{name}': {cause}");
        match found.as_slice() {
            [] => {}
            [(kind, body)] => {
                let inner = Fields { body, source: fields.source };
                return StorageStanza::read(name, kind, &inner).map(Some).map_err(failed);
            }
            _ => return Err(failed(format!("only one {name:?} block is permitted"))),
        }
    }
    Ok(None)
}

/// The bodies of one kind with their labels. In JSON, which has none, the label is a name within: `{"listener": {"tcp":
/// {}}}`; in HCL what has no label is called by its kind.
pub(super) fn labelled<'a>(fields: &Fields<'a>, kind: &'a str) -> Vec<(&'a str, &'a Body)> {
    let is_json = fields.source.text.trim_start().starts_with('{');
    let mut found = Vec::new();
    for block in fields.body.blocks().filter(|block| block.kind.eq_ignore_ascii_case(kind)) {
        match block.label() {
            Some(label) => found.push((label, &block.body)),
            None if is_json => {
                found.extend(block.body.blocks().map(|inner| (inner.kind.as_str(), &inner.body)));
            }
            None => found.push((kind, &block.body)),
        }
    }
    found
}

/// The fields that the real server knows; those that this one does not act on are read and left alone.
const KNOWN: [&str; 63] = [
    "storage",
    "backend",
    "ha_storage",
    "ha_backend",
    "listener",
    "hsm",
    "seal",
    "kms",
    "kms_library",
    "entropy",
    "telemetry",
    "sentinel",
    "user_lockout",
    "service_registration",
    "reporting",
    "replication",
    "cache_size",
    "disable_cache",
    "disable_mlock",
    "disable_printable_check",
    "disable_sealwrap",
    "disable_sentinel_trace",
    "disable_performance_standby",
    "disable_clustering",
    "disable_indexing",
    "detect_deadlocks",
    "observe_detection",
    "ui",
    "api_addr",
    "cluster_addr",
    "redirect_addr",
    "cluster_cipher_suites",
    "cluster_name",
    "default_lease_ttl",
    "max_lease_ttl",
    "default_max_request_duration",
    "plugin_directory",
    "plugin_tmpdir",
    "plugin_file_uid",
    "plugin_file_permissions",
    "pid_file",
    "raw_storage_endpoint",
    "introspection_endpoint",
    "log_level",
    "log_format",
    "log_file",
    "log_rotate_duration",
    "log_rotate_bytes",
    "log_rotate_max_files",
    "log_requests_level",
    "license_path",
    "enable_response_header_hostname",
    "enable_response_header_raft_node_id",
    "experiments",
    "imprecise_lease_role_tracking",
    "administrative_namespace_path",
    "enable_multiseal",
    "enable_post_unseal_trace",
    "post_unseal_trace_directory",
    "allow_audit_log_prefixing",
    "remove_irrevocable_lease_after",
    "feature_flags",
    "activation_flags",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_whole_file() {
        let text = "storage \"file\" {\n  path = \"/opt/vault\"\n}\nlistener \"tcp\" {\n  address = \"127.0.0.1:8200\"\n  \
                    tls_cert_file = \"/tls/vault.crt\"\n  tls_key_file = \"/tls/vault.key\"\n  tls_min_version = \"tls13\"\n}\n\
                    ui = true\ndisable_mlock = 1\ndefault_lease_ttl = \"1h\"\nmax_lease_ttl = 7200\n\
                    api_addr = \"https://127.0.0.1:8200\"\ncluster_name = \"blue\"\n";
        let read = read("vault.hcl", text).expect("well formed");
        let storage = read.storage.expect("storage");
        assert_eq!((storage.kind.as_str(), storage.path.as_str()), ("file", "/opt/vault"));
        let tls = read.listeners[0].tls.as_ref().expect("TLS");
        assert_eq!((tls.certificate.as_str(), tls.key.as_str()), ("/tls/vault.crt", "/tls/vault.key"));
        assert_eq!(
            (read.default_lease_ttl, read.max_lease_ttl),
            (Duration::from_secs(3600), Duration::from_secs(7200))
        );
        assert!(read.ui && read.disable_mlock);
        assert_eq!((read.cluster_name.as_str(), read.api_addr.as_str()), ("blue", "https://127.0.0.1:8200"));
        assert_eq!(read.warnings, [""; 0]);
    }

    #[test]
    fn problems_are_told_as_the_real_server_tells_them() {
        for (text, told) in [
            (
                "ui = true\nui = false\n",
                "The argument \"ui\" at 2:1 was already set. Each argument can only be defined once",
            ),
            (
                "ui = \"maybe\"",
                "cannot parse '' as bool: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            ("default_lease_ttl = \"abc\"", "time: invalid duration \"abc\""),
            (
                "storage \"inmem\" {}\nstorage \"file\" {}",
                "error parsing 'storage': only one \"storage\" block is permitted",
            ),
            (
                "listener \"udp\" {}",
                "error parsing 'listener': listeners.0: unsupported listener type \"udp\"",
            ),
            (
                "listener \"tcp\" {\n tls_disable = \"maybe\"\n}",
                "error parsing 'listener': listeners.0: invalid value for tls_disable: cannot parse '' as bool: \
                 strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            (
                "listener \"tcp\" {\n max_request_size = \"abc\"\n}",
                "error parsing 'listener': listeners.0: error parsing max_request_size: strconv.ParseInt: parsing \"abc\": \
                 invalid syntax",
            ),
            (
                "storage { inmem {} }\nlistener {}",
                "error parsing 'listener': listeners.0: listener type must be specified",
            ),
            ("api_addr = [\"x\"]", "At 1:12: root.api_addr: unknown type for string *ast.ListType"),
            ("cache_size = 1.5", "At 1:14: root.cache_size: unknown type *ast.LiteralType"),
            ("cache_size = \"x\"", "strconv.ParseInt: parsing \"x\": invalid syntax"),
            (
                "disable_clustering = \"maybe\"",
                "cannot parse '' as bool: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            (
                "ui = [true]",
                "'' expected type 'bool', got unconvertible type '[]interface {}', value: '[true]'",
            ),
            ("plugin_file_permissions = \"9\"", "strconv.ParseInt: parsing \"9\": invalid syntax"),
            (
                "experiments = [\"nope\"]",
                "error validating experiment(s) from config: valid experiment(s) are events.alpha1, core.audit.events.alpha1, \
                 secrets.import.alpha1, but received the following invalid experiment(s): nope",
            ),
            ("storage \"foo\" {\n a = \"1\"\n}", "error parsing 'storage': unknown storage type foo"),
            (
                "storage \"inmem\" {\n disable_clustering = \"x\"\n}",
                "error parsing 'storage': storage.inmem: strconv.ParseBool: parsing \"x\": invalid syntax",
            ),
            ("seal \"foo\" {\n key = \"x\"\n}", "error parsing 'seal': seal.foo: unknown seal type foo"),
            (
                "seal \"shamir\" {\n priority = 0\n}",
                "error parsing 'seal': seal.shamir invalid priority in kms type \"shamir\": 0",
            ),
            (
                "user_lockout \"jwt\" {}",
                "error parsing 'user_lockout': user_lockouts.0: unsupported auth type \"jwt\"",
            ),
            (
                "user_lockout \"all\" {\n lockout_duration = \"-5s\"\n}",
                "error parsing 'user_lockout': user_lockouts.0 lockout_duration cannot be negative",
            ),
            (
                "telemetry {\n maximum_gauge_cardinality = \"x\"\n}",
                "error parsing 'telemetry': telemetry: strconv.ParseInt: parsing \"x\": invalid syntax",
            ),
            (
                "listener \"tcp\" {\n max_json_depth = -1\n}",
                "error parsing 'listener': listeners.0: max_json_depth cannot be negative",
            ),
            (
                "listener \"tcp\" {\n x_forwarded_for_hop_skips = -1\n}",
                "error parsing 'listener': listeners.0: x_forwarded_for_hop_skips cannot be negative but set to -1",
            ),
            (
                "listener \"tcp\" {\n proxy_protocol_behavior = \"no\"\n}",
                "error parsing 'listener': listeners.0: unsupported value supplied for proxy_protocol_behavior: \"no\"",
            ),
        ] {
            assert_eq!(read("vault.hcl", text).expect_err(text), told);
        }
    }

    #[test]
    fn a_file_is_shown_without_its_secrets() {
        let text = "storage \"file\" {\n path = \"/secret\"\n redirect_addr = \"http://a:1\"\n}\nlistener \"tcp\" {\n \
                    tls_disable = 1\n}\nmax_lease_ttl = \"1h\"\ndefault_max_request_duration = 2\ntelemetry {}\n\
                    user_lockout \"userpass\" {\n lockout_threshold = 3\n}\n";
        let shown = read("vault.hcl", text).expect("well formed").shown();
        assert_eq!(
            shown["storage"],
            json!({"type": "file", "redirect_addr": "http://a:1", "cluster_addr": "", "disable_clustering": false})
        );
        assert_eq!(shown["listeners"], json!([{"type": "tcp", "config": {"tls_disable": 1}}]));
        assert_eq!(
            shown["seals"],
            json!([{"type": "shamir", "name": "shamir", "disabled": false, "priority": 1}])
        );
        assert_eq!((&shown["max_lease_ttl"], &shown["cache_size"]), (&json!(3600), &json!(0)));
        assert_eq!(shown["default_max_request_duration"], json!(2_000_000_000));
        assert_eq!(shown["telemetry"]["disable_hostname"], json!(false));
        assert_eq!(shown["user_lockout_configs"][1]["lockout_threshold"], json!(3));
        assert_eq!(shown["user_lockout_configs"][0]["type"], json!("all"));
    }

    #[test]
    fn unknown_fields_are_only_complained_about() {
        let text =
            "foo = \"bar\"\nlistener \"tcp\" {\n  tls_disable = true\n  oops = 3\n}\nbar {\n  x = 1\n}\n";
        let read = read("vault.hcl", text).expect("well formed");
        let complaint =
            |what| format!("unknown or unsupported field {what} found in configuration at vault.hcl:");
        assert_eq!(
            read.warnings,
            [complaint("foo") + "1:1", complaint("bar") + "6:1", complaint("oops") + "4:3"]
        );
        assert_eq!(read.listeners[0].address, "127.0.0.1:8200");
    }
}
