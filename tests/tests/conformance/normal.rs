//! Makes alike what differs from run to run without meaning anything: ids, tokens, times, keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value, json};

use super::certificate::shape;

/// What a text, or a part of one between other words, is replaced with where it has one of these forms.
static CLASSES: LazyLock<Vec<(&str, Regex, Regex)>> = LazyLock::new(|| {
    [
        ("<uuid>", r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        ("<digest>", r"[0-9a-f]{32}"),
        ("<service-token>", r"hvs\.[A-Za-z0-9_-]{20,}"),
        ("<batch-token>", r"hvb\.[A-Za-z0-9_-]{20,}"),
        ("<time>", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"),
        ("<serial>", r"(?:[0-9a-f]{2}:){7,}[0-9a-f]{2}"),
        ("<jwt>", r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+"),
        (
            "<accessor>",
            r"(?:auth|kv|pki|system|cubbyhole|identity|database|ns_cubbyhole|agent_registry)_[a-z-]*_?[0-9a-f]{8}",
        ),
        ("<dbuser>", r"v-[\w-]+-[A-Za-z0-9]{20}-\d{10}"),
    ]
    .into_iter()
    .map(|(name, form)| (name, regex(&format!("^(?:{form})$")), regex(&format!(r"(^|[^\w-])(?:{form})($|[^\w-])"))))
    .collect()
});

/// What is replaced anywhere in a text.
static TEXTS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    [
        ("<n>", r"\b\d+\.\d+(?:µs|ms|s)\b"),
        ("<addr>", r"(?:127\.0\.0\.1|10\.0\.0\.1):\d+"),
        ("reset index: <reset-index>", r"reset index: \d+"),
        ("state=<state>", r"state=st_\w{20}"),
        ("code_challenge=<challenge>", r"code_challenge=[\w-]{43}"),
        ("<now>", r#"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^,"]*"#),
    ]
    .map(|(name, form)| (name, regex(form)))
    .into()
});

static PEM: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?s)-----BEGIN ([A-Z0-9 ]+)-----.*?-----END [A-Z0-9 ]+-----"));

/// Fields whose values say nothing, only that there is one.
const OPAQUE: [&str; 69] = [
    "request_id",
    "accessor",
    "token_accessor",
    "client_token",
    "lease_id",
    "entity_id",
    "id",
    "wrapping_accessor",
    "wrapped_accessor",
    "cluster_id",
    "cluster_name",
    "uuid",
    "nonce",
    "keys",
    "keys_base64",
    "root_token",
    "creation_time",
    "expire_time",
    "issue_time",
    "expiration",
    "last_renewal",
    "last_renewal_time",
    "issuer_id",
    "key_id",
    "default",
    "imported_issuers",
    "imported_keys",
    "build_date",
    "version",
    "Index",
    "Hash",
    "KeyID",
    "Time",
    "kid",
    "n",
    "x",
    "ID_",
    "revocation_time",
    "last_updated",
    "server_time_utc",
    "time",
    "start_time",
    "install_time",
    "previous_version",
    "csr_key_id",
    "password",
    "AccessorID",
    "SecretID",
    "CreateTime",
    "ModifyTime",
    "CreateIndex",
    "ModifyIndex",
    "JobModifyIndex",
    "AllocModifyIndex",
    "EvalCreateIndex",
    "SubmitTime",
    "SnapshotIndex",
    "NodeModifyIndex",
    "StatusUpdatedAt",
    "LastContact",
    "JobCreateIndex",
    "SigningKeyID",
    "IdentitySigningKeyID",
    "PublishTime",
    "RequireProgressBy",
    "StartedAt",
    "FinishedAt",
    "TimeUnix",
    "LeadershipIndex",
];

fn regex(form: &str) -> Regex {
    Regex::new(form).expect("the forms above are well formed")
}

/// What sort of value it is.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// A value, found under `key`, with everything made alike.
pub(crate) fn normal(value: &Value, key: Option<&str>, opaque: &BTreeSet<String>) -> Value {
    let chosen = key.is_some_and(|key| opaque.contains(key));
    let known = key.is_some_and(|key| OPAQUE.contains(&key));
    match value {
        Value::Object(fields) => normal_object(fields, opaque),
        Value::Array(items) if chosen || known => {
            items.iter().map(|item| Value::String(format!("<{}>", kind(item)))).collect()
        }
        Value::Array(items) => items.iter().map(|item| normal(item, key, opaque)).collect(),
        scalar if chosen || (known && !says_nothing(scalar)) => {
            let class = scalar.as_str().map(normal_text).filter(|class| class != scalar);
            match class.as_ref().and_then(Value::as_str) {
                Some(class) => format!("<{class}>").into(),
                None => format!("<{}>", kind(scalar)).into(),
            }
        }
        Value::String(text) => normal_text(text),
        other => other.clone(),
    }
}

/// Fields whose names become alike are told apart by their order.
fn normal_object(fields: &Map<String, Value>, opaque: &BTreeSet<String>) -> Value {
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (name, value) in fields {
        let alike = match normal_text(name) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        groups.entry(alike).or_default().push(normal(value, Some(name), opaque));
    }
    let mut result = Map::new();
    for (name, mut values) in groups {
        values.sort_by_key(Value::to_string);
        for (index, value) in values.into_iter().enumerate() {
            result.insert(format!("{name}{}", "'".repeat(index)), value);
        }
    }
    Value::Object(result)
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// A text; what is in PEM becomes the shape of what it holds.
fn normal_text(text: &str) -> Value {
    if text.contains("-----BEGIN ") {
        let parts: Vec<Value> = PEM.captures_iter(text).map(|found| shape(&found[1], &found[0])).collect();
        return json!({ "pem": parts, "trailing_newline": text.ends_with('\n') });
    }
    if let Some((class, ..)) = CLASSES.iter().find(|(_, whole, _)| whole.is_match(text)) {
        return (*class).into();
    }
    let mut text = text.to_owned();
    for (class, _, part) in CLASSES.iter() {
        // Twice, since two that stand side by side share the character between them.
        for _ in 0..2 {
            text = part
                .replace_all(&text, |found: &Captures<'_>| format!("{}{class}{}", &found[1], &found[2]))
                .into_owned();
        }
    }
    for (class, form) in TEXTS.iter() {
        text = form.replace_all(&text, *class).into_owned();
    }
    text.into()
}
