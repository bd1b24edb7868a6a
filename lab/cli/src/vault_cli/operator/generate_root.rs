//! `operator generate-root`

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use lab_world::random_bytes;
use serde_json::{Value, json};

use super::rekey::key;
use crate::stand_in::table::Columns;
use crate::vault_cli::api::Api;
use crate::vault_cli::failure::{Failure, Outcome, expect};
use crate::vault_cli::print::go_text;
use crate::vault_cli::session::Session;
use crate::vault_cli::text::wrap;
use crate::vault_cli::tree::Tree;

/// How long a one-time password is where no server says it.
const OTP_LENGTH: usize = 28;

pub(crate) fn generate_root(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 1)?;
    if let Some(encoded) = session.flags.text("decode") {
        return decode(session, encoded);
    }
    let api = session.api()?;
    if session.is_set("generate-otp") {
        let length = status(&api)?.get("otp_length").and_then(Value::as_u64);
        let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length > 0);
        session.print(&otp(length.unwrap_or(OTP_LENGTH)));
        return Ok(0);
    }
    if session.is_set("init") {
        return start(session, &api);
    }
    if session.is_set("status") {
        return show(session, &status(&api)?);
    }
    if session.is_set("cancel") {
        let done = api.request("DELETE", "sys/generate-root/attempt", None).and_then(|answer| answer.check());
        done.map_err(|failure| failure.told("Error canceling root token generation"))?;
        session.say("Success! Root token generation canceled (if it was started)");
        return Ok(0);
    }
    provide(session, &api)
}

fn status(api: &Api) -> Result<Value, Failure> {
    let asked = api.request("GET", "sys/generate-root/attempt", None).and_then(|answer| answer.json());
    asked.map_err(|failure| failure.told("Error getting root generation status"))
}

fn start(session: &Session<'_>, api: &Api) -> Outcome {
    let body = json!({"otp": session.text("otp"), "pgp_key": ""});
    let asked = api.request("PUT", "sys/generate-root/attempt", Some(&body)).and_then(|answer| answer.json());
    let state = asked.map_err(|failure| failure.told("Error initializing root generation"))?;
    if session.is_table() && state.get("otp").and_then(Value::as_str).is_some_and(|otp| !otp.is_empty()) {
        session.warn(&wrap(
            "A One-Time-Password has been generated for you and is shown in the OTP field. You will need this value to \
             decode the resulting root token, so keep it safe.",
        ));
    }
    show(session, &state)
}

fn provide(session: &Session<'_>, api: &Api) -> Outcome {
    let state = status(api)?;
    if state.get("started").and_then(Value::as_bool) != Some(true) {
        let length = state.get("otp_length").map_or_else(String::new, go_text);
        return Err(Failure::Usage(format!(
            "{}\n{}",
            wrap(
                "No root generation is in progress. Start a root generation by running \"vault operator generate-root -init\"."
            ),
            wrap(&format!(
                "If starting root generation using the OTP method and generating your own OTP, the length of the OTP \
                 string needs to be {length} characters in length."
            )),
        )));
    }
    let (key, nonce) = key(session, &state, "Operation nonce: ")?;
    let body = json!({ "key": key, "nonce": nonce });
    let asked = api.request("PUT", "sys/generate-root/update", Some(&body)).and_then(|answer| answer.json());
    show(session, &asked.map_err(|failure| failure.told("Error posting unseal key"))?)
}

fn show(session: &Session<'_>, state: &Value) -> Outcome {
    let field = |name: &str| state.get(name).cloned().unwrap_or_default();
    if !session.is_table() {
        let names = [
            "nonce",
            "started",
            "progress",
            "required",
            "complete",
            "encoded_token",
            "encoded_root_token",
            "pgp_fingerprint",
            "otp",
            "otp_length",
        ];
        return session.show_tree(&Tree::Fields(
            names.iter().map(|name| ((*name).to_owned(), field(name).into())).collect(),
        ));
    }
    let text = |name: &str| go_text(&field(name));
    let mut lines = vec![
        format!("Nonce♨{}", text("nonce")),
        format!("Started♨{}", text("started")),
        format!("Progress♨{}/{}", text("progress"), text("required")),
        format!("Complete♨{}", text("complete")),
    ];
    for (name, heading) in
        [("pgp_fingerprint", "PGP Fingerprint"), ("encoded_token", "Encoded Token"), ("otp", "OTP")]
    {
        if field(name).as_str().is_some_and(|text| !text.is_empty()) {
            lines.push(format!("{heading}♨{}", text(name)));
        }
    }
    if field("otp_length").as_u64().is_some_and(|length| length > 0) {
        lines.push(format!("OTP Length♨{}", text("otp_length")));
    }
    session.say(&Columns::VAULT.format(&lines));
    Ok(0)
}

/// What Go's decoder says.
fn go_words(error: &base64::DecodeError) -> String {
    let at = match error {
        base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => *at,
        // A character that is too many or too few is told by where the last group begins.
        base64::DecodeError::InvalidLength(length) => length - length % 4,
        base64::DecodeError::InvalidPadding => 0,
    };
    format!("illegal base64 data at input byte {at}")
}

fn decode(session: &Session<'_>, encoded: &str) -> Outcome {
    let Some(otp) = session.flags.text("otp").filter(|otp| !otp.is_empty()) else {
        return Err(Failure::Usage("Missing otp: use -otp to supply it".into()));
    };
    let failed = |problem: String| Failure::Usage(format!("Error decoding root token: {problem}"));
    let encoded = STANDARD_NO_PAD
        .decode(encoded.trim_end_matches('='))
        .map_err(|error| failed(format!("error decoding base64'd token: {}", go_words(&error))))?;
    if encoded.len() != otp.len() {
        return Err(failed(format!(
            "error xoring token: length of byte slices is not equivalent: {} != {}",
            encoded.len(),
            otp.len()
        )));
    }
    let token: Vec<u8> = encoded.iter().zip(otp.bytes()).map(|(byte, mask)| byte ^ mask).collect();
    let token = String::from_utf8_lossy(&token).into_owned();
    if session.is_table() {
        session.print(&token);
        return Ok(0);
    }
    session.show_tree(&Tree::fields([("token", token.into())]))
}

/// A one-time password of letters and digits.
fn otp(length: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut otp = String::with_capacity(length);
    while otp.len() < length {
        let [byte] = random_bytes::<1>();
        // The rest of a byte's values would come up more often.
        if let Some(letter) = LETTERS.get(usize::from(byte) % 64) {
            otp.push((*letter).into());
        }
    }
    otp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_letters_and_digits() {
        let otp = otp(OTP_LENGTH);
        assert_eq!(otp.len(), OTP_LENGTH);
        assert!(otp.chars().all(|c| c.is_ascii_alphanumeric()), "{otp}");
    }
}
