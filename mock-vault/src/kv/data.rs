//! `data` and `subkeys` of KV version 2.

use serde_json::{Value, json};

use crate::kv::attribution::Attribution;
use crate::kv::model::{Config, Secret, Version};
use crate::kv::versioned::{Versioned, merge_patch};
use crate::logical::{Call, Data, Field, Outcome, Refusal, Reply, Response, respond};

pub(super) const FIELDS: &[Field] =
    &[Field::text("path"), Field::number("version"), Field::object("options"), Field::object("data")];
pub(super) const SUBKEYS: &[Field] = &[Field::number("version"), Field::number("depth")];

pub(super) fn read(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    let Some((secret, number, version)) = find(kv, call) else { return Ok(Reply::Nothing) };
    shown(call, secret, number, version, "data", json!(version.data))
}

pub(super) fn subkeys(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    let Some((secret, number, version)) = find(kv, call) else { return Ok(Reply::Nothing) };
    let depth = usize::try_from(call.fields.number("depth")).unwrap_or(0);
    let keys = version.data.as_ref().map(|data| stripped(data, depth, 1));
    shown(call, secret, number, version, "subkeys", json!(keys))
}

/// Names without values; below `depth` (0: any) only null.
fn stripped(data: &Data, depth: usize, level: usize) -> Data {
    let strip = |value: &Value| match value {
        Value::Object(object) if !object.is_empty() && (depth == 0 || level < depth) => {
            Value::Object(stripped(object, depth, level + 1))
        }
        _ => Value::Null,
    };
    data.iter().map(|(name, value)| (name.clone(), strip(value))).collect()
}

fn find<'a>(kv: &'a Versioned, call: &Call<'_>) -> Option<(&'a Secret, u64, &'a Version)> {
    let secret = kv.secrets.get(call.fields.text("path"))?;
    let number = u64::try_from(call.fields.number("version")).unwrap_or(0);
    let number = if number == 0 { secret.current } else { number };
    Some((secret, number, secret.versions.get(&number)?))
}

/// A live version, or that it is deleted: 404 with everything but the data.
fn shown(
    call: &Call<'_>,
    secret: &Secret,
    number: u64,
    version: &Version,
    name: &str,
    content: Value,
) -> Outcome {
    let live = version.is_live(call.now());
    let mut data = Data::new();
    data.insert(name.to_owned(), if live { content } else { Value::Null });
    data.insert("metadata".to_owned(), secret.describe(number, version));
    let mut response = Response::of(Value::Object(data));
    response.status = (!live).then_some(404);
    response.ok()
}

pub(super) fn write(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    let config = kv.config.get().clone();
    let path = call.fields.text("path").to_owned();
    let data = sent(call)?;
    let known = kv.secrets.get(&path);
    let operation = if known.is_some_and(|secret| secret.current > 0) { "update" } else { "create" };
    check_and_set(call, known, &config)?;
    let mut secret = known.cloned().unwrap_or_else(|| Secret::new(call.now()));
    secret.add(data, &config, call.now(), Attribution::of(call, operation));
    finish(kv, &path, secret)
}

pub(super) fn patch(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    let config = kv.config.get().clone();
    let path = call.fields.text("path").to_owned();
    let patch = sent(call)?;
    let Some(secret) = kv.secrets.get(&path) else { return absent() };
    let Some(version) = secret.versions.get(&secret.current) else { return absent() };
    if !version.is_live(call.now()) {
        return shown(call, secret, secret.current, version, "data", Value::Null);
    }
    check_and_set(call, Some(secret), &config)?;
    let Some(mut data) = version.data.clone() else {
        return Err(Refusal::Failed("resource does not exist".into()));
    };
    let data = patch.map(|patch| {
        merge_patch(&mut data, &patch);
        data
    });
    let mut secret = secret.clone();
    secret.add(data, &config, call.now(), Attribution::of(call, "patch"));
    finish(kv, &path, secret)
}

/// Nothing to patch: 404 without a body.
pub(super) fn absent() -> Outcome {
    Response::raw(404, "application/json", "").ok()
}

fn finish(kv: &mut Versioned, path: &str, secret: Secret) -> Outcome {
    let answer = secret.versions.get(&secret.current).map(|version| secret.describe(secret.current, version));
    kv.secrets.insert(path, secret);
    respond(answer.unwrap_or_default())
}

/// The data that was sent; null is data too.
fn sent(call: &Call<'_>) -> Result<Option<Data>, Refusal> {
    let mut data = call.fields.object("data").cloned().ok_or_else(|| Refusal::invalid("no data provided"))?;
    data.values_mut().for_each(as_float);
    Ok(Some(data).filter(|_| call.fields.raw().get("data").is_some_and(|sent| !sent.is_null())))
}

/// Numbers are kept as floating point numbers, and long ones lose their last digits.
fn as_float(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            const EXACT: f64 = 9_007_199_254_740_992.0;
            let float = number.as_f64().unwrap_or(0.0);
            if float.abs() > EXACT
                && let Some(kept) = serde_json::Number::from_f64(float)
            {
                *number = kept;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_float),
        Value::Object(fields) => fields.values_mut().for_each(as_float),
        _ => {}
    }
}

/// Refuses a write that was made for another version than the current one.
fn check_and_set(call: &Call<'_>, known: Option<&Secret>, config: &Config) -> Result<(), Refusal> {
    let current = known.map_or(0, |secret| secret.current);
    let required = config.cas_required || known.is_some_and(|secret| secret.cas_required);
    let wanted = match call.fields.object("options").and_then(|options| options.get("cas")) {
        None | Some(Value::Null) if required => {
            return Err(Refusal::invalid("check-and-set parameter required for this call"));
        }
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    match wanted {
        None => Err(Refusal::invalid("error parsing check-and-set parameter")),
        Some(wanted) if u64::try_from(wanted) != Ok(current) => {
            Err(Refusal::invalid("check-and-set parameter did not match the current version"))
        }
        Some(_) => Ok(()),
    }
}

/// Deletes the newest version.
pub(super) fn delete(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    let path = call.fields.text("path");
    if let Some(secret) = kv.secrets.get_mut(path) {
        let current = secret.current;
        if let Some(version) = secret.versions.get_mut(&current).filter(|version| version.is_live(call.now()))
        {
            let by = Attribution::of(call, "delete");
            version.deletion = Some(call.now());
            version.deleted_by = Some(by.clone());
            secret.last_updated_by = Some(by);
        }
    }
    Ok(Reply::Nothing)
}
