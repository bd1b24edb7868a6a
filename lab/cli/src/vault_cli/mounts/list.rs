//! `list`

use serde_json::{Map, Value};

use super::Family;
use crate::vault_cli::failure::{Outcome, expect};
use crate::vault_cli::print::go_text;
use crate::vault_cli::session::Session;
use crate::vault_cli::tree::Tree;

pub(crate) fn list(session: &Session<'_>, family: Family) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    let asked = session.api()?.request("GET", family.endpoint(), None).and_then(|answer| answer.secret());
    let told = match family {
        Family::Secrets => "Error listing secrets engines",
        Family::Auth => "Error listing enabled authentications",
    };
    let mounts = asked.map_err(|failure| failure.told(told))?.unwrap_or_default().data.unwrap_or_default();
    if !session.is_table() {
        return session.show_tree(&Tree::Fields(
            mounts.iter().map(|(path, mount)| (path.clone(), tree(mount))).collect(),
        ));
    }
    session.show_rows(&if session.is_set("detailed") {
        detailed(&mounts, family)
    } else {
        simple(&mounts, family)
    });
    Ok(0)
}

fn simple(mounts: &Map<String, Value>, family: Family) -> Vec<String> {
    let mut heading = vec!["Path", "Type", "Accessor", "Description"];
    let mut names = vec!["type", "accessor", "description"];
    if family == Family::Auth {
        heading.push("Version");
        names.push("plugin_version");
    }
    let mut lines = vec![heading.join("♨")];
    for (path, mount) in mounts {
        let cells: Vec<String> = names.iter().map(|name| text(mount, name)).collect();
        lines.push(format!("{path}♨{}", cells.join("♨")));
    }
    lines
}

fn detailed(mounts: &Map<String, Value>, family: Family) -> Vec<String> {
    let token_type = if family == Family::Auth { "Token Type" } else { "Force No Cache" };
    let heading = [
        "Path",
        "Plugin",
        "Accessor",
        "Default TTL",
        "Max TTL",
        token_type,
        "Replication",
        "Seal Wrap",
        "External Entropy Access",
        "Options",
        "Description",
        "UUID",
        "Version",
        "Running Version",
        "Running SHA256",
        "Deprecation Status",
    ];
    let mut lines = vec![heading.join("♨")];
    for (path, mount) in mounts {
        let config = mount.get("config").cloned().unwrap_or_default();
        let fifth = if family == Family::Auth { "token_type" } else { "force_no_cache" };
        let is_local = mount.get("local") == Some(&Value::Bool(true));
        let cells = [
            path.clone(),
            text(mount, "type"),
            text(mount, "accessor"),
            ttl(mount, &config, "default_lease_ttl"),
            ttl(mount, &config, "max_lease_ttl"),
            text(&config, fifth),
            if is_local { "local" } else { "replicated" }.to_owned(),
            text(mount, "seal_wrap"),
            text(mount, "external_entropy_access"),
            go_text(mount.get("options").filter(|options| options.is_object()).unwrap_or(&Map::new().into())),
            text(mount, "description"),
            text(mount, "uuid"),
            text(mount, "plugin_version"),
            text(mount, "running_plugin_version"),
            text(mount, "running_sha256"),
            text(mount, "deprecation_status"),
        ];
        lines.push(cells.join("♨"));
    }
    lines
}

fn ttl(mount: &Value, config: &Value, name: &str) -> String {
    match (text(mount, "type").as_str(), config.get(name).and_then(Value::as_u64)) {
        ("system" | "cubbyhole", _) => String::new(),
        (_, None | Some(0)) => "system".to_owned(),
        (_, Some(seconds)) => seconds.to_string(),
    }
}

fn text(map: &Value, name: &str) -> String {
    map.get(name).filter(|value| !value.is_null()).map_or_else(String::new, go_text)
}

/// A mount with its fields in the order in which they are printed.
fn tree(mount: &Value) -> Tree {
    const FIELDS: [(&str, Otherwise); 12] = [
        ("uuid", Otherwise::Text),
        ("type", Otherwise::Text),
        ("description", Otherwise::Text),
        ("accessor", Otherwise::Text),
        ("config", Otherwise::Null),
        ("options", Otherwise::Null),
        ("local", Otherwise::False),
        ("seal_wrap", Otherwise::False),
        ("external_entropy_access", Otherwise::False),
        ("plugin_version", Otherwise::Text),
        ("running_plugin_version", Otherwise::Text),
        ("running_sha256", Otherwise::Text),
    ];
    let field = |(name, otherwise): &(&str, Otherwise)| {
        let value = mount.get(*name).cloned().unwrap_or(match otherwise {
            Otherwise::Null => Value::Null,
            Otherwise::Text => "".into(),
            Otherwise::False => false.into(),
        });
        let tree = if *name == "config" { config_tree(&value) } else { Tree::Value(value) };
        ((*name).to_owned(), tree)
    };
    let mut fields: Vec<(String, Tree)> = FIELDS.iter().map(field).collect();
    fields.push(("deprecation_status".into(), text(mount, "deprecation_status").into()));
    Tree::Fields(fields)
}

/// What stands where a field is missing.
#[derive(Clone, Copy)]
enum Otherwise {
    Null,
    Text,
    False,
}

fn config_tree(config: &Value) -> Tree {
    const ORDER: [&str; 16] = [
        "default_lease_ttl",
        "max_lease_ttl",
        "force_no_cache",
        "audit_non_hmac_request_keys",
        "audit_non_hmac_response_keys",
        "listing_visibility",
        "passthrough_request_headers",
        "allowed_response_headers",
        "token_type",
        "plugin_name",
        "user_lockout_configuration",
        "plugin_version",
        "allowed_managed_keys",
        "delegated_auth_accessors",
        "identity_token_key",
        "trim_request_trailing_slashes",
    ];
    let known =
        ORDER.iter().filter_map(|name| Some(((*name).to_owned(), Tree::Value(config.get(*name)?.clone()))));
    Tree::Fields(known.collect())
}
