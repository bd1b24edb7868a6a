//! `audit`

use serde_json::{Map, Value, json};

use super::data;
use super::failure::{Failure, Outcome, expect};
use super::print::go_text;
use super::session::Session;
use super::text::with_slash;
use super::tree::Tree;

pub(super) fn enable(session: &Session<'_>) -> Outcome {
    let Some((kind, options)) = session.arguments().split_first() else {
        return Err(Failure::Usage(
            "Error enabling audit device: audit type missing. Valid types include 'file', 'socket' and 'syslog'.".into(),
        ));
    };
    let path = with_slash(session.flags.text("path").filter(|path| !path.is_empty()).unwrap_or(kind));
    let options = data::parse(session, options)
        .map_err(|problem| Failure::Usage(format!("Failed to parse K=V data: {problem}")))?;
    let body = json!({
        "type": kind.trim(),
        "description": session.text("description"),
        "options": options,
        "local": session.is_set("local"),
    });
    let done =
        session.api()?.request("PUT", &format!("sys/audit/{}", path.trim_end_matches('/')), Some(&body));
    done.and_then(|answer| answer.check()).map_err(|failure| failure.told("Error enabling audit device"))?;
    session.say(&format!("Success! Enabled the {} audit device at: {path}", kind.trim()));
    Ok(0)
}

pub(super) fn disable(session: &Session<'_>) -> Outcome {
    let path = with_slash(session.only_argument()?);
    let done = session.api()?.request("DELETE", &format!("sys/audit/{}", path.trim_end_matches('/')), None);
    done.and_then(|answer| answer.check()).map_err(|failure| failure.told("Error disabling audit device"))?;
    session.say(&format!("Success! Disabled audit device (if it was enabled) at: {path}"));
    Ok(0)
}

pub(super) fn list(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    let asked = session.api()?.request("GET", "sys/audit", None).and_then(|answer| answer.secret());
    let secret = asked.map_err(|failure| failure.told("Error listing audits"))?.unwrap_or_default();
    let devices = secret.data.unwrap_or_default();
    if !session.is_table() {
        return session.show_tree(&Tree::Fields(
            devices.iter().map(|(path, device)| (path.clone(), tree(device))).collect(),
        ));
    }
    if devices.is_empty() {
        session.say("No audit devices are enabled.");
        return Ok(2);
    }
    session.show_rows(&rows(&devices, session.is_set("detailed")));
    Ok(0)
}

fn rows(devices: &Map<String, Value>, is_detailed: bool) -> Vec<String> {
    let heading = if is_detailed {
        "Path♨Type♨Description♨Replication♨Options"
    } else {
        "Path♨Type♨Description"
    };
    let mut lines = vec![heading.to_owned()];
    for (path, device) in devices {
        let text = |name: &str| device.get(name).map_or_else(String::new, go_text);
        let mut line = format!("{path}♨{}♨{}", text("type"), text("description"));
        if is_detailed {
            let options = device.get("options").and_then(Value::as_object).into_iter().flatten();
            let options: Vec<String> =
                options.map(|(key, value)| format!("{key}={}", go_text(value))).collect();
            let replication =
                if device.get("local") == Some(&Value::Bool(true)) { "local" } else { "replicated" };
            line = format!("{line}♨{replication}♨{}", options.join(" "));
        }
        lines.push(line);
    }
    lines
}

fn tree(device: &Value) -> Tree {
    let field = |name: &str| (name.to_owned(), Tree::Value(device.get(name).cloned().unwrap_or_default()));
    Tree::Fields(["type", "description", "options", "local", "path"].map(field).into())
}
