//! `sys/tools`: random bytes and hashes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde_json::json;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, respond};
use crate::state::State;

const RANDOM: &[Field] = &[
    Field::text("source").or_text("platform"),
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

/// The most bytes that are drawn at once.
const MAX_BYTES: i64 = 128 * 1024;

/// The endpoints of the tools.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("tools/random", &[RANDOM], &[(Update, random)]),
    Endpoint::new("tools/random/{urlbytes}", &[RANDOM], &[(Update, random)]),
    Endpoint::new("tools/random/{source}/{urlbytes}", &[RANDOM], &[(Update, random)]),
    Endpoint::new("tools/hash", &[HASH], &[(Update, hash)]),
    Endpoint::new("tools/hash/{urlalgorithm}", &[HASH], &[(Update, hash)]),
];

fn random(_: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let (mut source, mut count) = (fields.text("source"), fields.number("bytes"));
    match fields.text("urlbytes") {
        "" => {}
        name @ ("platform" | "seal" | "all") => source = name,
        text => {
            count = text.parse().map_err(|_| {
                Refusal::Invalid(format!(
                    "error parsing url-set byte count: strconv.Atoi: parsing {text:?}: invalid syntax"
                ))
            })?;
        }
    }
    if count < 1 {
        return Err(Refusal::invalid("\"bytes\" cannot be less than 1"));
    }
    if count > MAX_BYTES {
        return Err(Refusal::Invalid(format!("\"bytes\" should be less than {MAX_BYTES}")));
    }
    if !["platform", "seal", "all"].contains(&source) {
        return Err(Refusal::Invalid(format!("unsupported entropy source {source:?}")));
    }
    let mut bytes = vec![0; count as usize];
    call.environment.entropy.fill(&mut bytes);
    respond(json!({"random_bytes": format_bytes(&bytes, fields.text("format"))?}))
}

fn hash(_: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let input = STANDARD.decode(fields.text("input")).map_err(|_| {
        Refusal::invalid("unable to decode input as base64: illegal base64 data at input byte 0")
    })?;
    let name =
        if fields.has("urlalgorithm") { fields.text("urlalgorithm") } else { fields.text("algorithm") };
    let algorithm = match name {
        "sha2-256" => &digest::SHA256,
        "sha2-384" => &digest::SHA384,
        "sha2-512" => &digest::SHA512,
        other => return Err(Refusal::Invalid(format!("unsupported algorithm {other}"))),
    };
    let sum = digest::digest(algorithm, &input);
    respond(json!({"sum": format_bytes(sum.as_ref(), fields.text("format"))?}))
}

fn format_bytes(bytes: &[u8], format: &str) -> Result<String, Refusal> {
    match format {
        "hex" => Ok(hex::encode(bytes)),
        "base64" => Ok(STANDARD.encode(bytes)),
        other => Err(Refusal::Invalid(format!(
            "unsupported encoding format {other}; must be \"hex\" or \"base64\""
        ))),
    }
}
