//! `sys/config`: headers, web pages' rights, and how the server is set up.

use serde_json::{Value, json};

use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::settings::{AuditedHeader, Cors};
use crate::state::State;

const CORS: &[Field] =
    &[Field::flag("enable"), Field::comma_list("allowed_origins"), Field::comma_list("allowed_headers")];
const AUDITED: &[Field] = &[Field::text("header"), Field::flag("hmac")];
const UI: &[Field] = &[Field::text("header"), Field::list("values"), Field::flag("multivalue")];

/// The endpoints of the server's settings.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("config/cors", &[CORS], &[(Read, cors), (Update, set_cors), (Delete, disable_cors)]),
    Endpoint::new("config/auditing/request-headers", &[], &[(Read, audited)]),
    Endpoint::new(
        "config/auditing/request-headers/{header+}",
        &[AUDITED],
        &[(Read, audited_one), (Update, set_audited), (Delete, remove_audited)],
    ),
    Endpoint::new("config/ui/headers/?", &[], &[(List, ui_headers)]),
    Endpoint::new(
        "config/ui/headers/{header}",
        &[UI],
        &[(Read, ui_header), (Update, set_ui_header), (Delete, remove_ui_header)],
    ),
    Endpoint::new("config/state/sanitized", &[], &[(Read, sanitized)]),
    Endpoint::new(
        "config/reload/{subsystem+}",
        &[&[Field::text("subsystem")]],
        // There is neither a license nor a file of the configuration that could have changed.
        &[(Update, |_, call| match call.fields.text("subsystem") {
            "license" => Ok(Reply::Nothing),
            _ => Err(Refusal::UnsupportedPath),
        })],
    ),
];

fn cors(state: &mut State, _: &Call<'_>) -> Outcome {
    let cors = state.settings.cors.get();
    if !cors.enabled {
        return respond(json!({"enabled": false}));
    }
    respond(json!({"enabled": true, "allowed_origins": cors.origins, "allowed_headers": cors.all_headers()}))
}

fn set_cors(state: &mut State, call: &Call<'_>) -> Outcome {
    let origins = call.fields.list("allowed_origins");
    if origins.is_empty() {
        return Err(Refusal::Failed("at least one origin or the wildcard must be provided".into()));
    }
    if origins.len() > 1 && origins.iter().any(|origin| origin == "*") {
        return Err(Refusal::Failed(
            "to allow all origins the '*' must be the only value for allowed_origins".into(),
        ));
    }
    let headers = call.fields.list("allowed_headers");
    state.settings.cors.set(Cors { enabled: true, origins, headers });
    Ok(Reply::Nothing)
}

fn disable_cors(state: &mut State, _: &Call<'_>) -> Outcome {
    state.settings.cors.set(Cors::default());
    Ok(Reply::Nothing)
}

fn header(call: &Call<'_>) -> String {
    call.fields.text("header").to_lowercase()
}

fn audited(state: &mut State, _: &Call<'_>) -> Outcome {
    let headers = state.settings.audited_headers.iter();
    let headers: Data = headers.map(|(name, header)| (name.clone(), json!({"hmac": header.hmac}))).collect();
    respond(json!({"headers": headers}))
}

fn audited_one(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = header(call);
    match state.settings.audited_headers.get(&name) {
        Some(header) => respond(json!({name: {"hmac": header.hmac}})),
        None => Err(Refusal::invalid("Could not find header in config")),
    }
}

fn set_audited(state: &mut State, call: &Call<'_>) -> Outcome {
    state.settings.audited_headers.insert(header(call), AuditedHeader { hmac: call.fields.flag("hmac") });
    Ok(Reply::Nothing)
}

fn remove_audited(state: &mut State, call: &Call<'_>) -> Outcome {
    state.settings.audited_headers.remove(&header(call));
    Ok(Reply::Nothing)
}

/// A header's name as it goes over the wire: `X-Custom`.
fn canonical(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).collect::<String>()
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

fn ui_headers(state: &mut State, _: &Call<'_>) -> Outcome {
    Response::keys(state.settings.ui_headers.names().cloned().collect::<Vec<_>>()).ok()
}

fn ui_header(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = canonical(call.fields.text("header"));
    let Some(values) = state.settings.ui_headers.get(&name) else { return Ok(Reply::Nothing) };
    if call.fields.flag("multivalue") {
        return respond(json!({"values": values}));
    }
    respond(json!({"value": values.first()}))
}

fn set_ui_header(state: &mut State, call: &Call<'_>) -> Outcome {
    let values = call.fields.list("values");
    let name = canonical(call.fields.text("header"));
    if values.is_empty() {
        return Err(Refusal::invalid("header and values must be specified"));
    }
    if name.starts_with("X-Vault-") {
        return Err(Refusal::invalid("X-Vault headers cannot be set"));
    }
    state.settings.ui_headers.insert(name, values);
    Response::default().ok()
}

fn remove_ui_header(state: &mut State, call: &Call<'_>) -> Outcome {
    state.settings.ui_headers.remove(&canonical(call.fields.text("header")));
    Ok(Reply::Nothing)
}

/// How the server was started, without its secrets.
fn sanitized(state: &mut State, _: &Call<'_>) -> Outcome {
    let server = &state.server;
    if !server.configured.is_empty() {
        return respond(Value::Object(server.configured.clone()));
    }
    let listeners = server.listeners.iter().map(|(address, tls)| {
        let address = address.to_string();
        json!({"type": "tcp", "config": {
            "address": address, "proxy_protocol_authorized_addrs": address,
            "proxy_protocol_behavior": "allow_authorized", "tls_disable": !tls,
        }})
    });
    let mut data = Data::new();
    for name in [
        "administrative_namespace_path",
        "cluster_cipher_suites",
        "detect_deadlocks",
        "log_format",
        "log_level",
        "log_requests_level",
        "pid_file",
        "plugin_directory",
        "plugin_tmpdir",
        "post_unseal_trace_directory",
    ] {
        data.insert(name.to_owned(), "".into());
    }
    for name in [
        "allow_audit_log_prefixing",
        "disable_cache",
        "disable_clustering",
        "disable_indexing",
        "disable_performance_standby",
        "disable_printable_check",
        "disable_sealwrap",
        "disable_sentinel_trace",
        "enable_post_unseal_trace",
        "enable_response_header_hostname",
        "enable_response_header_raft_node_id",
        "imprecise_lease_role_tracking",
        "introspection_endpoint",
        "raw_storage_endpoint",
    ] {
        data.insert(name.to_owned(), false.into());
    }
    for name in [
        "cache_size",
        "default_max_request_duration",
        "plugin_file_permissions",
        "plugin_file_uid",
        "remove_irrevocable_lease_after",
    ] {
        data.insert(name.to_owned(), 0.into());
    }
    let Value::Object(known) = json!({
        "api_addr": "", "cluster_addr": "", "cluster_name": server.cluster_name, "disable_mlock": true,
        "default_lease_ttl": server.default_lease_ttl, "max_lease_ttl": server.max_lease_ttl, "enable_ui": server.ui,
        "experiments": null, "listeners": listeners.collect::<Vec<_>>(),
        "seals": [{"disabled": false, "name": "shamir", "priority": 1, "type": "shamir"}],
        "storage": {
            "cluster_addr": "", "disable_clustering": false, "redirect_addr": "", "type": server.storage,
        },
        "telemetry": super::metrics::telemetry_settings(),
    }) else {
        return Ok(Reply::Nothing);
    };
    data.extend(known);
    respond(Value::Object(data))
}
