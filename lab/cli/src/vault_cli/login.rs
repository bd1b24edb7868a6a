//! `login`, `print token`, and `auth help`.

use serde_json::{Map, Value, json};

use super::api::Api;
use super::data;
use super::failure::{Failure, Outcome};
use super::secret::Secret;
use super::session::Session;
use super::text::{sanitize, with_slash, wrap};
use super::token_helper;

/// The methods that the real program can log in by besides the two that the lab has.
const OTHERS: [&str; 12] = [
    "alicloud", "aws", "centrify", "cert", "cf", "gcp", "github", "kerberos", "ldap", "oci", "oidc", "radius",
];

pub(super) fn login(session: &Session<'_>) -> Outcome {
    let is_token_only = session.is_set("token-only");
    let is_kept = !session.is_set("no-store") && !is_token_only;
    if session.is_set("no-store") && session.is_set("no-print") {
        return Err(Failure::Usage("-no-store and -no-print cannot be used together".into()));
    }
    let method = session.flags.text("method").unwrap_or("token").trim();
    if !["token", "userpass"].contains(&method) {
        return Err(unknown(method));
    }
    let mut given = Map::new();
    let mut arguments = session.arguments();
    if let ("token", [token, rest @ ..]) = (method, arguments)
        && !token.contains('=')
    {
        let token = if token == "-" { session.stdin() } else { token.clone() };
        if token.trim().is_empty() {
            return Err(Failure::Refused(
                "Error authenticating: a token must be passed to auth, please view the help for more information".into(),
            ));
        }
        given.insert("token".to_owned(), token.trim().into());
        arguments = rest;
    }
    let pairs = data::parse(session, arguments)
        .map_err(|problem| Failure::Usage(format!("Error parsing configuration: {problem}")))?;
    given.extend(pairs);
    let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let api = session.api()?;
    let told = |failure: Failure| failure.told("Error authenticating");
    let secret = match method {
        "userpass" => {
            // Whoever logs in has no token yet.
            by_password(session, &api.with_token(""), &text("username"), &text("password")).map_err(told)?
        }
        _ => by_token(session, api, &text("token")).map_err(told)?,
    };
    finish(session, &secret, is_kept, is_token_only)
}

fn unknown(method: &str) -> Failure {
    let known = "Use \"vault auth list\" to see the complete list of auth methods. Additionally, some auth methods are \
                 only available via the HTTP API.";
    let text = wrap(&format!("Unknown auth method: {method}. {known}"));
    if OTHERS.contains(&method) {
        return Failure::Usage(format!(
            "The lab's vault does not log in by {method}; it knows token and userpass."
        ));
    }
    Failure::Usage(text)
}

fn by_token(session: &Session<'_>, api: Api, given: &str) -> Result<Secret, Failure> {
    let token = if given.is_empty() { ask_token(session)? } else { given.to_owned() };
    let asked = api.with_token(&token).request("GET", "auth/token/lookup-self", None);
    let secret =
        asked.and_then(|answer| answer.secret()).map_err(|failure| failure.told("error looking up token"))?;
    let secret = secret.unwrap_or_default();
    let datum = |name: &str, otherwise: Value| secret.datum(name).cloned().unwrap_or(otherwise);
    // What is known of a token is told as if it had just been given out.
    let auth = json!({
        "client_token": token,
        "accessor": datum("accessor", "".into()),
        "policies": datum("policies", Value::Null),
        "token_policies": datum("policies", Value::Null),
        "identity_policies": datum("identity_policies", Value::Null),
        "metadata": datum("meta", Value::Null),
        "lease_duration": datum("ttl", 0.into()),
        "renewable": datum("renewable", false.into()),
    });
    let auth = auth.as_object().cloned();
    Ok(Secret { auth, ..Secret::default() })
}

fn ask_token(session: &Session<'_>) -> Result<String, Failure> {
    session.ask_aside("Token (will be hidden): ").map_err(|problem| {
        Failure::Refused(format!(
            "An error occurred attempting to ask for a token. The raw error message is shown below, but usually this is \
             because you attempted to pipe a value into the command or you are executing outside of a terminal (tty). If \
             you want to pipe the value, pass \"-\" as the argument to read from stdin. The raw error was: {problem}"
        ))
    })
}

