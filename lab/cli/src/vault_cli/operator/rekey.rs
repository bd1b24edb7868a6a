//! `operator rekey`

use serde_json::{Value, json};

use crate::vault_cli::api::Api;
use crate::vault_cli::failure::{Failure, Outcome, expect};
use crate::vault_cli::print::go_text;
use crate::vault_cli::session::Session;
use crate::vault_cli::text::wrap;
use crate::vault_cli::tree::Tree;

pub(crate) fn rekey(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 1)?;
    match session.flags.text("target").unwrap_or("barrier").trim().to_ascii_lowercase().as_str() {
        "barrier" => {}
        target @ ("recovery" | "hsm") => {
            return Err(Failure::Usage(format!(
                "The lab's vault has no {target} keys: its seal is Shamir's"
            )));
        }
        other => return Err(Failure::Usage(format!("Unknown target: {other}"))),
    }
    let api = session.api()?;
    if session.is_set("init") {
        return start(session, &api);
    }
    if session.is_set("status") {
        return show(session, &status(&api)?);
    }
    if session.is_set("cancel") {
        return cancel(session, &api);
    }
    provide(session, &api)
}

fn status(api: &Api) -> Result<Value, Failure> {
    let asked = api.request("GET", "sys/rekey/init", None).and_then(|answer| answer.json());
    asked.map_err(|failure| failure.told("Error reading rekey status"))
}

fn start(session: &Session<'_>, api: &Api) -> Outcome {
    let given = |flag: &str| session.flags.text(flag).and_then(|text| text.parse().ok());
    let number = |flag: &str, short: &str, usual: i64| given(flag).or_else(|| given(short)).unwrap_or(usual);
    let body = json!({
        "secret_shares": number("key-shares", "n", 5),
        "secret_threshold": number("key-threshold", "t", 3),
        "stored_shares": 0,
        "pgp_keys": null,
        "backup": false,
        "require_verification": false,
    });
    let asked = api.request("PUT", "sys/rekey/init", Some(&body)).and_then(|answer| answer.json());
    let state = asked.map_err(|failure| failure.told("Error initializing rekey"))?;
    if session.is_table() {
        session.warn(&wrap(
            "WARNING! If you lose the keys after they are returned, there is no recovery. Consider canceling this \
             operation and re-initializing with the -pgp-keys flag to protect the returned unseal keys along with \
             -backup to allow recovery of the encrypted keys in case of emergency. You can delete the stored keys \
             later using the -delete flag.",
        ));
        session.say("");
    }
    show(session, &state)
}

fn cancel(session: &Session<'_>, api: &Api) -> Outcome {
    let nonce = session.flags.text("nonce").map(|nonce| json!({ "nonce": nonce }));
    let done = api.request("DELETE", "sys/rekey/init", nonce.as_ref()).and_then(|answer| answer.check());
    done.map_err(|failure| failure.told("Error canceling rekey"))?;
    session.say("Success! Canceled rekeying (if it was started)");
    Ok(0)
}

fn provide(session: &Session<'_>, api: &Api) -> Outcome {
    let state = status(api)?;
    if state.get("started").and_then(Value::as_bool) != Some(true) {
        let told =
            "No rekey is in progress. Start a rekey process by running \"vault operator rekey -init\".";
        return Err(Failure::Usage(wrap(told)));
    }
    let (key, nonce) = key(session, &state, "Rekey operation nonce: ")?;
    let body = json!({ "key": key, "nonce": nonce });
    let asked = api.request("PUT", "sys/rekey/update", Some(&body)).and_then(|answer| answer.json());
    let answer = asked.map_err(|failure| failure.told("Error posting unseal key"))?;
    if answer.get("complete").and_then(Value::as_bool) != Some(true) {
        return show(session, &status(api)?);
    }
    if !session.is_table() {
        return session.show_tree(&Tree::Value(answer));
    }
    show_keys(session, &state, &answer);
    Ok(0)
}

/// The key to give, and the nonce of what it is given for: from the command line, from standard input, or asked for.
pub(super) fn key(session: &Session<'_>, state: &Value, heading: &str) -> Result<(String, String), Failure> {
    let given = session.flags.text("nonce").unwrap_or_default();
    let of_state = state.get("nonce").and_then(Value::as_str).unwrap_or_default();
    match session.argument(0).trim() {
        "" => {
            session.say(&format!("{heading}{of_state}"));
            let key = session.ask("Unseal Key (will be hidden): ").map_err(|problem| {
                Failure::Usage(wrap(&format!(
                    "An error occurred attempting to ask for the unseal key. The raw error message is shown below, but \
                     usually this is because you attempted to pipe a value into the command or you are executing \
                     outside of a terminal (tty). If you want to pipe the value, pass \"-\" as the argument to read \
                     from stdin. The raw error was: {problem}"
                )))
            })?;
            Ok((key, of_state.to_owned()))
        }
        _ if given.is_empty() => {
            Err(Failure::Usage("Missing nonce value: specify it via the -nonce flag".to_owned()))
        }
        "-" => Ok((session.stdin().trim().to_owned(), given.to_owned())),
        key => Ok((key.to_owned(), given.to_owned())),
    }
}

fn show(session: &Session<'_>, state: &Value) -> Outcome {
    let field = |name: &str| state.get(name).cloned().unwrap_or_default();
    let is_started = field("started").as_bool().unwrap_or_default();
    if !session.is_table() {
        let names = [
            "nonce",
            "started",
            "t",
            "n",
            "progress",
            "required",
            "pgp_fingerprints",
            "backup",
            "verification_required",
        ];
        let mut fields: Vec<(String, Tree)> =
            names.iter().map(|name| ((*name).to_owned(), field(name).into())).collect();
        let nonce = state.get("verification_nonce").cloned().unwrap_or_else(|| "".into());
        fields.push(("verification_nonce".to_owned(), nonce.into()));
        return session.show_tree(&Tree::Fields(fields));
    }
    let text = |name: &str| go_text(&field(name));
    let mut rows = vec![("Nonce", text("nonce")), ("Started", text("started"))];
    if is_started {
        rows.push(("Rekey Progress", format!("{}/{}", text("progress"), text("required"))));
        rows.push(("New Shares", text("n")));
        rows.push(("New Threshold", text("t")));
        rows.push(("Verification Required", text("verification_required")));
    }
    session.show_pairs(&rows);
    Ok(0)
}

fn show_keys(session: &Session<'_>, state: &Value, answer: &Value) {
    session.say("");
    let keys = answer.get("keys_base64").and_then(Value::as_array).into_iter().flatten();
    for (number, key) in keys.filter_map(Value::as_str).enumerate() {
        session.say(&format!("Key {}: {key}", number + 1));
    }
    session.say("");
    session.say(&format!(
        "Operation nonce: {}",
        answer.get("nonce").and_then(Value::as_str).unwrap_or_default()
    ));
    session.say("");
    let number = |name: &str| state.get(name).map_or_else(String::new, go_text);
    let (shares, threshold) = (number("n"), number("t"));
    session.say(&wrap(&format!(
        "Vault unseal keys rekeyed with {shares} key shares and a key threshold of {threshold}. Please securely \
         distribute the key shares printed above. When Vault is re-sealed, restarted, or stopped, you must supply at \
         least {threshold} of these keys to unseal it before it can start servicing requests."
    )));
}
