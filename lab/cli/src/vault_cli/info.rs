//! `path-help`, `version-history` and what of namespaces there is.

use serde_json::Value;

use super::failure::{Failure, Outcome, expect};
use super::session::Session;
use super::text::sanitize;
use super::tree::{Tree, compact};
use crate::stand_in::table::Columns;

pub(super) fn path_help(session: &Session<'_>) -> Outcome {
    let path = sanitize(session.only_argument()?);
    let asked =
        session.api()?.request("GET", &format!("{path}?help=1"), None).and_then(|answer| answer.json());
    let answer = asked.map_err(|failure| failure.told("Error retrieving help"))?;
    if session.anywhere.format == "json" {
        session.say(&compact(answer.get("openapi").unwrap_or(&Value::Null)));
        return Ok(0);
    }
    session.say(answer.get("help").and_then(Value::as_str).unwrap_or_default());
    Ok(0)
}

pub(super) fn version_history(session: &Session<'_>) -> Outcome {
    session.warn(
        "\nNote:\nUse of this command requires a server running Vault 1.10.0 or greater.\nVersion tracking was added in \
         1.9.0. Earlier versions have not been tracked.\n\n",
    );
    let asked = session
        .api()?
        .request("GET", "sys/version-history?list=true", None)
        .and_then(|answer| answer.secret());
    let secret = asked.map_err(|failure| failure.told("Error reading version history"))?.unwrap_or_default();
    if session.anywhere.format == "json" {
        return session.show_tree(&secret.tree());
    }
    let mut lines = vec!["Version♨Installation Time♨Build Date".to_owned()];
    for version in secret.keys().into_iter().flatten().filter_map(Value::as_str) {
        let info = secret.datum("key_info").and_then(|all| all.get(version)).cloned().unwrap_or_default();
        let text = |name: &str| info.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        lines.push(format!("{version}♨{}♨{}", text("timestamp_installed"), text("build_date")));
    }
    session.say(&Columns { glue: "  ", ..Columns::VAULT }.format_underlined(&lines));
    Ok(0)
}

pub(super) fn namespace_list(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    let asked = session
        .api()?
        .request("GET", "sys/namespaces?list=true", None)
        .and_then(|answer| answer.secret_if_any());
    match asked.map_err(|failure| failure.told("Error listing namespaces"))? {
        Some(secret) => session.show_keys(&secret, secret.keys().map(Vec::as_slice).unwrap_or_default()),
        None if session.is_table() => Err(Failure::Refused("No namespaces found".into())),
        None => session.show_tree(&Tree::Fields(Vec::new())).map(|_| 2),
    }
}
