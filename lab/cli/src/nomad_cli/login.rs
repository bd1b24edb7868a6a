//! `nomad login`

use serde_json::json;

use super::acl::token;
use super::command::{Arity, Command, Fault, General, Outcome, fail};
use super::json::{Look, items};
use super::session::Session;
use crate::stand_in::Takes;

pub(super) const COMMAND: Command = Command {
    name: "login",
    synopsis: "Login to Nomad using an auth method",
    usage: "[options]",
    flags: &[
        ("method", Takes::Text, "The auth method; the default one if there is one."),
        ("type", Takes::Text, "Ignored."),
        ("login-token", Takes::Text, "The token of the other party, for methods of type JWT."),
        ("oidc-callback-addr", Takes::Text, "Ignored: the lab opens no browser."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Client,
    arity: Arity::NONE,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    if !session.text("type").is_empty() {
        session
            .warn("warning: '-type' flag has been deprecated for nomad login command and will be ignored.");
    }
    let methods =
        api.get("/v1/acl/auth-methods", &[]).map_err(Fault::of("Error listing ACL auth methods"))?;
    let named = session.text("method");
    let is_meant = |one: &&serde_json::Value| {
        if named.is_empty() { one.truth("Default") } else { one.text("Name") == named }
    };
    let Some(method) = items(&methods).iter().rfind(is_meant) else {
        return fail(match named {
            "" => "Must specify an auth method name, no default found".to_owned(),
            named => format!("Error: method {named} not found in the state store. "),
        });
    };
    let (name, kind, given) = (method.text("Name"), method.text("Type"), session.text("login-token"));
    if kind != "OIDC" && given.is_empty() {
        return fail("You need to provide a login token.");
    }
    if kind == "OIDC" {
        return fail("Error performing login: the lab's nomad opens no browser; use a method of type JWT");
    }
    let body = json!({ "AuthMethodName": name, "LoginToken": given });
    let made = api.put("/v1/acl/login", &[], &body).map_err(Fault::of("Error performing login"))?;
    if session.is_formatted() {
        return session.formatted(&made, "*api.ACLToken");
    }
    session.say(format!("Successfully logged in via {kind} and {name}\n"));
    token::show(session, &made);
    Ok(0)
}
