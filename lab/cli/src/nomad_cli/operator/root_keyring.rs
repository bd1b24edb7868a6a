//! `nomad operator root keyring`

use lab_world::parse_duration;
use serde_json::Value as Json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{limit, nano_text, table};
use crate::stand_in::Takes;

const VERBOSE: (&str, Takes, &str) = ("verbose", Takes::Bool, "Show whole identifiers.");

pub(in crate::nomad_cli) const LIST: Command = Command {
    name: "operator root keyring list",
    synopsis: "Lists the root encryption keys",
    usage: "[options]",
    flags: &[VERBOSE],
    general: General::Client,
    arity: Arity::NONE,
    run: list,
};
pub(in crate::nomad_cli) const ROTATE: Command = Command {
    name: "operator root keyring rotate",
    synopsis: "Rotates the root encryption key",
    usage: "[options]",
    flags: &[
        ("full", Takes::Bool, "Encrypt everything anew."),
        ("now", Takes::Bool, "Use the new key at once."),
        ("prepublish", Takes::Text, "How long the new key is published before it is used."),
        VERBOSE,
    ],
    general: General::Client,
    arity: Arity::NONE,
    run: rotate,
};
pub(in crate::nomad_cli) const REMOVE: Command = Command {
    name: "operator root keyring remove",
    synopsis: "Removes a root encryption key",
    usage: "[options] <key ID>",
    flags: &[("force", Takes::Bool, "Even where something is encrypted with it.")],
    general: General::Client,
    arity: Arity::Counted(1, 1, "This command requires one argument: <key ID>"),
    run: remove,
};

fn lines(session: &Session<'_>, keys: &[Json]) -> String {
    let length = session.id_length();
    let mut lines = vec!["Key|State|Create Time|Publish Time".to_owned()];
    for key in keys {
        let published = match key.number("PublishTime") {
            0 => "<none>".to_owned(),
            time => nano_text(time),
        };
        lines.push(format!(
            "{}|{}|{}|{published}",
            limit(key.text("KeyID"), length),
            key.text("State"),
            nano_text(key.number("CreateTime"))
        ));
    }
    table(&lines)
}

fn list(session: &Session<'_>) -> Outcome {
    let keys = session.api()?.get("/v1/operator/keyring/keys", &[]).map_err(Fault::of("error"))?;
    session.say(lines(session, items(&keys)));
    Ok(0)
}

const CHOICE: &str = "
One of \"-now\" or \"-prepublish\" must be used.

If a key has been leaked use \"-now\" to force immediate rotation.

Otherwise please use \"-prepublish <duration>\" to ensure the new key is not used
to sign workload identities before JWKS endpoints are updated.
";

fn rotate(session: &Session<'_>) -> Outcome {
    let (now, prepublish) = (session.is_set("now"), session.text("prepublish"));
    if now != prepublish.is_empty() {
        return Err(Fault::Told(CHOICE.to_owned()));
    }
    let api = session.api()?;
    let mut query = Vec::new();
    if session.is_set("full") {
        query.push(("full", "true".to_owned()));
    }
    if !now {
        let wait = parse_duration(prepublish)
            .map_err(|error| Fault::Told(format!("Error parsing -prepublish: {error}")))?;
        let moment = api.client().machine().clock.now() + wait;
        query.push(("publish_time", moment.unix_timestamp_nanos().to_string()));
    }
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = api.put("/v1/operator/keyring/rotate", &query, &Json::Null).map_err(Fault::of("error"))?;
    session.say(lines(session, std::slice::from_ref(answer.at("Key"))));
    Ok(0)
}

fn remove(session: &Session<'_>) -> Outcome {
    let key = session.argument(0);
    let force = if session.is_set("force") { "true" } else { "false" };
    session
        .api()?
        .delete(
            &format!("/v1/operator/keyring/key/{}", crate::nomad_cli::api::path_escape(key)),
            &[("force", force)],
        )
        .map_err(Fault::of("error"))?;
    session.say(format!("Removed encryption key {key}"));
    Ok(0)
}
