//! Reading a policy's text.

use std::time::Duration;

use lab_hcl::{Attribute, Body, Item, Kind, hcl1};
use serde_json::Value;

use crate::decode::{node, place, plain_text};
use crate::logical::{one_error, parse_seconds};
use crate::policy::rule::{Capability, Parameters, Permissions, Policy, Rule};
use crate::policy::template::balanced;

/// What is wrong with a policy, in the words that follow `failed to parse policy: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ParseError(String);

const STANZA_KEYS: [&str; 11] = [
    "comment",
    "policy",
    "capabilities",
    "allowed_parameters",
    "denied_parameters",
    "required_parameters",
    "min_wrapping_ttl",
    "max_wrapping_ttl",
    "mfa_methods",
    "control_group",
    "subscribe_event_types",
];

/// Reads a policy in HCL or JSON.
pub(crate) fn parse(text: &str) -> Result<Policy, ParseError> {
    let body = hcl1::parse(text).map_err(|diagnostic| ParseError(diagnostic.message))?;
    check_repeats(text, &body)?;
    check_keys(text, &body, &["name", "path"], "").map_err(ParseError)?;
    plain_text(text, &body, "name", "name").map_err(ParseError)?;
    let mut policy = Policy::default();
    for item in &body.items {
        match item {
            Item::Attribute(attribute) if attribute.name == "path" => return Err(not_a_stanza(attribute)),
            Item::Attribute(_) => {}
            Item::Block(block) if block.kind == "path" => match block.label() {
                Some(path) => policy.rules.push(rule(text, path, &block.body)?),
                None => {
                    for stanza in block.body.blocks() {
                        policy.rules.push(rule(text, &stanza.kind, &stanza.body)?);
                    }
                }
            },
            Item::Block(_) => {}
        }
    }
    if !balanced(&policy.rules) {
        return Err(ParseError(
            "failed to validate policy templating: unbalanced templating characters".into(),
        ));
    }
    policy.templated = policy.rules.iter().any(|rule| rule.path.contains("{{"));
    Ok(policy)
}

fn not_a_stanza(attribute: &Attribute) -> ParseError {
    let node = node(&attribute.value);
    ParseError(format!("path \"path\": cannot check HCL keys of type {node}"))
}

