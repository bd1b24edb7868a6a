//! `sys/generate-root`: a new root token from a threshold of unseal shares.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Serialize;

use crate::dispatch::Answer;
use crate::logical::{Data, Environment};
use crate::seal::SealConfig;
use crate::sys::raw::{RawRefusal, RawRequest, answer, body, invalid, no_content};
use crate::sys::unseal::{Progress, check_length, decode_share, text};
use crate::vault::Inner;

/// How long a root token is, and therefore its one-time password.
const OTP_LENGTH: usize = 28;

/// What is being collected shares for.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    root: Option<RootAttempt>,
    pub(super) rekey: Option<RekeyAttempt>,
}

#[derive(Debug)]
struct RootAttempt {
    progress: Progress,
    otp: Vec<u8>,
}

/// A change of the unseal shares.
#[derive(Debug)]
pub(super) struct RekeyAttempt {
    pub(super) progress: Progress,
    pub(super) config: SealConfig,
}

#[derive(Serialize)]
struct Status<'a> {
    nonce: &'a str,
    started: bool,
    progress: usize,
    required: u8,
    complete: bool,
    encoded_token: &'a str,
    encoded_root_token: &'a str,
    pgp_fingerprint: &'a str,
    otp: &'a str,
    otp_length: usize,
}

/// Adds a share; `head`: what stands before a complaint about its length. Gives the unseal key once there are enough.
///
/// Errors: what is wrong with the share, the nonce, or the shares together.
pub(super) fn collect(
    inner_config: Option<SealConfig>,
    progress: &mut Progress,
    request: &RawRequest<'_>,
    head: &str,
) -> Result<Option<Vec<u8>>, RawRefusal> {
    let (ask, share) = sent_share(request)?;
    check_length(&share, head)?;
    let nonce = text(&ask, "nonce");
    if nonce != progress.nonce {
        let mine = &progress.nonce;
        return Err(invalid(format!("incorrect nonce supplied; nonce for this operation is {mine:?}")));
    }
    let Some(config) = inner_config else { return Err(invalid("Vault is not initialized")) };
    if progress.shares.contains(&share) {
        return Err(invalid("given key has already been provided during this generation operation"));
    }
    progress.shares.push(share);
    if progress.shares.len() < usize::from(config.threshold) {
        return Ok(None);
    }
    let shares = std::mem::take(&mut progress.shares);
    config.combine(&shares).map(Some).map_err(|error| invalid(format!("failed to compute root key: {error}")))
}

/// What was sent, and the share in it.
pub(super) fn sent_share(request: &RawRequest<'_>) -> Result<(Data, Vec<u8>), RawRefusal> {
    let ask: Data = body(request, "http.GenerateRootUpdateRequest")?;
    let key = text(&ask, "key");
    if key.is_empty() {
        return Err(invalid("'key' must be specified in request body as JSON"));
    }
    let share = decode_share(key)?;
    Ok((ask, share))
}

pub(super) fn status(inner: &mut Inner, _: &Environment, _: &RawRequest<'_>) -> Result<Answer, RawRefusal> {
    ready(inner)?;
    Ok(describe(inner, "", ""))
}

fn ready(inner: &Inner) -> Result<(), RawRefusal> {
    if inner.config.is_none() {
        return Err(invalid("Vault is not initialized"));
    }
    if inner.unsealed.is_none() { Err((503, Some("Vault is sealed".into()))) } else { Ok(()) }
}

fn describe(inner: &Inner, otp: &str, token: &str) -> Answer {
    let attempt = inner.attempts.root.as_ref();
    let required = inner.config.map_or(0, |config| config.threshold);
    let complete = !token.is_empty();
    answer(
        200,
        &Status {
            nonce: attempt.map_or("", |attempt| &attempt.progress.nonce),
            started: attempt.is_some() || complete,
            progress: if complete {
                usize::from(required)
            } else {
                attempt.map_or(0, |attempt| attempt.progress.shares.len())
            },
            required,
            complete,
            encoded_token: token,
            encoded_root_token: token,
            pgp_fingerprint: "",
            otp,
            otp_length: OTP_LENGTH,
        },
    )
}

pub(super) fn start(
    inner: &mut Inner,
    environment: &Environment,
    request: &RawRequest<'_>,
) -> Result<Answer, RawRefusal> {
    ready(inner)?;
    let ask: Data = if request.body.iter().all(u8::is_ascii_whitespace) {
        Data::new()
    } else {
        body(request, "http.GenerateRootInitRequest")?
    };
    if inner.attempts.root.is_some() {
        return Err(invalid("root generation already in progress"));
    }
    if !text(&ask, "pgp_key").is_empty() {
        return Err(invalid("PGP keys are not supported by the lab"));
    }
    let (otp, shown) = match text(&ask, "otp") {
        "" => {
            let otp = environment.entropy.alphanumeric(OTP_LENGTH);
            (otp.clone(), otp)
        }
        otp if otp.len() == OTP_LENGTH => (otp.to_owned(), String::new()),
        _ => return Err(invalid("OTP string is wrong length")),
    };
    let progress = Progress { nonce: environment.entropy.uuid(), shares: Vec::new() };
    inner.attempts.root = Some(RootAttempt { progress, otp: otp.into_bytes() });
    Ok(describe(inner, &shown, ""))
}

pub(super) fn cancel(inner: &mut Inner, _: &Environment, _: &RawRequest<'_>) -> Result<Answer, RawRefusal> {
    inner.attempts.root = None;
    Ok(no_content())
}

pub(super) fn update(
    inner: &mut Inner,
    environment: &Environment,
    request: &RawRequest<'_>,
) -> Result<Answer, RawRefusal> {
    ready(inner)?;
    let config = inner.config;
    let Some(attempt) = &mut inner.attempts.root else {
        // The share is looked at first.
        sent_share(request)?;
        return Err(invalid("no root generation in progress"));
    };
    let Some(key) = collect(config, &mut attempt.progress, request, "invalid key: ")? else {
        return Ok(describe(inner, "", ""));
    };
    let otp = inner.attempts.root.take().map(|attempt| attempt.otp).unwrap_or_default();
    if inner.root_key(&key).map_err(invalid)?.is_none() {
        return Err(invalid(
            "unable to retrieve stored keys: invalid key: failed to decrypt keys from storage",
        ));
    }
    let Some(unsealed) = &mut inner.unsealed else { return Err((503, Some("Vault is sealed".into()))) };
    let token = unsealed.state.grant_root("auth/token/root", environment);
    inner.settle(environment);
    let mixed: Vec<u8> = token.bytes().zip(otp).map(|(token, otp)| token ^ otp).collect();
    Ok(describe(inner, "", &STANDARD_NO_PAD.encode(mixed)))
}
