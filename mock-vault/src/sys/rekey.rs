//! `sys/rekey`: new unseal shares.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::dispatch::Answer;
use crate::logical::{Data, Environment};
use crate::seal::SealConfig;
use crate::sys::generate_root::{RekeyAttempt, collect, sent_share};
use crate::sys::raw::{RawRefusal, RawRequest, answer, body, invalid, no_content};
use crate::sys::unseal::{Progress, text};
use crate::vault::Inner;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ask {
    secret_shares: i64,
    secret_threshold: i64,
    require_verification: bool,
    pgp_keys: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Status<'a> {
    nonce: &'a str,
    started: bool,
    t: u8,
    n: u8,
    progress: usize,
    required: u8,
    pgp_fingerprints: Option<Vec<String>>,
    backup: bool,
    verification_required: bool,
}

pub(super) fn status(inner: &mut Inner, _: &Environment, _: &RawRequest<'_>) -> Result<Answer, RawRefusal> {
    ready(inner)?;
    Ok(describe(inner))
}

/// Nothing is ever verified here: rekeying that asks for it is refused.
pub(super) fn verify(inner: &mut Inner, _: &Environment, _: &RawRequest<'_>) -> Result<Answer, RawRefusal> {
    ready(inner)?;
    Err(invalid("no rekey configuration found"))
}

/// The share is looked at first.
pub(super) fn verify_share(
    inner: &mut Inner,
    environment: &Environment,
    request: &RawRequest<'_>,
) -> Result<Answer, RawRefusal> {
    ready(inner)?;
    sent_share(request)?;
    verify(inner, environment, request)
}

fn ready(inner: &Inner) -> Result<(), RawRefusal> {
    if inner.config.is_none() {
        return Err(invalid("Vault is not initialized"));
    }
    if inner.unsealed.is_none() { Err((503, Some("Vault is sealed".into()))) } else { Ok(()) }
}

fn describe(inner: &Inner) -> Answer {
    let attempt = inner.attempts.rekey.as_ref();
    answer(
        200,
        &Status {
            nonce: attempt.map_or("", |attempt| &attempt.progress.nonce),
            started: attempt.is_some(),
            t: attempt.map_or(0, |attempt| attempt.config.threshold),
            n: attempt.map_or(0, |attempt| attempt.config.shares),
            progress: attempt.map_or(0, |attempt| attempt.progress.shares.len()),
            required: inner.config.map_or(0, |config| config.threshold),
            pgp_fingerprints: None,
            backup: false,
            verification_required: false,
        },
    )
}

pub(super) fn start(
    inner: &mut Inner,
    environment: &Environment,
    request: &RawRequest<'_>,
) -> Result<Answer, RawRefusal> {
    ready(inner)?;
    let ask: Ask = body(request, "http.RekeyRequest")?;
    if ask.secret_threshold > ask.secret_shares {
        return Err(invalid("provided threshold greater than the total shares"));
    }
    if ask.require_verification || ask.pgp_keys.is_some_and(|keys| !keys.is_empty()) {
        return Err(invalid("PGP keys and verification are not supported by the lab"));
    }
    let config = SealConfig::checked(ask.secret_shares, ask.secret_threshold)
        .map_err(|text| (500, Some(format!("invalid rekey seal configuration: {text}"))))?;
    if inner.attempts.rekey.is_some() {
        return Err(invalid("rekey already in progress"));
    }
    let progress = Progress { nonce: environment.entropy.uuid(), shares: Vec::new() };
    inner.attempts.rekey = Some(RekeyAttempt { progress, config });
    Ok(describe(inner))
}

/// Cancelling needs the nonce of what is cancelled.
pub(super) fn cancel(
    inner: &mut Inner,
    _: &Environment,
    request: &RawRequest<'_>,
) -> Result<Answer, RawRefusal> {
    let ask: Data = body(request, "http.RekeyDeleteRequest")?;
    match &inner.attempts.rekey {
        Some(attempt) if attempt.progress.nonce != text(&ask, "nonce") => Err(invalid("invalid request")),
        _ => {
            inner.attempts.rekey = None;
            Ok(no_content())
        }
    }
}

pub(super) fn update(
    inner: &mut Inner,
    environment: &Environment,
    request: &RawRequest<'_>,
) -> Result<Answer, RawRefusal> {
    ready(inner)?;
    let config = inner.config;
    let Some(attempt) = &mut inner.attempts.rekey else {
        // The share is looked at first.
        sent_share(request)?;
        return Err(invalid("no rekey in progress"));
    };
    let Some(key) = collect(config, &mut attempt.progress, request, "")? else { return Ok(describe(inner)) };
    let wanted = attempt.config;
    let nonce = std::mem::take(&mut attempt.progress.nonce);
    inner.attempts.rekey = None;
    let Some(root_key) = inner.root_key(&key).map_err(invalid)? else {
        return Err(invalid(
            "rekey failed: unable to retrieve stored keys: invalid key: failed to decrypt keys from storage",
        ));
    };
    let keys = inner.rekey(wanted, root_key, &environment.entropy).map_err(invalid)?;
    Ok(answer(
        200,
        &json!({
            "nonce": nonce, "complete": true, "keys": keys.iter().map(hex::encode).collect::<Vec<_>>(),
            "keys_base64": keys.iter().map(|key| STANDARD.encode(key)).collect::<Vec<_>>(),
            "pgp_fingerprints": null, "backup": false, "verification_required": false,
        }),
    ))
}
