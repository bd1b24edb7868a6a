//! `operator init`

use serde_json::{Value, json};

use crate::vault_cli::failure::{Failure, Outcome, expect};
use crate::vault_cli::session::Session;
use crate::vault_cli::text::wrap;
use crate::vault_cli::tree::Tree;

pub(crate) fn init(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    if session.is_set("status") {
        return status(session);
    }
    let given = |flag: &str| session.flags.text(flag).and_then(|text| text.parse().ok());
    // Zero stands for what is usual.
    let number = |flag: &str, short: &str, usual: i64| {
        given(flag).or_else(|| given(short)).filter(|number| *number != 0).unwrap_or(usual)
    };
    let (shares, threshold) = (number("key-shares", "n", 5), number("key-threshold", "t", 3));
    let body = json!({
        "secret_shares": shares,
        "secret_threshold": threshold,
        "stored_shares": 0,
        "pgp_keys": null,
        "recovery_shares": 0,
        "recovery_threshold": 0,
        "recovery_pgp_keys": null,
        "root_token_pgp_key": "",
    });
    let api = session.api()?;
    // How the server is sealed decides about what is made.
    api.preflight("sys/seal-status")?;
    let asked = api.request("PUT", "sys/init", Some(&body)).and_then(|answer| answer.json());
    let made = asked.map_err(|failure| failure.told("Error initializing"))?;
    if session.is_table() {
        print(session, &made, shares, threshold);
        return Ok(0);
    }
    session.show_tree(&tree(&made, shares, threshold))
}

/// Whether the server is initialized: by its words and by the exit status.
fn status(session: &Session<'_>) -> Outcome {
    let asked = session.api()?.request("GET", "sys/init", None).and_then(|answer| answer.json());
    let state = asked.map_err(|failure| match failure.told("Error checking init status") {
        Failure::Refused(text) => Failure::Usage(text),
        other => other,
    })?;
    let is_initialized = state.get("initialized").and_then(Value::as_bool).unwrap_or_default();
    if !session.is_table() {
        session.show_tree(&Tree::fields([("Initialized", is_initialized.into())]))?;
    } else if is_initialized {
        session.say("Vault is initialized");
    } else {
        session.say("Vault is not initialized");
    }
    Ok(if is_initialized { 0 } else { 2 })
}

fn texts<'a>(made: &'a Value, name: &str) -> Vec<&'a str> {
    let items = made.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

fn print(session: &Session<'_>, made: &Value, shares: i64, threshold: i64) {
    for (number, key) in texts(made, "keys_base64").iter().enumerate() {
        session.say(&format!("Unseal Key {}: {key}", number + 1));
    }
    session.say("");
    session.say(&format!(
        "Initial Root Token: {}",
        made.get("root_token").and_then(Value::as_str).unwrap_or_default()
    ));
    session.say("");
    session.say(&wrap(&format!(
        "Vault initialized with {shares} key shares and a key threshold of {threshold}. Please securely distribute the \
         key shares printed above. When the Vault is re-sealed, restarted, or stopped, you must supply at least \
         {threshold} of these keys to unseal it before it can start servicing requests."
    )));
    session.say("");
    session.say(&wrap(&format!(
        "Vault does not store the generated root key. Without at least {threshold} keys to reconstruct the root key, \
         Vault will remain permanently sealed!"
    )));
    session.say("");
    session.say(&wrap(
        "It is possible to generate new unseal keys, provided you have a quorum of existing unseal keys shares. See \
         \"vault operator rekey\" for more information.",
    ));
}

fn tree(made: &Value, shares: i64, threshold: i64) -> Tree {
    let list = |name: &str| Tree::Value(texts(made, name).into());
    Tree::fields([
        ("unseal_keys_b64", list("keys_base64")),
        ("unseal_keys_hex", list("keys")),
        ("unseal_shares", shares.into()),
        ("unseal_threshold", threshold.into()),
        ("recovery_keys_b64", list("recovery_keys_base64")),
        ("recovery_keys_hex", list("recovery_keys")),
        ("recovery_keys_shares", 0.into()),
        ("recovery_keys_threshold", 0.into()),
        ("root_token", made.get("root_token").cloned().unwrap_or_default().into()),
    ])
}
