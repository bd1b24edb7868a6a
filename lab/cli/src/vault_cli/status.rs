//! `status`, and the same table for `operator unseal`.

use serde_json::{Map, Value};

use super::api::Api;
use super::failure::{Failure, Outcome, expect};
use super::print::go_text;
use super::session::Session;
use super::tree::Tree;

pub(super) fn status(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    let api = session.api().map_err(|failure| match failure {
        // Whatever keeps it from asking is an error, and 2 is for a sealed server.
        Failure::Refused(text) => Failure::Usage(text),
        other => other,
    })?;
    let asked = api.request("GET", "sys/seal-status", None).and_then(|answer| answer.json());
    let status = asked.map_err(|failure| error("Error checking seal status", failure))?;
    show(session, &api, &status)?;
    Ok(if status.get("sealed").and_then(Value::as_bool).unwrap_or(true) { 2 } else { 0 })
}

fn error(before: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Refused(text) => Failure::Usage(format!("{before}: {text}")),
        other => other,
    }
}

/// Prints the state of the seal, and asks for the leader to go with it.
pub(super) fn show(session: &Session<'_>, api: &Api, status: &Value) -> Result<(), Failure> {
    let leader = api.request("GET", "sys/leader", None).and_then(|answer| answer.json());
    let leader = leader.map_err(|failure| error("Error checking leader status", failure))?;
    let nothing = Map::new();
    let (status, leader) = (status.as_object().unwrap_or(&nothing), leader.as_object().unwrap_or(&nothing));
    if session.is_table() {
        session.show_pairs(&rows(status, leader));
        return Ok(());
    }
    // A form that there is not is told, and is no error.
    if let Err(Failure::Usage(told)) = session.show_tree(&tree(status, leader)) {
        session.warn(&told);
    }
    Ok(())
}

fn rows(status: &Map<String, Value>, leader: &Map<String, Value>) -> Vec<(&'static str, String)> {
    let text = |name: &str| status.get(name).map_or_else(String::new, go_text);
    let is =
        |map: &Map<String, Value>, name: &str| map.get(name).and_then(Value::as_bool).unwrap_or_default();
    let mut rows = vec![
        ("Seal Type", text("type")),
        ("Initialized", text("initialized")),
        ("Sealed", text("sealed")),
        ("Total Shares", text("n")),
        ("Threshold", text("t")),
    ];
    if is(status, "sealed") {
        rows.push(("Unseal Progress", format!("{}/{}", text("progress"), text("t"))));
        rows.push(("Unseal Nonce", text("nonce")));
    }
    if is(status, "migration") {
        rows.push(("Seal Migration in Progress", text("migration")));
    }
    rows.push(("Version", text("version")));
    rows.push(("Build Date", text("build_date")));
    rows.push(("Storage Type", text("storage_type")));
    if !text("cluster_name").is_empty() && !text("cluster_id").is_empty() {
        rows.push(("Cluster Name", text("cluster_name")));
        rows.push(("Cluster ID", text("cluster_id")));
    }
    let ha = is(leader, "ha_enabled");
    rows.push(("HA Enabled", ha.to_string()));
    if ha {
        rows.extend(ha_rows(is(status, "sealed"), leader));
    }
    rows
}

/// What a server that is one of several says of the others.
fn ha_rows(is_sealed: bool, leader: &Map<String, Value>) -> Vec<(&'static str, String)> {
    if is_sealed {
        return vec![("HA Mode", "sealed".to_owned())];
    }
    let text = |name: &str| leader.get(name).map_or_else(String::new, go_text);
    let mut rows = vec![("HA Cluster", text("leader_cluster_address"))];
    if leader.get("is_self").and_then(Value::as_bool).unwrap_or_default() {
        rows.push(("HA Mode", "active".to_owned()));
        rows.push(("Active Since", text("active_time")));
    } else {
        rows.push(("HA Mode", "standby".to_owned()));
        let address = Some(text("leader_address")).filter(|address| !address.is_empty());
        rows.push(("Active Node Address", address.unwrap_or_else(|| "<none>".to_owned())));
    }
    rows
}

fn tree(status: &Map<String, Value>, leader: &Map<String, Value>) -> Tree {
    const STATUS: [&str; 14] = [
        "type",
        "initialized",
        "sealed",
        "t",
        "n",
        "progress",
        "nonce",
        "version",
        "build_date",
        "migration",
        "cluster_name",
        "cluster_id",
        "recovery_seal",
        "storage_type",
    ];
    const LEADER: [&str; 5] =
        ["ha_enabled", "is_self", "active_time", "leader_address", "leader_cluster_address"];
    let is_left_out = |name: &str, value: &Value| {
        matches!(value, Value::Null)
            || ["cluster_name", "cluster_id", "leader_address", "leader_cluster_address"].contains(&name)
                && value == ""
            || name == "is_self" && *value == Value::Bool(false)
    };
    let field = |map: &Map<String, Value>, name: &str| {
        let value = map.get(name).cloned().unwrap_or_default();
        (!is_left_out(name, &value)).then(|| (name.to_owned(), Tree::Value(value)))
    };
    let fields = STATUS.iter().filter_map(|name| field(status, name));
    Tree::Fields(fields.chain(LEADER.iter().filter_map(|name| field(leader, name))).collect())
}
