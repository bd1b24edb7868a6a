//! `issuer/<ref>/sign-revocation-list` and `issuer/<ref>/resign-crls`: lists of what somebody else keeps.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::pem;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::logical::{
    Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, decode_base64, parse_flag, parse_seconds,
    respond,
};
use crate::pki::crl::pem_of;
use crate::pki::crl_list::{Extension, List, Revoked};
use crate::pki::crl_read::{self, Given};
use crate::pki::engine::Pki;
use crate::pki::model::IssuerEntry;

const FIELDS: &[Field] = &[
    Field::text("issuer_ref"),
    Field::number("crl_number"),
    Field::number("delta_crl_base_number").or_number(-1),
    Field::text("next_update").or_text("72h"),
    Field::text("format").or_text("pem"),
];
const LISTS: &[Field] = &[Field::list("crls")];
const ENTRIES: &[Field] = &[Field::any("revoked_certs"), Field::any("extensions")];

/// The endpoints of signing lists.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("issuer/{issuer_ref}/resign-crls", &[FIELDS, LISTS], &[(Update, resign)]),
    Endpoint::new("issuer/{issuer_ref}/sign-revocation-list", &[FIELDS, ENTRIES], &[(Update, sign)]),
];

/// The extensions that the server makes itself.
const RESERVED: [(&str, &str); 3] =
    [("2.5.29.20", "crl number"), ("2.5.29.27", "delta crl"), ("2.5.29.35", "authority key identifier")];

/// Puts what stands on several lists of an issuer on one.
fn resign(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let head = Head::of(call)?;
    let issuer = issuer(pki, call)?;
    let mut revoked = Vec::new();
    for (at, text) in call.fields.list("crls").iter().enumerate() {
        let given =
            read_list(text).map_err(|told| Refusal::Invalid(format!("failed decoding crl {at}: {told}")))?;
        if !given.is_signed_by(&issuer.certificate.0) {
            return Err(Refusal::Invalid(format!("CRL index: {at} was not signed by requested issuer")));
        }
        for entry in given.revoked {
            // Who stands on several lists was revoked when the first of them says so.
            match revoked.iter_mut().find(|known: &&mut Revoked| known.serial == entry.serial) {
                Some(known) => known.at = known.at.min(entry.at),
                None => revoked.push(entry),
            }
        }
    }
    answer(pki, call, &issuer, &head, &revoked, &[])
}

fn sign(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let head = Head::of(call)?;
    let issuer = issuer(pki, call)?;
    let mut revoked = Vec::new();
    for (at, entry) in objects(call, "revoked_certs").enumerate() {
        revoked.push(read_entry(at, entry)?);
    }
    let given = objects(call, "extensions").map(Some).collect::<Vec<_>>();
    let extensions = read_extensions(&given)?;
    answer(pki, call, &issuer, &head, &revoked, &extensions)
}

/// What both have in common.
struct Head {
    number: u64,
    base: Option<u64>,
    next_update: OffsetDateTime,
    der: bool,
}

impl Head {
    fn of(call: &Call<'_>) -> Result<Self, Refusal> {
        let fields = &call.fields;
        let negative = |_| Refusal::invalid("crl_number parameter must be 0 or greater");
        let number = u64::try_from(fields.number("crl_number")).map_err(negative)?;
        let base = match fields.number("delta_crl_base_number") {
            -1 => None,
            number => Some(
                u64::try_from(number)
                    .map_err(|_| Refusal::invalid("delta_crl_base_number parameter must be -1 or greater"))?,
            ),
        };
        let lifetime = parse_seconds(&fields.text("next_update").into())
            .map_err(|told| Refusal::Invalid(format!("invalid value for next_update: {told}")))?;
        if lifetime <= 0 {
            return Err(Refusal::invalid("next_update parameter must be greater than 0"));
        }
        let der = match fields.text("format").to_lowercase().as_str() {
            "pem" => false,
            "der" => true,
            _ => {
                return Err(Refusal::Invalid(format!("unknown format value of {}", fields.text("format"))));
            }
        };
        let next_update = call.now() + std::time::Duration::from_secs(lifetime.unsigned_abs());
        Ok(Self { number, base, next_update, der })
    }
}

fn issuer(pki: &Pki, call: &Call<'_>) -> Result<IssuerEntry, Refusal> {
    let failed = |told: String| Refusal::Invalid(format!("failed to resolve issuer issuer_ref: {told}"));
    pki.issuer(call.fields.text("issuer_ref")).cloned().map_err(failed)
}

