//! `sys/init`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::dispatch::Answer;
use crate::logical::Environment;
use crate::seal::SealConfig;
use crate::sys::raw::{RawRefusal, RawRequest, answer, body, invalid};
use crate::vault::Inner;

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Ask {
    secret_shares: i64,
    secret_threshold: i64,
    pgp_keys: Option<Vec<String>>,
    root_token_pgp_key: String,
    recovery_shares: i64,
    recovery_threshold: i64,
    recovery_pgp_keys: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Given {
    keys: Vec<String>,
    keys_base64: Vec<String>,
    root_token: String,
}

pub(super) fn status(inner: &mut Inner, _: &Environment, _: &RawRequest<'_>) -> Result<Answer, RawRefusal> {
    Ok(answer(200, &json!({"initialized": inner.config.is_some()})))
}

pub(super) fn init(
    inner: &mut Inner,
    environment: &Environment,
    request: &RawRequest<'_>,
) -> Result<Answer, RawRefusal> {
    let ask: Ask = body(request, "http.InitRequest")?;
    if ask.recovery_shares != 0
        || ask.recovery_threshold != 0
        || ask.recovery_pgp_keys.is_some_and(|keys| !keys.is_empty())
    {
        return Err(invalid(
            "parameters recovery_shares,recovery_threshold,recovery_pgp_keys not applicable to seal type shamir",
        ));
    }
    let pgp_keys = ask.pgp_keys.unwrap_or_default();
    if !pgp_keys.is_empty() && pgp_keys.len() as i64 != ask.secret_shares {
        return Err(invalid("incorrect number of PGP keys"));
    }
    let config = SealConfig::checked(ask.secret_shares, ask.secret_threshold)
        .map_err(|text| invalid(format!("invalid seal configuration: {text}")))?;
    if inner.config.is_some() {
        return Err(invalid("Vault is already initialized"));
    }
    if !pgp_keys.is_empty() || !ask.root_token_pgp_key.is_empty() {
        return Err(invalid("PGP keys are not supported by the lab"));
    }
    let (keys, root_token) = inner.initialize(config, environment).map_err(invalid)?;
    Ok(answer(
        200,
        &Given {
            keys: keys.iter().map(hex::encode).collect(),
            keys_base64: keys.iter().map(|key| STANDARD.encode(key)).collect(),
            root_token,
        },
    ))
}
