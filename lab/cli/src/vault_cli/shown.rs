//! Requests that are shown instead of being sent.

use serde_json::Value;

use super::api::Api;
use super::tree::compact;

/// The command of curl that sends the same request.
pub(super) fn curl(api: &Api, method: &str, path: &str, body: Option<&Value>) -> String {
    let mut command = String::from("curl ");
    if api.tls.skip_verify {
        command.push_str("--insecure ");
    }
    if method != "GET" {
        command.push_str(&format!("-X {method} "));
    }
    for (option, file) in [
        ("--cacert", &api.tls.ca_cert),
        ("--capath", &api.tls.ca_path),
        ("--cert", &api.tls.client_cert),
        ("--key", &api.tls.client_key),
    ] {
        if !file.is_empty() {
            command.push_str(&format!("{option} '{}' ", quoted(file)));
        }
    }
    if method == "PATCH" {
        command.push_str("-H \"Content-Type: application/merge-patch+json\" ");
    }
    for (name, value) in api.extra_headers() {
        command.push_str(&format!("-H \"{name}: {}\" ", value.replace('"', "\\\"")));
    }
    command.push_str("-H \"X-Vault-Request: true\" ");
    if !api.token().is_empty() {
        command.push_str("-H \"X-Vault-Token: $(vault print token)\" ");
    }
    if let Some(body) = body {
        command.push_str(&format!("-d '{}' ", quoted(&compact(body))));
    }
    command.push_str(&format!("{}/v1/{path}", api.address()));
    command
}

fn quoted(text: &str) -> String {
    text.replace('\'', r#"'"'"'"#)
}

/// A policy that allows the request.
pub(super) fn policy(method: &str, path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut capabilities = match method {
        "GET" if query.contains("list=true") => vec!["list"],
        "GET" => vec!["read"],
        "DELETE" => vec!["delete"],
        "PATCH" => vec!["patch"],
        _ => vec!["create", "update"],
    };
    if needs_sudo(path) {
        capabilities.push("sudo");
    }
    let capabilities: Vec<String> = capabilities.iter().map(|name| format!("{name:?}")).collect();
    format!("path {path:?} {{\n  capabilities = [{}]\n}}", capabilities.join(", "))
}

/// Whether a path is for those with sudo only.
fn needs_sudo(path: &str) -> bool {
    const PREFIXES: [&str; 13] = [
        "sys/auth/",
        "sys/audit/",
        "sys/raw/",
        "sys/config/auditing/",
        "sys/config/ui/headers/",
        "sys/internal/inspect/router/",
        "sys/plugins/catalog/",
        "sys/revoke-prefix/",
        "sys/revoke-force/",
        "sys/leases/revoke-prefix/",
        "sys/leases/revoke-force/",
        "sys/leases/lookup/",
        "sys/storage/raft/snapshot-auto/config/",
    ];
    const PATHS: [&str; 17] = [
        "auth/token/accessors",
        "auth/token/revoke-orphan",
        "pki/root",
        "pki/root/sign-self-issued",
        "sys/audit",
        "sys/config/cors",
        "sys/config/ui/headers",
        "sys/internal/counters/activity/export",
        "sys/leases",
        "sys/leases/lookup",
        "sys/plugins/runtimes/catalog",
        "sys/raw",
        "sys/remount",
        "sys/rotate",
        "sys/seal",
        "sys/step-down",
        "sys/storage/raft/snapshot-auto/config",
    ];
    PATHS.contains(&path) || PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_allows_what_would_be_sent() {
        assert_eq!(policy("GET", "a/b"), "path \"a/b\" {\n  capabilities = [\"read\"]\n}");
        assert!(policy("GET", "a?list=true").contains("[\"list\"]"));
        assert!(policy("PUT", "sys/audit/file").contains("[\"create\", \"update\", \"sudo\"]"));
    }
}
