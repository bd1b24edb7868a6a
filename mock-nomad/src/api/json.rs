//! RPC answers as JSON.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmpv::Value;
use serde::{Serialize, Serializer};
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
        Value::String(text) => match text.as_str().filter(|text| !is_time(text.as_bytes())) {
            Some(text) => text.into(),
            // What Go writes in msgpack's old raw type may be bytes.
            None => binary(&Value::Binary(text.as_bytes().to_vec()), text.as_bytes()),
        },
        Value::Binary(bytes) | Value::Ext(_, bytes) => binary(value, bytes),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(fields) => Json::Object(
            fields.iter().map(|(name, value)| (key(name).into_owned(), json(value))).collect::<Map<_, _>>(),
        ),
    }
}

/// The same as text, without a copy of it all in between.
pub(crate) struct Shown<'a>(pub(crate) &'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(Shown)),
            // What makes long lists writes its fields in order.
            Value::Map(fields) if fields.is_sorted_by(|one, other| key(&one.0) <= key(&other.0)) => {
                serializer.collect_map(fields.iter().map(|(name, value)| (key(name), Shown(value))))
            }
            Value::Map(fields) => {
                let mut fields: Vec<(Cow<'_, str>, &Value)> =
                    fields.iter().map(|(name, value)| (key(name), value)).collect();
                fields.sort_unstable_by(|one, other| one.0.cmp(&other.0));
                serializer.collect_map(fields.into_iter().map(|(name, value)| (name, Shown(value))))
            }
            Value::String(text) => serializer.serialize_str(text.as_str().unwrap_or_default()),
            other => json(other).serialize(serializer),
        }
    }
}

/// The only fields with fifteen bytes that begin with a version number are times.
fn is_time(bytes: &[u8]) -> bool {
    bytes.len() == 15 && matches!(bytes[0], 1 | 2)
}

fn binary(value: &Value, bytes: &[u8]) -> Json {
    if is_time(bytes)
        && let Ok(time) = lab_wire::rpc::from_value::<GoTime>(value.clone())
    {
        return serde_json::to_value(time).unwrap_or(Json::Null);
    }
    STANDARD.encode(bytes).into()
}

fn key(name: &Value) -> Cow<'_, str> {
    name.as_str().map_or_else(|| name.to_string().into(), Cow::Borrowed)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn both_ways_write_the_same() {
        let value = Value::Map(vec![
            ("b".into(), Value::Array(vec![1.into(), Value::Nil, "x".into()])),
            ("a".into(), Value::Map(vec![("c".into(), Value::Binary(vec![1, 2]))])),
        ]);
        let text = serde_json::to_string(&Shown(&value)).expect("text");
        assert_eq!(text, json(&value).to_string());
        assert_eq!(text, r#"{"a":{"c":"AQI="},"b":[1,null,"x"]}"#);
    }
}
