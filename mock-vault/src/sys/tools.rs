//! `sys/tools`: random bytes and hashes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde_json::json;

use crate::logical::{
    Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response, decode_base64, respond,
};
use crate::state::State;
use crate::sys::sha3::sha3;

const RANDOM: &[Field] = &[
    Field::text("source"),
    Field::text("urlbytes"),
    Field::number("bytes").or_number(32),
    Field::text("format").or_text("base64"),
];
const HASH: &[Field] = &[
    Field::text("input"),
    Field::text("algorithm").or_text("sha2-256"),
    Field::text("urlalgorithm"),
    Field::text("format").or_text("hex"),
];

/// Where random bytes may be asked to come from; here they all come from one place.
const SOURCES: [&str; 3] = ["platform", "seal", "all"];

/// The most bytes that are drawn at once.
const MAX_BYTES: i64 = 128 * 1024;

/// The endpoints of the tools.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("tools/random{/source?}{/urlbytes?}", &[RANDOM], &[(Update, random)]),
    Endpoint::new("tools/hash", &[HASH], &[(Update, hash)]),
    Endpoint::new("tools/hash/{urlalgorithm+}", &[HASH], &[(Update, hash)]),
];

fn random(_: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let parse = |text: &str| {
        text.parse::<i64>().map_err(|_| {
            Refusal::Invalid(format!(
                "error parsing url-set byte count: strconv.Atoi: parsing {text:?}: invalid syntax"
            ))
        })
    };
    // A single segment is the count, unless it is a source.
    let (source, count) = match (fields.text("source"), fields.text("urlbytes")) {
        ("", _) => ("platform", fields.number("bytes")),
        (source, "") if SOURCES.contains(&source) => (source, fields.number("bytes")),
        (text, "") => ("platform", parse(text)?),
        (source, text) => (source, parse(text)?),
    };
    if count < 1 {
        return Err(Refusal::invalid("\"bytes\" cannot be less than 1"));
    }
    if count > MAX_BYTES {
        return Err(Refusal::Invalid(format!("\"bytes\" should be less than {MAX_BYTES}")));
    }
    if !SOURCES.contains(&source) {
        return Err(Refusal::Invalid(format!(
            "unsupported entropy source {source:?}; must be \"platform\" or \"seal\", or \"all\""
        )));
    }
    let mut bytes = vec![0; count as usize];
    call.environment.entropy.fill(&mut bytes);
    let mut response = Response::of(
        json!({"random_bytes": format_bytes(&bytes, fields.text("format"), |format| format!("{format:?}"))?}),
    );
    if source == "seal" {
        let none = "no seal/entropy augmentation available, using platform entropy source";
        response.warnings.push(none.to_owned());
    }
    response.ok()
}

fn hash(_: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let input = decode_base64(fields.text("input"), true)
        .map_err(|told| Refusal::Invalid(format!("unable to decode input as base64: {told}")))?;
    let name =
        Some(fields.text("urlalgorithm")).filter(|name| !name.is_empty()).unwrap_or(fields.text("algorithm"));
    format_bytes(&[], fields.text("format"), str::to_owned)?;
    let sha2 = |algorithm| digest::digest(algorithm, &input).as_ref().to_vec();
    let sum = match name {
        "sha2-224" => sha224(&input),
        "sha2-256" => sha2(&digest::SHA256),
        "sha2-384" => sha2(&digest::SHA384),
        "sha2-512" => sha2(&digest::SHA512),
        "sha3-224" => sha3(&input, 28),
        "sha3-256" => sha3(&input, 32),
        "sha3-384" => sha3(&input, 48),
        "sha3-512" => sha3(&input, 64),
        other => return Err(Refusal::Invalid(format!("unsupported algorithm {other}"))),
    };
    respond(json!({"sum": format_bytes(&sum, fields.text("format"), str::to_owned)?}))
}

/// The one hash that `ring` does not have.
fn sha224(input: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA224, input).as_ref().to_vec()
}

/// Bytes in the format that is asked for; `shown`: how one that is unknown is complained about.
fn format_bytes(bytes: &[u8], format: &str, shown: fn(&str) -> String) -> Result<String, Refusal> {
    match format {
        "hex" => Ok(hex::encode(bytes)),
        "base64" => Ok(STANDARD.encode(bytes)),
        other => Err(Refusal::Invalid(format!(
            "unsupported encoding format {}; must be \"hex\" or \"base64\"",
            shown(other)
        ))),
    }
}
