//! Encodings and digests.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Failure, Function, Outcome, fail, plain, text};
use crate::eval::{Value, as_string};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("jsonencode", &["val"], |given| go_json(&given[0]).map(Value::String)),
    plain("jsondecode", &["str"], |given| {
        let parsed: serde_json::Value =
            serde_json::from_str(&text(given, 0)?).map_err(|error| fail(error.to_string()))?;
        Ok(Value::from_json(&parsed))
    }),
    plain("base64encode", &["str"], |given| Ok(Value::String(STANDARD.encode(text(given, 0)?)))),
    plain("base64decode", &["str"], |given| {
        let source = text(given, 0)?;
        let bytes = STANDARD.decode(&source);
        let bytes = bytes.map_err(|_| fail(format!("failed to decode base64 data '{source}'")))?;
        let decoded = String::from_utf8(bytes);
        decoded
            .map(Value::String)
            .map_err(|_| fail("the result of decoding the provided string is not valid UTF-8"))
    }),
    plain("urlencode", &["str"], |given| Ok(Value::String(url_encode(&text(given, 0)?)))),
    plain("md5", &["str"], |given| Ok(Value::String(hex::encode(*md5::compute(text(given, 0)?))))),
    plain("sha1", &["str"], |given| hash(given, &digest::SHA1_FOR_LEGACY_USE_ONLY)),
    plain("sha256", &["str"], |given| hash(given, &digest::SHA256)),
    plain("sha512", &["str"], |given| hash(given, &digest::SHA512)),
    plain("csvdecode", &["str"], csv_decode),
    plain("uuidv5", &["namespace", "name"], uuid),
];

/// A UUID made of a name in a namespace: one of four that have names, or any by its UUID.
fn uuid(given: &[Value]) -> Outcome {
    let (namespace, name) = (text(given, 0)?, text(given, 1)?);
    let hex = match namespace.as_str() {
        "dns" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "url" => "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
        "oid" => "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
        "x500" => "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
        other => other,
    };
    let refuse = |why: String| fail(format!("uuidv5() doesn't support namespace {namespace} ({why})"));
    if hex.len() != 36 {
        return Err(refuse(format!("invalid UUID length: {}", hex.len())));
    }
    let dashes = [8, 13, 18, 23].iter().all(|at| hex.as_bytes()[*at] == b'-');
    let bytes = hex::decode(hex.replace('-', "")).ok().filter(|bytes| dashes && bytes.len() == 16);
    let mut hashed = bytes.ok_or_else(|| refuse("invalid UUID format".to_owned()))?;
    hashed.extend(name.bytes());
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &hashed);
    let mut bytes = digest.as_ref()[..16].to_vec();
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let all = hex::encode(bytes);
    let parts = [&all[..8], &all[8..12], &all[12..16], &all[16..20], &all[20..]];
    Ok(Value::String(parts.join("-")))
}

fn hash(given: &[Value], algorithm: &'static digest::Algorithm) -> Outcome {
    Ok(Value::String(hex::encode(digest::digest(algorithm, text(given, 0)?.as_bytes()))))
}

/// JSON as Go writes it, with the signs of HTML escaped, and numbers with all their digits.
fn go_json(value: &Value) -> Result<String, Failure> {
    let quoted = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
    };
    match value {
        Value::Number(number) if number.is_infinite() => Err(fail("cannot serialize infinity as JSON")),
        Value::Number(_) | Value::Bool(_) => Ok(as_string(value).unwrap_or_default()),
        Value::String(text) => Ok(quoted(text)),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(go_json).collect::<Result<_, _>>()?;
            Ok(format!("[{}]", items.join(",")))
        }
        Value::Object(entries) => {
            let entry =
                |(name, value): (&String, &Value)| Ok(format!("{}:{}", quoted(name), go_json(value)?));
            let entries: Vec<String> = entries.iter().map(entry).collect::<Result<_, Failure>>()?;
            Ok(format!("{{{}}}", entries.join(",")))
        }
        Value::Null | Value::Unknown => Ok("null".to_owned()),
    }
}

fn url_encode(source: &str) -> String {
    source
        .bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// Lines of fields by the names in the first.
fn csv_decode(given: &[Value]) -> Outcome {
    let source = text(given, 0)?;
    let mut rows = source.lines().filter(|line| !line.trim().is_empty()).map(csv_fields);
    let Some(names) = rows.next() else { return Err(fail("missing header line")) };
    let mut objects = Vec::new();
    for (at, row) in rows.enumerate() {
        if row.len() != names.len() {
            return Err(fail(format!("CSV parse error on line {}: wrong number of fields", at + 2)));
        }
        let fields = names.iter().cloned().zip(row.into_iter().map(Value::String));
        objects.push(Value::Object(fields.collect()));
    }
    Ok(Value::List(objects))
}

fn csv_fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => {
                fields.last_mut().into_iter().for_each(|field| field.push('"'))
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().into_iter().for_each(|field| field.push(c)),
        }
    }
    fields
}
