//! Between Rust types and msgpack values by Go's conventions: structs are maps by field name; a field that is absent
//! or nil is its type's zero; texts may come as bytes.

use std::fmt;

use rmpv::Value;
use serde::Serialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};

/// A value that does not fit the type it should become, or a type that has no msgpack form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("msgpack decode error: {0}")]
pub struct ValueError(String);

impl de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// `data` as a value: structs as maps by field name.
pub fn to_value<T: Serialize + ?Sized>(data: &T) -> Result<Value, ValueError> {
    let bytes = rmp_serde::to_vec_named(data).map_err(|error| ValueError(error.to_string()))?;
    rmpv::decode::read_value(&mut &bytes[..]).map_err(|error| ValueError(error.to_string()))
}

/// A value as a `T`. Give structs `#[serde(default)]`, since Go leaves fields out.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ValueError> {
    T::deserialize(Go(value))
}

/// For `#[serde(with = "lab_wire::rpc::duration")]`: durations as Go has them, in whole nanoseconds.
pub mod duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes nanoseconds.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }

    /// Reads nanoseconds; a negative duration is none.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let nanoseconds = i64::deserialize(deserializer)?;
        Ok(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0)))
    }
}

/// Reads a value with Go's leniency.
struct Go(Value);

impl<'de> IntoDeserializer<'de, ValueError> for Go {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! zero_for_nil {
    ($($method:ident $visit:ident $zero:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            match self.0 {
                Value::Nil => visitor.$visit($zero),
                value => Go(value).deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Go {
    type Error = ValueError;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Nil => visitor.visit_unit(),
            Value::Boolean(value) => visitor.visit_bool(value),
            Value::Integer(value) => match (value.as_u64(), value.as_i64()) {
                (Some(value), _) => visitor.visit_u64(value),
                (None, Some(value)) => visitor.visit_i64(value),
                // A msgpack integer fits one of the two.
                (None, None) => Err(ValueError("integer out of range".into())),
            },
            Value::F32(value) => visitor.visit_f32(value),
            Value::F64(value) => visitor.visit_f64(value),
            // Go writes bytes and texts alike where it uses msgpack's old raw type.
            Value::String(text) if text.is_str() => visitor.visit_string(text.into_str().unwrap_or_default()),
            Value::String(bytes) => visitor.visit_byte_buf(bytes.into_bytes()),
            Value::Binary(bytes) | Value::Ext(_, bytes) => visitor.visit_byte_buf(bytes),
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Go))),
            Value::Map(fields) => visitor
                .visit_map(MapDeserializer::new(fields.into_iter().map(|(key, value)| (Go(key), Go(value))))),
        }
    }

    zero_for_nil! {
        deserialize_bool visit_bool false;
        deserialize_i8 visit_i8 0;
        deserialize_i16 visit_i16 0;
        deserialize_i32 visit_i32 0;
        deserialize_i64 visit_i64 0;
        deserialize_i128 visit_i128 0;
        deserialize_u8 visit_u8 0;
        deserialize_u16 visit_u16 0;
        deserialize_u32 visit_u32 0;
        deserialize_u64 visit_u64 0;
        deserialize_u128 visit_u128 0;
        deserialize_f32 visit_f32 0.0;
        deserialize_f64 visit_f64 0.0;
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Nil => visitor.visit_string(String::new()),
            // Go's texts may hold any bytes.
            Value::Binary(bytes) => visitor.visit_string(String::from_utf8_lossy(&bytes).into_owned()),
            Value::String(text) => {
                visitor.visit_string(String::from_utf8_lossy(text.as_bytes()).into_owned())
            }
            value => Go(value).deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Nil => visitor.visit_byte_buf(Vec::new()),
            Value::String(text) => visitor.visit_byte_buf(text.into_bytes()),
            value => Go(value).deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Nil => visitor.visit_none(),
            value => visitor.visit_some(Go(value)),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Nil => Go(Value::Array(Vec::new())).deserialize_any(visitor),
            Value::Binary(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.into_iter())),
            value => Go(value).deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Nil => Go(Value::Map(Vec::new())).deserialize_any(visitor),
            value => Go(value).deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0 {
            // A field that is nil is one that is absent, so that the type's own default holds.
            Value::Map(mut fields) => {
                fields.retain(|(_, value)| !value.is_nil());
                Go(Value::Map(fields)).deserialize_any(visitor)
            }
            _ => self.deserialize_map(visitor),
        }
    }

    /// A name alone, or a map of one name to its content.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Map(fields) => {
                let fields = fields.into_iter().map(|(key, value)| (Go(key), Go(value)));
                visitor.visit_enum(de::value::MapAccessDeserializer::new(MapDeserializer::new(fields)))
            }
            Value::Nil => visitor.visit_enum("".into_deserializer()),
            Value::String(text) => visitor.visit_enum(text.as_str().unwrap_or_default().into_deserializer()),
            Value::Binary(bytes) => visitor.visit_enum(String::from_utf8_lossy(&bytes).into_deserializer()),
            other => Err(ValueError(format!("cannot decode {other} as a variant"))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Node {
        name: String,
        index: u64,
        #[serde(with = "duration")]
        ttl: Duration,
        tags: Vec<String>,
        meta: BTreeMap<String, String>,
        drain: Option<bool>,
        status: Status,
        code: i64,
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    enum Status {
        #[default]
        #[serde(rename = "init")]
        Init,
        #[serde(rename = "ready")]
        Ready,
    }

    #[test]
    fn structs_are_maps_by_name_and_come_back() {
        let node = Node {
            name: "client-1".into(),
            index: 7,
            ttl: Duration::from_secs(10),
            tags: vec!["a".into()],
            meta: BTreeMap::from([("k".into(), "v".into())]),
            drain: Some(true),
            status: Status::Ready,
            code: -3,
        };
        let value = to_value(&node).expect("a value");
        assert_eq!(value["Name"], Value::from("client-1"));
        assert_eq!(value["Ttl"], Value::from(10_000_000_000_u64));
        assert_eq!(value["Status"], Value::from("ready"));
        assert_eq!(from_value::<Node>(value), Ok(node));
    }

    #[test]
    fn nil_and_absent_are_zero_and_bytes_are_text() {
        let value = Value::Map(vec![
            (Value::Binary(b"Name".to_vec()), Value::Binary(b"x".to_vec())),
            ("Index".into(), Value::Nil),
            ("Tags".into(), Value::Nil),
            ("Meta".into(), Value::Nil),
            ("Drain".into(), Value::Nil),
            ("Unknown".into(), Value::Array(vec![Value::Ext(5, vec![1])])),
        ]);
        assert_eq!(from_value::<Node>(value), Ok(Node { name: "x".into(), ..Node::default() }));
    }

    #[test]
    fn bytes_in_the_place_of_texts_are_kept_as_well_as_they_can_be() {
        let raw = rmpv::decode::read_value(&mut &b"\x81\xa4Name\xa2\xff\x00"[..]).expect("msgpack");
        let node: Node = from_value(raw.clone()).expect("a node");
        assert_eq!(node.name, "\u{fffd}\0");
        let map: BTreeMap<String, Value> = from_value(raw).expect("a map");
        assert_eq!(map["Name"], Value::Binary(vec![0xff, 0]));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let value = Value::Map(vec![("Index".into(), "seven".into())]);
        let error = from_value::<Node>(value).expect_err("a text is no number");
        assert!(
            error.to_string().starts_with("msgpack decode error: invalid type: string \"seven\""),
            "{error}"
        );
    }
}
