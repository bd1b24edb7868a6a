//! `nomad node intro`

use serde_json::json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const CREATE: Command = Command {
    name: "node intro create",
    synopsis: "Generate a new node introduction token",
    usage: "[options]",
    flags: &[
        ("node-name", Takes::Text, "The only name that the node may have."),
        ("node-pool", Takes::Text, "The pool that the node must be in; default without it."),
        ("ttl", Takes::Text, "How long the token lives."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Client,
    arity: Arity::NONE,
    run: create,
};

fn create(session: &Session<'_>) -> Outcome {
    let ttl = nanoseconds(session.text("ttl")).map_err(Fault::of("Error parsing TTL"))?;
    let body =
        json!({ "NodeName": session.text("node-name"), "NodePool": session.text("node-pool"), "TTL": ttl });
    let made = session
        .api()?
        .put("/v1/acl/identity/client-introduction-token", &[], &body)
        .map_err(Fault::of("Error generating introduction token"))?;
    if session.is_formatted() {
        return session.formatted(&made, "*api.ACLIdentityClientIntroductionTokenResponse");
    }
    session.say("Successfully generated client introduction token:\n");
    session.say(made.text("JWT"));
    Ok(0)
}

/// A duration that may be less than nothing, as Go writes it; nothing for no text.
fn nanoseconds(text: &str) -> Result<i64, String> {
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, text),
    };
    if text.is_empty() {
        return Ok(0);
    }
    let size = lab_world::parse_duration(size).map_err(|error| error.to_string())?;
    Ok(sign * i64::try_from(size.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn lives_may_be_less_than_nothing() {
        assert_eq!(nanoseconds(""), Ok(0));
        assert_eq!(nanoseconds("2s"), Ok(2_000_000_000));
        assert_eq!(nanoseconds("-5s"), Ok(-5_000_000_000));
        assert_eq!(nanoseconds("x"), Err("time: invalid duration \"x\"".into()));
    }
}
