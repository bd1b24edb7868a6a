//! `token create`

use serde_json::{Value, json};

use crate::vault_cli::failure::{Outcome, expect};
use crate::vault_cli::options::{Kind, Known, duration_text, pairs};
use crate::vault_cli::session::Session;

/// Its own flags.
pub(crate) const FLAGS: [Known; 14] = [
    ("id", Kind::Text),
    ("display-name", Kind::Text),
    ("ttl", Kind::Duration),
    ("explicit-max-ttl", Kind::Duration),
    ("period", Kind::Duration),
    ("renewable", Kind::Bool),
    ("orphan", Kind::Bool),
    ("no-default-policy", Kind::Bool),
    ("use-limit", Kind::Number),
    ("role", Kind::Text),
    ("metadata", Kind::Pair),
    ("policy", Kind::Text),
    ("type", Kind::Text),
    ("entity-alias", Kind::Text),
];

pub(crate) fn create(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    let duration = |flag: &str| duration_text(&session.flags, flag).unwrap_or_else(|| "0s".to_owned());
    let mut body = json!({
        "ttl": duration("ttl"),
        "explicit_max_ttl": duration("explicit-max-ttl"),
        "period": duration("period"),
        "display_name": session.text("display-name"),
        "num_uses": session.text("use-limit").parse::<i64>().unwrap_or_default(),
        "renewable": session.flags.text("renewable") != Some("false"),
        "type": session.flags.text("type").unwrap_or("service"),
        "entity_alias": session.text("entity-alias"),
    });
    let mut optional = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    let policies = session.flags.texts("policy");
    optional("id", session.flags.text("id").map(Value::from));
    optional("policies", (!policies.is_empty()).then(|| policies.to_vec().into()));
    let metadata = pairs(&session.flags, "metadata");
    optional("meta", (!metadata.is_empty()).then_some(metadata.into()));
    optional("no_parent", session.is_set("orphan").then_some(true.into()));
    optional("no_default_policy", session.is_set("no-default-policy").then_some(true.into()));
    let path = match session.text("role") {
        "" => "auth/token/create".to_owned(),
        role => format!("auth/token/create/{role}"),
    };
    let made = session.api()?.request("POST", &path, Some(&body)).and_then(|answer| answer.secret());
    let made = made.map_err(|failure| failure.told("Error creating token"))?;
    session.show(&made.unwrap_or_default())
}
