//! A namespace as a file.

use lab_hcl::{Block, Body, hcl1};
use lab_wire::go_json;
use serde_json::{Map, Value as Json, json};

use crate::nomad_cli::{shape, weak};

/// Blocks with a place of their own, in exactly this spelling.
const BLOCKS: [&str; 5] = ["capabilities", "meta", "node_pool_config", "vault", "consul"];

/// From HCL. The error is the real program's.
pub(super) fn from_hcl(text: &str) -> Result<Json, String> {
    let body = hcl1::parse(text).map_err(|error| error.message)?;
    let mut namespace = Map::new();
    for name in ["Name", "Description", "Quota"] {
        if let Some(loose) = weak::field(&body, name, &BLOCKS) {
            namespace.insert(name.to_owned(), loose.text(name)?.into());
        }
    }
    for name in ["Capabilities", "NodePoolConfiguration", "VaultConfiguration", "ConsulConfiguration"] {
        if let Some(loose) = weak::field(&body, name, &BLOCKS) {
            return Err(loose.no_block(name));
        }
    }
    for name in ["CreateIndex", "ModifyIndex"] {
        weak::field(&body, name, &BLOCKS).map(|loose| loose.number(name)).transpose()?;
    }
    if let Some(block) = first(&body, "capabilities") {
        let list = |own: &str| weak::list(text, &block.body, own, own);
        let capabilities = json!({
            "EnabledTaskDrivers": list("enabled_task_drivers")?,
            "DisabledTaskDrivers": list("disabled_task_drivers")?,
            "EnabledNetworkModes": list("enabled_network_modes")?,
            "DisabledNetworkModes": list("disabled_network_modes")?,
        });
        namespace.insert("Capabilities".to_owned(), capabilities);
    }
    for (own, field) in [
        ("node_pool_config", "NodePoolConfiguration"),
        ("vault", "VaultConfiguration"),
        ("consul", "ConsulConfiguration"),
    ] {
        if let Some(block) = first(&body, own) {
            let list = |name: &str| weak::list(text, &block.body, name, name);
            let limits = json!({
                "Default": weak::text(text, &block.body, "Default", "Default")?,
                "Allowed": list("Allowed")?,
                "Denied": list("Denied")?,
            });
            namespace.insert(field.to_owned(), limits);
        }
    }
    let meta = weak::texts(text, &body, "meta")?;
    if !meta.is_empty() {
        namespace.insert("Meta".to_owned(), Json::Object(meta));
    }
    Ok(Json::Object(namespace))
}

/// From JSON. The error is Go's.
pub(super) fn from_json(text: &str) -> Result<Json, String> {
    if text.trim().is_empty() {
        return Err("EOF".to_owned());
    }
    if let Some(told) = go_json::complaint(text.as_bytes()) {
        return Err(told);
    }
    let first = serde_json::Deserializer::from_str(text).into_iter::<Json>().next();
    let json = first.transpose().map_err(|error| error.to_string())?.unwrap_or_default();
    let read = shape::checked(&json, "api.Namespace", ("Namespace", ""))?;
    Ok(if read.is_null() { json!({}) } else { read })
}

/// The first of the things of a name, where it is a block without a label.
fn first<'a>(body: &'a Body, name: &str) -> Option<&'a Block> {
    let mut named = body.items.iter().filter(|item| item.name().eq_ignore_ascii_case(name));
    let unlabelled = named.find(|item| item.as_block().is_none_or(|block| block.labels.is_empty()))?;
    unlabelled.as_block()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_the_real_program_reads_them() {
        let read = |text: &str| from_hcl(&format!("name = \"ns1\"\n{text}"));
        let good = |text: &str, field: &str| read(text).expect("good")[field].clone();
        assert_eq!(good("description = true", "Description"), json!("1"));
        assert_eq!(good("description = 0x10", "Description"), json!("16"));
        assert_eq!(good("meta { a = 1.5 }\nmeta { b = true }", "Meta"), json!({ "a": "1.5", "b": "1" }));
        let drivers = "capabilities { enabled_task_drivers = [1, true] }\ncapabilities { bogus = 1 }";
        assert_eq!(good(drivers, "Capabilities")["EnabledTaskDrivers"], json!(["1", "true"]));
        for (text, told) in [
            (
                "quota = [\"a\"]",
                "decoding failed due to the following error(s):\n\n'Quota' expected type 'string', got unconvertible type '[]interface {}'",
            ),
            (
                "CAPABILITIES {}",
                "decoding failed due to the following error(s):\n\n'Capabilities' expected a map or struct, got \"slice\"",
            ),
            ("meta = \"x\"", "At 2:8: root: not an object type for map (*ast.LiteralType)"),
            (
                "capabilities { enabled_task_drivers = \"x\" }",
                "At 2:39: unknown slice type: *ast.LiteralType",
            ),
        ] {
            assert_eq!(read(text), Err(told.to_owned()), "{text}");
        }
        assert_eq!(from_json("{").expect_err("cut"), "unexpected EOF");
        assert_eq!(from_json("{\"Name\":\"a\"} x"), Ok(json!({ "Name": "a" })));
    }
}
