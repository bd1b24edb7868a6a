//! `plugin list` and `plugin info`

use serde_json::Value;

use super::failure::{Failure, Outcome, expect};
use super::session::Session;
use super::tree::Tree;

/// The kinds of plugins.
const KINDS: [&str; 3] = ["auth", "database", "secret"];

pub(super) fn list(session: &Session<'_>) -> Outcome {
    let count = session.arguments().len();
    if count > 1 {
        return Err(Failure::Usage(format!("Too many arguments (expected 0 or 1, got {count})")));
    }
    let kind = session.argument(0).trim();
    if !kind.is_empty() && !KINDS.contains(&kind) {
        return Err(Failure::Refused(format!("Error parsing type: {kind:?} is not a supported plugin type")));
    }
    let asked = session.api()?.request("GET", "sys/plugins/catalog", None).and_then(|answer| answer.secret());
    let secret =
        asked.map_err(|failure| failure.told("Error listing available plugins"))?.unwrap_or_default();
    let all = secret.datum("detailed").and_then(Value::as_array).into_iter().flatten();
    let plugins: Vec<&Value> = all.filter(|plugin| kind.is_empty() || text(plugin, "type") == kind).collect();
    if !session.is_table() {
        return session.show_tree(&tree(session, &plugins));
    }
    session.show_rows(&lines(&plugins, !kind.is_empty(), session.is_set("detailed")));
    Ok(0)
}

/// The rows of a table, with its headings.
fn lines(plugins: &[&Value], is_one_kind: bool, is_detailed: bool) -> Vec<String> {
    let heading = match (is_detailed, is_one_kind) {
        (true, _) => "Name♨Type♨Version♨Container♨Deprecation Status",
        (false, true) => "Name♨Version",
        (false, false) => "Name♨Type♨Version",
    };
    let row = |plugin: &&Value| {
        let [name, kind, version] = ["name", "type", "version"].map(|field| text(plugin, field));
        match (is_detailed, is_one_kind) {
            (true, _) => format!("{name}♨{kind}♨{version}♨false♨{}", text(plugin, "deprecation_status")),
            (false, true) => format!("{name}♨{version}"),
            (false, false) => format!("{name}♨{kind}♨{version}"),
        }
    };
    [heading.to_owned()].into_iter().chain(plugins.iter().map(row)).collect()
}

/// The names by their kinds, unless it is about details only, and the details.
fn tree(session: &Session<'_>, plugins: &[&Value]) -> Tree {
    let mut fields = Vec::new();
    for kind in KINDS.iter().filter(|_| !session.is_set("detailed")) {
        let of_kind = plugins.iter().filter(|plugin| text(plugin, "type") == **kind);
        let names: Vec<Tree> = of_kind.map(|plugin| text(plugin, "name").into()).collect();
        if !names.is_empty() {
            fields.push(((*kind).to_owned(), Tree::List(names)));
        }
    }
    let detail = |plugin: &&Value| {
        let names = ["type", "name", "version", "builtin", "deprecation_status"];
        let field = |name: &str| (name.to_owned(), plugin.get(name).cloned().unwrap_or_default().into());
        Tree::Fields(names.map(field).into_iter().collect())
    };
    fields.push(("details".to_owned(), Tree::List(plugins.iter().map(detail).collect())));
    Tree::Fields(fields)
}

pub(super) fn info(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 2, 2)?;
    let (kind, name) = (session.argument(0).trim(), session.argument(1).trim());
    if !KINDS.contains(&kind) {
        return Err(Failure::Refused(format!("{kind:?} is not a supported plugin type")));
    }
    let path = match session.text("version") {
        "" => format!("sys/plugins/catalog/{kind}/{name}"),
        version => format!("sys/plugins/catalog/{kind}/{name}?version={version}"),
    };
    let asked = session.api()?.request("GET", &path, None).and_then(|answer| answer.secret());
    let secret = asked.map_err(|failure| failure.told(&format!("Error reading plugin named {name}")))?;
    let mut plugin = secret.unwrap_or_default().data.unwrap_or_default();
    for field in ["oci_image", "runtime"] {
        plugin.entry(field).or_insert_with(|| "".into());
    }
    match session.text("field") {
        "" if session.is_table() => {
            if let Some(arguments @ Value::Null) = plugin.get_mut("args") {
                *arguments = Value::Array(Vec::new());
            }
            session.show_map(&plugin);
        }
        "" => return session.show_tree(&Tree::Value(plugin.into())),
        field => return session.show_field(field, plugin.get(field).cloned()),
    }
    Ok(0)
}

fn text(plugin: &Value, name: &str) -> String {
    plugin.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
