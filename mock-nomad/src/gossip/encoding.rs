//! Msgpack as memberlist and Serf write it: texts and bytes alike in the old raw type, structs as maps by field name.

use lab_wire::rpc::{from_value, to_value};
use rmpv::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How deep values may be nested.
const MAX_DEPTH: usize = 16;

/// `kind` and `message` behind it.
pub(super) fn encode<T: Serialize>(kind: u8, message: &T) -> Vec<u8> {
    let mut out = vec![kind];
    append(message, &mut out);
    out
}

/// Appends `message`.
pub(super) fn append<T: Serialize>(message: &T, out: &mut Vec<u8>) {
    // The messages here have a form in msgpack, all of them.
    write(&to_value(message).unwrap_or(Value::Nil), out);
}

/// What `bytes` begin with.
pub(super) fn decode<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<T, String> {
    let value = rmpv::decode::read_value_with_max_depth(&mut bytes, MAX_DEPTH);
    typed(value.map_err(|error| format!("msgpack decode error: {error}"))?)
}

/// A value that was read already.
pub(super) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    from_value(value).map_err(|error| error.to_string())
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => raw(text.as_bytes(), out),
        Value::Binary(bytes) => raw(bytes, out),
        Value::Array(items) => {
            head(items.len(), 0x90, 0xdc, out);
            items.iter().for_each(|item| write(item, out));
        }
        Value::Map(fields) => {
            head(fields.len(), 0x80, 0xde, out);
            for (key, value) in fields {
                write(key, out);
                write(value, out);
            }
        }
        other => lab_wire::rpc::encode(other, out),
    }
}

fn raw(bytes: &[u8], out: &mut Vec<u8>) {
    match u8::try_from(bytes.len()) {
        Ok(short @ 0..32) => out.push(0xa0 | short),
        _ => long(bytes.len(), 0xda, out),
    }
    out.extend_from_slice(bytes);
}

fn head(length: usize, short: u8, long_marker: u8, out: &mut Vec<u8>) {
    match u8::try_from(length) {
        Ok(few @ 0..16) => out.push(short | few),
        _ => long(length, long_marker, out),
    }
}

/// A length of two bytes behind `marker`, or of four behind the next one.
fn long(length: usize, marker: u8, out: &mut Vec<u8>) {
    match u16::try_from(length) {
        Ok(length) => {
            out.push(marker);
            out.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            out.push(marker + 1);
            out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_bytes_are_raw_at_every_length() {
        for (length, marker) in [(3, 0xa3), (31, 0xbf), (32, 0xda), (300, 0xda), (70_000, 0xdb)] {
            let mut text = Vec::new();
            append(&"x".repeat(length), &mut text);
            assert_eq!(text[0], marker);
            assert_eq!(decode::<String>(&text), Ok("x".repeat(length)));
            let mut bytes = Vec::new();
            write(&Value::Binary(vec![b'x'; length]), &mut bytes);
            assert_eq!(bytes, text);
        }
        let list: Vec<u32> = (0..20).collect();
        assert_eq!(decode::<Vec<u32>>(&encode(7, &list)[1..]), Ok(list));
        assert!(decode::<String>(&[0xda, 0xff]).is_err());
    }
}
