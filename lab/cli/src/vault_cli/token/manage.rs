//! `token lookup`, `renew`, `revoke` and `capabilities`

use serde_json::{Value, json};

use crate::vault_cli::api::Api;
use crate::vault_cli::failure::{Failure, Outcome};
use crate::vault_cli::options;
use crate::vault_cli::secret::Secret;
use crate::vault_cli::session::Session;
use crate::vault_cli::tree::Tree;

pub(crate) fn lookup(session: &Session<'_>) -> Outcome {
    let arguments = session.arguments();
    let by_accessor = session.is_set("accessor");
    match (by_accessor, arguments.len()) {
        (true, 0) => return usage("Not enough arguments with -accessor (expected 1, got 0)"),
        (true, count @ 2..) => {
            return usage(&format!("Too many arguments with -accessor (expected 1, got {count})"));
        }
        (false, count @ 2..) => return usage(&format!("Too many arguments (expected 0-1, got {count})")),
        _ => {}
    }
    let api = session.api()?;
    let given = session.argument(0).trim();
    let asked = match (by_accessor, given) {
        (true, accessor) => {
            api.request("POST", "auth/token/lookup-accessor", Some(&json!({ "accessor": accessor })))
        }
        (false, "") => api.request("GET", "auth/token/lookup-self", None),
        (false, token) => api.request("POST", "auth/token/lookup", Some(&json!({ "token": token }))),
    };
    let secret =
        asked.and_then(|answer| answer.secret()).map_err(|failure| failure.told("Error looking up token"))?;
    session.show(&secret.unwrap_or_default())
}

pub(crate) fn renew(session: &Session<'_>) -> Outcome {
    let by_accessor = session.is_set("accessor");
    if session.arguments().len() > 1 {
        return usage(&format!("Too many arguments (expected 1, got {})", session.arguments().len()));
    }
    let increment = session.flags.text("increment").or(session.flags.text("i"));
    let increment = increment.and_then(|text| options::seconds(text).ok()).unwrap_or_default();
    let api = session.api()?;
    let renewed = renewed(&api, by_accessor, session.argument(0).trim(), increment);
    let secret = renewed.map_err(|failure| failure.told("Error renewing token"))?;
    session.show(&secret.unwrap_or_default())
}

fn renewed(api: &Api, by_accessor: bool, given: &str, increment: i64) -> Result<Option<Secret>, Failure> {
    let (method, path, body) = match (by_accessor, given) {
        (true, accessor) => {
            ("POST", "auth/token/renew-accessor", json!({ "accessor": accessor, "increment": increment }))
        }
        (false, "") => ("PUT", "auth/token/renew-self", json!({ "increment": increment })),
        (false, token) => ("PUT", "auth/token/renew", json!({ "token": token, "increment": increment })),
    };
    api.request(method, path, Some(&body))?.secret()
}

pub(crate) fn revoke(session: &Session<'_>) -> Outcome {
    let (is_self, by_accessor, mode) =
        (session.is_set("self"), session.is_set("accessor"), session.text("mode"));
    let count = session.arguments().len();
    match (is_self, count) {
        (false, 0) => return usage("Not enough arguments (expected 1 or -self, got 0)"),
        (false, 2..) => return usage(&format!("Too many arguments (expected 1 or -self, got {count})")),
        (true, 1..) => return usage(&format!("Too many arguments with -self (expected 0, got {count})")),
        (true, 0) if by_accessor => return usage("Cannot use -self with -accessor!"),
        (true, 0) if !mode.is_empty() => return usage("Cannot use -self with -mode!"),
        (false, 1) if by_accessor && mode == "orphan" => {
            return usage("Cannot use -accessor with -mode=orphan!");
        }
        (false, 1) if by_accessor && mode == "path" => return usage("Cannot use -accessor with -mode=path!"),
        _ => {}
    }
    let given = session.argument(0).trim();
    let (method, path, body) = match (is_self, by_accessor, mode) {
        (true, ..) => ("PUT", "auth/token/revoke-self".to_owned(), Value::Null),
        (_, true, "") => ("POST", "auth/token/revoke-accessor".to_owned(), json!({ "accessor": given })),
        (_, _, "") => ("PUT", "auth/token/revoke".to_owned(), json!({ "token": given })),
        (_, _, "orphan") => ("PUT", "auth/token/revoke-orphan".to_owned(), json!({ "token": given })),
        (_, _, "path") => ("PUT", format!("sys/revoke-prefix/{given}"), Value::Null),
        (_, _, other) => return usage(&format!("Invalid mode: {other}")),
    };
    let body = (!body.is_null()).then_some(&body);
    let done = session.api()?.request(method, &path, body).and_then(|answer| answer.check());
    done.map_err(|failure| failure.told("Error revoking token"))?;
    session.say("Success! Revoked token (if it existed)");
    Ok(0)
}

pub(crate) fn capabilities(session: &Session<'_>) -> Outcome {
    let (by_accessor, count) = (session.is_set("accessor"), session.arguments().len());
    match (by_accessor, count) {
        (true, 0 | 1) => {
            return usage(&format!("Not enough arguments with -accessor (expected 2, got {count})"));
        }
        (true, 3..) => return usage(&format!("Too many arguments with -accessor (expected 2, got {count})")),
        (false, 0) => return usage("Not enough arguments (expected 1-2, got 0)"),
        (false, 3..) => return usage(&format!("Too many arguments (expected 1-2, got {count})")),
        _ => {}
    }
    let (who, path) = match session.arguments() {
        [path] => ("", path.as_str()),
        [who, path, ..] => (who.as_str(), path.as_str()),
        [] => ("", ""),
    };
    let api = session.api()?;
    let (endpoint, body) = match (by_accessor, who) {
        (true, accessor) => ("sys/capabilities-accessor", json!({ "accessor": accessor, "path": path })),
        (false, "") => ("sys/capabilities-self", json!({ "token": api.token(), "path": path })),
        (false, token) => ("sys/capabilities", json!({ "token": token, "path": path })),
    };
    let asked = api.request("POST", endpoint, Some(&body)).and_then(|answer| answer.secret());
    let secret = asked.map_err(|failure| failure.told("Error listing capabilities"))?.unwrap_or_default();
    let mut listed: Vec<String> = secret
        .datum(path)
        .or(secret.datum("capabilities"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    listed.sort_unstable();
    if !session.is_table() {
        return session.show_tree(&Tree::Value(listed.into()));
    }
    session.say(&listed.join(", "));
    Ok(0)
}

fn usage(text: &str) -> Outcome {
    Err(Failure::Usage(text.to_owned()))
}