fn answer(
    pki: &Pki,
    call: &Call<'_>,
    issuer: &IssuerEntry,
    head: &Head,
    revoked: &[Revoked],
    extensions: &[Extension],
) -> Outcome {
    let Some(key) = pki.keys.get(&issuer.key_id).filter(|_| issuer.may("crl-signing")) else {
        return Err(Refusal::invalid("failed to build CRL signing bundle"));
    };
    let list = List {
        algorithm: issuer.revocation_algorithm(&key.key.0),
        issuer: issuer.certificate.0.raw_subject(),
        authority: issuer.certificate.0.subject_key_id(),
        this_update: call.now(),
        next_update: head.next_update,
        revoked,
        number: head.number,
        base: head.base,
        extensions,
    };
    let der = list.sign(&key.key.0).map_err(|error| Refusal::Failed(error.to_string()))?;
    respond(json!({"crl": if head.der { STANDARD.encode(der) } else { pem_of(&der) }}))
}

fn read_list(text: &str) -> Result<Given, String> {
    let only_one = || "invalid crl; should be one PEM block only".to_owned();
    let block = pem::first(text).ok_or_else(only_one)?;
    crl_read::read(&block.content).map_err(str::to_owned)
}

/// The objects of a list; what is none is passed over.
fn objects<'c>(call: &'c Call<'_>, name: &str) -> impl Iterator<Item = &'c Data> {
    let list = call.fields.raw().get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object)
}

fn read_entry(at: usize, entry: &Data) -> Result<Revoked, Refusal> {
    let failed =
        |part: &str, told: String| Refusal::Invalid(format!("failed parsing {part} from entry {at}: {told}"));
    let missing = |part: &str| failed(part, format!("missing '{part}' field"));
    let serial = entry.get("serial_number").ok_or_else(|| missing("serial_number"))?;
    let serial = hex_of(serial.as_str().unwrap_or_default()).map_err(|told| {
        failed("serial_number", format!("'serial_number' failed converting to bytes: {told}"))
    })?;
    let moment = entry.get("revocation_time").ok_or_else(|| missing("revocation_time"))?;
    let revoked = read_moment(moment).map_err(|told| failed("revocation_time", told))?;
    let given = entry.get("extensions").and_then(Value::as_array);
    let given: Vec<_> = given.into_iter().flatten().map(Value::as_object).collect();
    let extensions = read_extensions(&given).map_err(|refusal| failed("extensions", refusal.to_string()))?;
    Ok(Revoked { serial, at: revoked, extensions: Some(extensions) })
}

/// Bytes in hex, with separators or without. Errors: what Go says of bad digits.
pub(super) fn hex_of(text: &str) -> Result<Vec<u8>, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
    if let Some(bad) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(format!("encoding/hex: invalid byte: U+{:04X} '{bad}'", u32::from(bad)));
    }
    hex::decode(digits).map_err(|_| "encoding/hex: odd length hex string".to_owned())
}

/// RFC 3339, or seconds since 1970.
fn read_moment(value: &Value) -> Result<OffsetDateTime, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let seconds = text.parse().ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    seconds
        .or_else(|| OffsetDateTime::parse(&text, &Rfc3339).ok())
        .ok_or_else(|| format!("failed parsing time {text}: could not parse string as date and time"))
}

fn read_extensions(given: &[Option<&Data>]) -> Result<Vec<Extension>, Refusal> {
    let mut extensions = Vec::new();
    for (at, one) in given.iter().enumerate() {
        let failed = |told: String| Refusal::Invalid(format!("failed parsing extension entry {at}: {told}"));
        let Some(one) = one else { return Err(failed("unexpected type".into())) };
        extensions.push(read_extension(one).map_err(failed)?);
    }
    Ok(extensions)
}

fn read_extension(given: &Data) -> Result<Extension, String> {
    let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = text("id");
    if let Some((_, name)) = RESERVED.iter().find(|(reserved, _)| *reserved == id) {
        return Err(format!("{name} object identifier ({id}) is reserved"));
    }
    let mut oid = Vec::new();
    for (at, number) in id.split('.').enumerate() {
        oid.push(number.parse::<u64>().map_err(|_| {
            format!(
                "failed parsing asn1 index element {at} value {number}: strconv.Atoi: parsing {number:?}: invalid syntax"
            )
        })?);
    }
    if oid.len() < 2 {
        return Err(format!("failed parsing asn1 object identifier {id}"));
    }
    let critical = match given.get("critical") {
        None => false,
        Some(value) => {
            parse_flag(value).map_err(|told| format!("critical field value failed to be parsed: {told}"))?
        }
    };
    let value = decode_base64(text("value"), true)
        .map_err(|told| format!("failed base64 decoding 'value' field: {told}"))?;
    Ok(Extension { oid, critical, value })
}
