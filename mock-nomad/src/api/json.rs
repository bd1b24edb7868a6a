//! RPC answers as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmpv::Value;
use serde_json::{Map, Value as Json};

use crate::structs::GoTime;

/// A value as the real program writes it: times as RFC 3339, zero ones as null, other bytes as base64.
pub(super) fn json(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Boolean(flag) => (*flag).into(),
        Value::Integer(number) => {
            number.as_u64().map(Json::from).or_else(|| number.as_i64().map(Json::from)).unwrap_or(Json::Null)
        }
        Value::F32(number) => f64::from(*number).into(),
        Value::F64(number) => (*number).into(),
        Value::String(text) => text.as_str().unwrap_or_default().into(),
        Value::Binary(bytes) | Value::Ext(_, bytes) => binary(value, bytes),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (key(name), json(value))).collect::<Map<_, _>>())
        }
    }
}

fn binary(value: &Value, bytes: &[u8]) -> Json {
    // The only fields with fifteen bytes that begin with a version number are times.
    if bytes.len() == 15
        && let Ok(time) = lab_wire::rpc::from_value::<GoTime>(value.clone())
    {
        return serde_json::to_value(time).unwrap_or(Json::Null);
    }
    STANDARD.encode(bytes).into()
}

fn key(name: &Value) -> String {
    name.as_str().map_or_else(|| name.to_string(), str::to_owned)
}
