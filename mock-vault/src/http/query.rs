//! Percent-encoded paths and queries.

use serde_json::Value;

use crate::logical::Data;

/// A path without its percent signs; `None` where it is not text.
pub(super) fn decode_path(path: &str) -> Option<String> {
    decode(path, false)
}

/// The parameters of a query or a form: one value is a text, several are a list.
pub(super) fn parameters(query: &str) -> Data {
    let mut data = Data::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decode(name, true), decode(value, true)) else { continue };
        match data.get_mut(&name) {
            None => {
                data.insert(name, value.into());
            }
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
        }
    }
    data
}

fn decode(text: &str, plus: bool) -> Option<String> {
    if !text.contains(['%', '+']) {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                decoded.push(u8::from_str_radix(text.get(at + 1..at + 3)?, 16).ok()?);
                at += 2;
            }
            b'+' if plus => decoded.push(b' '),
            byte => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn queries_become_data() {
        assert_eq!(
            Value::Object(parameters("a=1&b=x%20y&a=2&c")),
            json!({"a": ["1", "2"], "b": "x y", "c": ""})
        );
        assert_eq!(decode_path("/v1/a%2Fb"), Some("/v1/a/b".into()));
        assert_eq!(decode_path("/v1/%zz"), None);
        assert_eq!(decode_path("/v1/%ff"), None);
    }
}