fn by_password(session: &Session<'_>, api: &Api, user: &str, password: &str) -> Result<Secret, Failure> {
    if user.is_empty() {
        return Err(Failure::Refused("'username' must be specified".into()));
    }
    let password = match password {
        "" => session.ask_aside("Password (will be hidden): ").map_err(Failure::Refused)?,
        password => password.to_owned(),
    };
    let mount = session.flags.text("path").map_or_else(|| "userpass".to_owned(), sanitize);
    let path = format!("auth/{mount}/login/{user}");
    let answer = api.request("PUT", &path, Some(&json!({ "password": password })))?;
    Ok(answer.secret()?.unwrap_or_default())
}

/// Keeps the token and tells of it.
fn finish(session: &Session<'_>, secret: &Secret, is_kept: bool, is_token_only: bool) -> Outcome {
    if secret.wrap_info.is_some() && session.is_table() {
        return session.show_secret(secret);
    }
    let token = secret.field("token").and_then(|token| token.as_str().map(str::to_owned)).unwrap_or_default();
    if is_token_only {
        session.print(&token);
        return Ok(0);
    }
    if is_kept {
        token_helper::keep(session.environment, &token).map_err(|error| {
            Failure::Refused(wrap(&format!(
                "Error storing token: {error}. Authentication was successful, but the token was not persisted. The \
                 resulting token is shown below for your records."
            )))
        })?;
    }
    advise(session, is_kept);
    if session.is_set("no-print") {
        return Ok(0);
    }
    if session.is_table() && session.flags.text("field").is_none() {
        welcome(session);
    }
    session.show(secret)
}

/// What is to be known of where the token is, and is not.
fn advise(session: &Session<'_>, is_kept: bool) {
    if !is_kept {
        session.warn(&wrap(
            "The token was not stored in token helper. Set the VAULT_TOKEN environment variable or pass the token below \
             with each request to Vault.",
        ));
        session.warn("");
    }
    if is_kept && session.environment.get("VAULT_TOKEN").is_some() {
        session.warn(&wrap(
            "WARNING! The VAULT_TOKEN environment variable is set! The value of this variable will take precedence; if \
             this is unwanted please unset VAULT_TOKEN or update its value accordingly.",
        ));
        session.warn("");
    }
}

fn welcome(session: &Session<'_>) {
    session.say(&wrap(
        "Success! You are now authenticated. The token information displayed below is already stored in the token helper. \
         You do NOT need to run \"vault login\" again. Future Vault requests will automatically use this token.",
    ));
    session.say("");
}

pub(super) fn print_token(session: &Session<'_>) -> Outcome {
    session.say(session.api()?.token());
    Ok(0)
}

/// What can be said to a method when logging in by it.
pub(super) fn auth_help(session: &Session<'_>) -> Outcome {
    let path = with_slash(session.only_argument()?);
    let name = path.trim_end_matches('/');
    let kind = if name == "token" || name == "userpass" {
        name.to_owned()
    } else {
        let asked = session.api()?.request("GET", "sys/auth", None).and_then(|answer| answer.secret());
        let mounts = asked.map_err(|failure| failure.told("Error listing auth methods"))?.unwrap_or_default();
        let kind = mounts.datum(&path).and_then(|mount| mount.get("type")).and_then(Value::as_str);
        let missing = || Failure::Usage(format!("No auth method available on the server at {path:?}"));
        kind.ok_or_else(missing)?.to_owned()
    };
    session.say(match kind.as_str() {
        "token" => "Usage: vault login TOKEN [CONFIG K=V...]\n\n  Logs in with a token that there is already.",
        "userpass" => {
            "Usage: vault login -method=userpass [CONFIG K=V...]\n\n  Logs in with a name and a password.\n\nConfiguration:\n\n  \
             password=<string>\n      The password; it is asked for where it is not given.\n\n  username=<string>\n      The \
             name."
        }
        other => return Err(unknown(other)),
    });
    Ok(0)
}