/// Whether an item has an equals sign.
fn is_assigned(text: &str, item: &Item) -> bool {
    item.as_block().is_none_or(|block| {
        block.labels.is_empty()
            && text.get(block.kind_span.end..).is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}

/// Complains about every key that is not known, with the line of its `=` (0 for a block, which has none).
fn check_keys(text: &str, body: &Body, known: &[&str], place: &str) -> Result<(), String> {
    let unknown: Vec<String> = body
        .items
        .iter()
        .filter(|item| !known.contains(&item.name()))
        .map(|item| {
            let line = if is_assigned(text, item) { line_of(text, item.name_span().start) } else { 0 };
            format!("{place}invalid key {:?} on line {line}", item.name())
        })
        .collect();
    match unknown.as_slice() {
        [] => Ok(()),
        [single] => Err(one_error(single)),
        several => {
            let list: String = several.iter().map(|text| format!("\t* {text}\n")).collect();
            Err(format!("{} errors occurred:\n{list}\n", several.len()))
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn rule(text: &str, written: &str, body: &Body) -> Result<Rule, ParseError> {
    let of_path = |message: String| ParseError(format!("path {written:?}: {message}"));
    check_keys(text, body, &STANZA_KEYS, &format!("path {written:?}: ")).map_err(ParseError)?;
    let mut permissions = Permissions::default();
    let old = plain_text(text, body, "policy", "Policy").map_err(of_path)?;
    let names = texts(text, body, "capabilities").map_err(of_path)?;
    let path = written.strip_prefix('/').unwrap_or(written);
    if path.contains("+*") {
        // This complaint alone leaves out the first slash.
        return Err(ParseError(format!("path {path:?}: invalid use of wildcards ('+*' is forbidden)")));
    }
    if let Some(old) = old {
        expand_old(&old, &mut permissions).map_err(of_path)?;
    }
    for name in names {
        let capability =
            Capability::named(&name).ok_or_else(|| of_path(format!("invalid capability {name:?}")))?;
        permissions.capabilities.add(capability);
    }
    permissions.allowed = parameters(text, body, "allowed_parameters").map_err(of_path)?;
    permissions.denied = parameters(text, body, "denied_parameters").map_err(of_path)?;
    permissions.required = texts(text, body, "required_parameters").map_err(of_path)?;
    permissions.min_wrapping_ttl = wrapping_ttl(body, "min_wrapping_ttl")?;
    permissions.max_wrapping_ttl = wrapping_ttl(body, "max_wrapping_ttl")?;
    if !permissions.max_wrapping_ttl.is_zero() && permissions.max_wrapping_ttl < permissions.min_wrapping_ttl
    {
        return Err(ParseError("max_wrapping_ttl cannot be less than min_wrapping_ttl".into()));
    }
    Ok(Rule { path: path.to_owned(), permissions })
}

/// What has an equals sign may be set only once, at every depth.
fn check_repeats(text: &str, body: &Body) -> Result<(), ParseError> {
    let mut names = Vec::new();
    for item in &body.items {
        if let Some(block) = item.as_block() {
            check_repeats(text, &block.body)?;
        }
        if !is_assigned(text, item) {
            continue;
        }
        if names.contains(&item.name()) {
            let place = place(text, item.name_span().start);
            let place = place.trim_start_matches("At ");
            return Err(ParseError(format!(
                "The argument {:?} at {place} was already set. Each argument can only be defined once",
                item.name()
            )));
        }
        names.push(item.name());
    }
    Ok(())
}

fn expand_old(old: &str, permissions: &mut Permissions) -> Result<(), String> {
    use Capability::{Create, Delete, Deny, List, Read, Sudo, Update};
    let capabilities: &[Capability] = match old {
        "deny" => &[Deny],
        "read" => &[Read, List],
        "write" => &[Create, Read, Update, Delete, List],
        "sudo" => &[Create, Read, Update, Delete, List, Sudo],
        _ => return Err(format!("invalid policy {old:?}")),
    };
    capabilities.iter().for_each(|capability| permissions.capabilities.add(*capability));
    Ok(())
}

fn texts(text: &str, body: &Body, name: &str) -> Result<Vec<String>, String> {
    let Some(value) = body.value(name) else { return Ok(Vec::new()) };
    let field = if name == "capabilities" { "Capabilities" } else { name };
    let item = |(at, item): (usize, &lab_hcl::Value)| match &item.kind {
        Kind::List(_) | Kind::Object(_) if field == "Capabilities" => {
            let place = place(text, item.span.start);
            Err(format!("{place}: root.{field}[{at}]: unknown type for string {}", node(item)))
        }
        _ => Ok(scalar_text(item)),
    };
    match &value.kind {
        Kind::List(items) => items.iter().enumerate().map(item).collect(),
        _ => Err(format!("{}: unknown slice type: *ast.LiteralType", place(text, value.span.start))),
    }
}

fn scalar_text(value: &lab_hcl::Value) -> String {
    match &value.kind {
        Kind::String(text) => text.clone(),
        Kind::Number(number) => number.text().to_owned(),
        Kind::Bool(flag) => String::from(if *flag { "1" } else { "0" }),
        _ => String::new(),
    }
}

fn parameters(text: &str, body: &Body, name: &str) -> Result<Parameters, String> {
    if let Some(value) = body.value(name) {
        return Err(format!(
            "{}: root.{name}: not an object type for map (*ast.LiteralType)",
            place(text, value.span.start)
        ));
    }
    let mut parameters = Parameters::new();
    for block in body.blocks_of(name) {
        for attribute in block.body.attributes() {
            let Kind::List(items) = &attribute.value.kind else {
                let place = place(text, attribute.value.span.start);
                return Err(format!("{place}: unknown slice type: *ast.LiteralType"));
            };
            parameters.insert(attribute.name.to_lowercase(), items.iter().map(json).collect());
        }
    }
    Ok(parameters)
}

fn json(value: &lab_hcl::Value) -> Value {
    match &value.kind {
        Kind::String(text) => Value::from(text.as_str()),
        Kind::Bool(flag) => Value::from(*flag),
        Kind::Number(number) => match number.integer() {
            Ok(integer) => Value::from(integer),
            Err(_) => number.text().parse::<f64>().map_or_else(|_| Value::from(number.text()), Value::from),
        },
        Kind::List(items) => items.iter().map(json).collect(),
        Kind::Null | Kind::Object(_) | Kind::Expression(_) => Value::Null,
    }
}

fn wrapping_ttl(body: &Body, name: &str) -> Result<Duration, ParseError> {
    let Some(value) = body.value(name) else { return Ok(Duration::ZERO) };
    let seconds =
        parse_seconds(&json(value)).map_err(|error| ParseError(format!("error parsing {name}: {error}")))?;
    Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_those_of_the_real_server() {
        for (text, message) in [
            (r#"path "x" { capability = ["read"] }"#, "1 error occurred:\n\t* path"),
            ("path \"a\" { capabilities = [\"fly\"] }", "path \"a\": invalid capability \"fly\""),
            (
                "path \"a/+*\" { capabilities = [\"read\"] }",
                "path \"a/+*\": invalid use of wildcards ('+*' is forbidden)",
            ),
            ("path \"a\" { policy = \"bad\" }", "path \"a\": invalid policy \"bad\""),
            (
                "path \"a\" { capabilities = \"read\" }",
                "path \"a\": At 1:27: unknown slice type: *ast.LiteralType",
            ),
            (
                "path \"a\" { min_wrapping_ttl = \"2h\" max_wrapping_ttl=\"1h\" }",
                "max_wrapping_ttl cannot be less than min_wrapping_ttl",
            ),
            (
                "path \"a\" { min_wrapping_ttl = \"x\" }",
                "error parsing min_wrapping_ttl: time: invalid duration \"x\"",
            ),
            (
                "path \"a/{{x\" { capabilities = [\"read\"] }",
                "failed to validate policy templating: unbalanced templating characters",
            ),
            (
                "path \"a\" { allowed_parameters = \"x\" }",
                "path \"a\": At 1:33: root.allowed_parameters: not an object type for map (*ast.LiteralType)",
            ),
            (
                "path \"a\" { capabilities=[\"read\"] capabilities=[\"list\"]}",
                "The argument \"capabilities\" at 1:34 was already set. Each argument can only be defined once",
            ),
            ("wat \"a\" {}", "1 error occurred:\n\t* invalid key \"wat\" on line 0\n\n"),
            (
                "name = \"f\"\npath \"a\" {}\nwat = 3\nzip { }",
                "2 errors occurred:\n\t* invalid key \"wat\" on line 3\n\t* invalid key \"zip\" on line 0\n\n",
            ),
            (
                "path \"a\" {\n wat = { }\n}",
                "1 error occurred:\n\t* path \"a\": invalid key \"wat\" on line 2\n\n",
            ),
            (
                "path \"a\" {\n denied_parameters = {\n \"x\" = []\n }\n denied_parameters = { }\n}",
                "The argument \"denied_parameters\" at 5:2 was already set. Each argument can only be defined once",
            ),
            (
                "path \"a\" {\n policy = [[]]\n}",
                "path \"a\": At 2:11: root.Policy: unknown type for string *ast.ListType",
            ),
            ("path \"a\" {\n policy = 5\n}", "path \"a\": invalid policy \"5\""),
            (
                "path \"a\" {\n capabilities = [\"read\", [\"b\"]]\n}",
                "path \"a\": At 2:26: root.Capabilities[1]: unknown type for string *ast.ListType",
            ),
            ("name = { a = 1 }", "At 1:10: root.name: unknown type for string *ast.ObjectList"),
            ("path = [1]", "path \"path\": cannot check HCL keys of type *ast.ListType"),
            ("path \"a\" {", "At 1:12: object expected closing RBRACE got: EOF"),
            ("path = \"x\"", "path \"path\": cannot check HCL keys of type *ast.LiteralType"),
        ] {
            let message = if text.contains("capability =") {
                "1 error occurred:\n\t* path \"x\": invalid key \"capability\" on line 1\n\n"
            } else {
                message
            };
            assert_eq!(parse(text).expect_err(text).to_string(), message, "{text}");
        }
    }

    #[test]
    fn json_and_hcl_say_the_same() {
        let hcl = parse(
            "path \"/a/*\" { capabilities = [\"read\", \"list\"]\n allowed_parameters = { \"TTL\" = [\"1h\", 3] } }",
        );
        let json = parse(
            r#"{"path":{"a/*":{"capabilities":["read","list"],"allowed_parameters":{"ttl":["1h",3]}}}}"#,
        );
        assert_eq!(hcl, json);
        let policy = hcl.expect("a policy");
        assert_eq!(policy.rules[0].path, "a/*");
        assert_eq!(policy.rules[0].permissions.capabilities.names(), ["list", "read"]);
    }
}
