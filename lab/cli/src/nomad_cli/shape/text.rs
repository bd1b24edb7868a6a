//! JSON as text.

use serde_json::Value as Json;

use crate::nomad_cli::json::sorted;

/// JSON with `indent` spaces a level and the keys of every object in order, as Nomad's encoder writes structures.
pub(in crate::nomad_cli) fn sorted_keys(json: &Json, indent: usize) -> String {
    let mut text = String::new();
    write(json, indent, 0, &mut text);
    text
}

fn write(json: &Json, indent: usize, depth: usize, text: &mut String) {
    let line = |depth: usize| format!("\n{}", " ".repeat(indent * depth));
    match json {
        Json::Object(object) if !object.is_empty() => {
            text.push('{');
            for (index, (key, value)) in sorted(json).into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                text.push_str(&line(depth + 1));
                text.push_str(&format!("{}: ", Json::String(key.to_owned())));
                write(value, indent, depth + 1, text);
            }
            text.push_str(&line(depth));
            text.push('}');
        }
        Json::Array(items) if !items.is_empty() => {
            text.push('[');
            for (index, value) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                text.push_str(&line(depth + 1));
                write(value, indent, depth + 1, text);
            }
            text.push_str(&line(depth));
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn empty_ones_stay_on_their_line() {
        let json = json!({ "b": [], "a": { "c": {} }, "l": [1, null] });
        assert_eq!(
            sorted_keys(&json, 2),
            "{\n  \"a\": {\n    \"c\": {}\n  },\n  \"b\": [],\n  \"l\": [\n    1,\n    null\n  ]\n}"
        );
    }
}
