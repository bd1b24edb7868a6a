//! One file.

use lab_hcl::{Body, Item, Source, hcl1};

use super::listener::ListenerStanza;
use super::values::Fields;
use super::{Configuration, StorageStanza};

pub(super) fn read(name: &str, text: &str) -> Result<Configuration, String> {
    let source = Source::new(name, text);
    let body = hcl1::parse(text).map_err(|problem| problem.message)?;
    // In JSON a repeated name is a list; only HCL can say the same thing twice.
    if !text.trim_start().starts_with('{') {
        refuse_repetition(&source, &body)?;
    }
    let fields = Fields { body: &body, source: &source };
    let mut warnings = fields.unknown(&KNOWN);
    let storage = storage(&fields)?;
    let mut listeners = Vec::new();
    for (index, (kind, body)) in labelled(&body, "listener").into_iter().enumerate() {
        let (listener, complaints) = ListenerStanza::read(kind, index, &Fields { body, source: &source })?;
        listeners.push(listener);
        warnings.extend(complaints);
    }
    Ok(Configuration {
        storage,
        listeners,
        api_addr: fields.text("api_addr"),
        cluster_addr: fields.text("cluster_addr"),
        cluster_name: fields.text("cluster_name"),
        ui: fields.flag("ui")?,
        disable_mlock: fields.flag("disable_mlock")?,
        default_lease_ttl: fields.duration("default_lease_ttl")?,
        max_lease_ttl: fields.duration("max_lease_ttl")?,
        log_level: fields.text("log_level"),
        log_format: fields.text("log_format"),
        log_file: fields.text("log_file"),
        pid_file: fields.text("pid_file"),
        warnings,
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

fn storage(fields: &Fields<'_>) -> Result<Option<StorageStanza>, String> {
    for name in ["storage", "backend"] {
        let found = labelled(fields.body, name);
        match found.as_slice() {
            [] => {}
            [(kind, body)] => {
                let path = Fields { body, source: fields.source }.text("path");
                return Ok(Some(StorageStanza { kind: (*kind).to_owned(), path }));
            }
            _ => return Err(format!("error parsing '{name}': only one {name:?} block is permitted")),
        }
    }
    Ok(None)
}

/// The bodies of one kind with their labels; `listener "tcp" {}` and `listener { tcp {} }`, as JSON writes it, are the
/// same.
fn labelled<'a>(body: &'a Body, kind: &'a str) -> Vec<(&'a str, &'a Body)> {
    let mut found = Vec::new();
    for block in body.blocks().filter(|block| block.kind.eq_ignore_ascii_case(kind)) {
        match block.label() {
            Some(label) => found.push((label, &block.body)),
            None => found.extend(block.body.blocks().map(|inner| (inner.kind.as_str(), &inner.body))),
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_whole_file() {
        let text = "storage \"file\" {\n  path = \"/opt/vault\"\n}\nlistener \"tcp\" {\n  address = \"127.0.0.1:8200\"\n  \
                    tls_cert_file = \"/tls/vault.crt\"\n  tls_key_file = \"/tls/vault.key\"\n  tls_min_version = \"tls13\"\n}\n\
                    ui = true\ndisable_mlock = 1\ndefault_lease_ttl = \"1h\"\nmax_lease_ttl = 7200\n\
                    api_addr = \"https://127.0.0.1:8200\"\ncluster_name = \"blue\"\n";
        let read = read("vault.hcl", text).expect("well formed");
        assert_eq!(read.storage, Some(StorageStanza { kind: "file".into(), path: "/opt/vault".into() }));
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
        ] {
            assert_eq!(read("vault.hcl", text).expect_err(text), told);
        }
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
