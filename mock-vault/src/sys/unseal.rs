//! `sys/seal-status` and `sys/unseal`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use crate::dispatch::Answer;
use crate::logical::{Data, Environment};
use crate::mounts::VERSION;
use crate::sys::health::BUILD_DATE;
use crate::sys::raw::{RawRefusal, RawRequest, answer, body, invalid};
use crate::vault::Inner;

/// Shares on their way to a threshold, in whatever they are collected for.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Tells one collection from the next; empty before the first share.
    pub(crate) nonce: String,
    pub(crate) shares: Vec<Vec<u8>>,
}

#[derive(Serialize)]
struct Status<'a> {
    r#type: &'static str,
    initialized: bool,
    sealed: bool,
    t: u8,
    n: u8,
    progress: usize,
    nonce: &'a str,
    version: &'static str,
    build_date: &'static str,
    migration: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_id: Option<&'a str>,
    recovery_seal: bool,
    storage_type: &'static str,
}

pub(super) fn status(inner: &mut Inner, _: &Environment, _: &RawRequest<'_>) -> Result<Answer, RawRefusal> {
    Ok(describe(inner))
}

fn describe(inner: &Inner) -> Answer {
    let cluster = inner.unsealed.as_ref().map(|unsealed| unsealed.state.cluster.get());
    answer(
        200,
        &Status {
            r#type: "shamir",
            initialized: inner.config.is_some(),
            sealed: inner.unsealed.is_none(),
            t: inner.config.map_or(0, |config| config.threshold),
            n: inner.config.map_or(0, |config| config.shares),
            progress: inner.progress.shares.len(),
            nonce: &inner.progress.nonce,
            version: VERSION,
            build_date: BUILD_DATE,
            migration: false,
            cluster_name: cluster.map(|cluster| cluster.name.as_str()),
            cluster_id: cluster.map(|cluster| cluster.id.as_str()),
            recovery_seal: false,
            storage_type: inner.storage_kind(),
        },
    )
}

/// A share as clients write it: hexadecimal where that gives the right length, or else base64.
pub(super) fn decode_share(text: &str) -> Result<Vec<u8>, RawRefusal> {
    let fits = |bytes: &Vec<u8>| (16..=33).contains(&bytes.len());
    hex::decode(text)
        .ok()
        .filter(fits)
        .or_else(|| STANDARD.decode(text).ok())
        .ok_or_else(|| invalid("'key' must be a valid hex or base64 string"))
}

/// Errors: what is wrong with the share's length, behind `head`.
pub(super) fn check_length(share: &[u8], head: &str) -> Result<(), RawRefusal> {
    match share.len() {
        ..16 => Err(invalid(format!("{head}key is shorter than minimum 16 bytes"))),
        34.. => Err(invalid(format!("{head}key is longer than maximum 33 bytes"))),
        _ => Ok(()),
    }
}

/// A text in a body whose keys may be written in any case.
pub(super) fn text<'a>(body: &'a Data, name: &str) -> &'a str {
    let value = body.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    value.and_then(Value::as_str).unwrap_or("")
}

pub(super) fn unseal(
    inner: &mut Inner,
    environment: &Environment,
    request: &RawRequest<'_>,
) -> Result<Answer, RawRefusal> {
    let ask: Data = body(request, "http.UnsealRequest")?;
    let reset =
        ask.iter().any(|(key, value)| key.eq_ignore_ascii_case("reset") && value.as_bool() == Some(true));
    let key = text(&ask, "key");
    if reset {
        if inner.unsealed.is_some() {
            return Err(invalid("vault is unsealed"));
        }
        inner.progress = Progress::default();
        return Ok(describe(inner));
    }
    if key.is_empty() {
        return Err(invalid("'key' must be specified in request body as JSON, or 'reset' set to true"));
    }
    let share = decode_share(key)?;
    let Some(config) = inner.config else { return Err(invalid("Vault is not initialized")) };
    check_length(&share, "invalid key: ")?;
    if inner.unsealed.is_some() {
        return Ok(describe(inner));
    }
    if inner.progress.nonce.is_empty() {
        inner.progress.nonce = environment.entropy.uuid();
    }
    if !inner.progress.shares.contains(&share) {
        inner.progress.shares.push(share);
    }
    if inner.progress.shares.len() >= usize::from(config.threshold) {
        let shares = std::mem::take(&mut inner.progress).shares;
        let key = config
            .combine(&shares)
            .map_err(|error| invalid(format!("failed to compute combined key: {error}")))?;
        inner.unseal(&key, environment).map_err(invalid)?;
    }
    Ok(describe(inner))
}
