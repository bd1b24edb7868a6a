//! The metadata of a secret id: an object in JSON, or `key=value` pairs between commas, either also in base64.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Reads metadata. Errors: the text behind `failed to parse metadata: `.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = decoded.as_deref().unwrap_or(text).trim();
    if text.is_empty() {
        return Ok(BTreeMap::new());
    }
    if let Ok(object) = serde_json::from_str(text) {
        return Ok(object);
    }
    text.split(',').map(pair).collect()
}

fn pair(text: &str) -> Result<(String, String), String> {
    let parts: Vec<&str> = text.split('=').map(str::trim).collect();
    match parts[..] {
        [key, value] if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        [key, value] => {
            Err(format!("failed to parse the input: invalid <key,value> pair: key: {key:?} value: {value:?}"))
        }
        _ => Err("failed to parse the input: invalid <key,value> format".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_has_several_forms() {
        let wanted: BTreeMap<_, _> =
            [("a", "b"), ("c", "d")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        for text in ["{\"a\":\"b\",\"c\":\"d\"}", " a = b,c=d", "YT1iLGM9ZA=="] {
            assert_eq!(parse(text), Ok(wanted.clone()), "{text}");
        }
        assert_eq!(parse("e30="), Ok(BTreeMap::new()));
        assert!(parse("{\"a\":1}").is_err_and(|text| text.ends_with("invalid <key,value> format")));
        assert!(parse("a=,b=c").is_err_and(|text| text.ends_with("pair: key: \"a\" value: \"\"")));
    }
}
