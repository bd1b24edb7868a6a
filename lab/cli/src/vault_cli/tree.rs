//! Data whose fields keep their order, and its form as JSON and YAML.

use serde_json::{Map, Value};

/// Data as it is printed: objects whose order is that of their fields, and what a server sent, in the order of keys.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    /// As a server sent it.
    Value(Value),
    /// Fields in their order.
    Fields(Vec<(String, Tree)>),
    /// A list of such.
    List(Vec<Tree>),
}

impl Tree {
    /// An object with these fields.
    pub(super) fn fields<const N: usize>(fields: [(&str, Tree); N]) -> Self {
        Self::Fields(fields.into_iter().map(|(name, tree)| (name.to_owned(), tree)).collect())
    }

    /// The same without order.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Fields(fields) => {
                let entry = |(name, tree): &(String, Self)| (name.clone(), tree.to_value());
                Value::Object(fields.iter().map(entry).collect::<Map<_, _>>())
            }
            Self::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
        }
    }

    /// JSON with two blanks a level, as Go writes it, without a line end.
    pub(super) fn json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, 0);
        out
    }

    fn write_json(&self, out: &mut String, depth: usize) {
        match self {
            Self::Fields(fields) => {
                let fields: Vec<(&str, &Self)> =
                    fields.iter().map(|(name, tree)| (name.as_str(), tree)).collect();
                write_object(out, &fields, depth);
            }
            Self::List(items) => write_list(out, items, depth),
            Self::Value(Value::Object(map)) => {
                let trees: Vec<(&str, Self)> =
                    map.iter().map(|(name, value)| (name.as_str(), Self::Value(value.clone()))).collect();
                let fields: Vec<(&str, &Self)> = trees.iter().map(|(name, tree)| (*name, tree)).collect();
                write_object(out, &fields, depth);
            }
            Self::Value(Value::Array(items)) => {
                let items: Vec<Self> = items.iter().cloned().map(Self::Value).collect();
                write_list(out, &items, depth);
            }
            Self::Value(scalar) => out.push_str(&compact(scalar)),
        }
    }
}

impl<T: Into<Value>> From<T> for Tree {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

/// JSON on one line, as Go writes it: with `<`, `>` and `&` escaped.
pub(super) fn compact(value: &Value) -> String {
    escape(&value.to_string())
}

fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

fn write_object(out: &mut String, fields: &[(&str, &Tree)], depth: usize) {
    write_items(out, ['{', '}'], depth, fields.iter(), |out, (name, tree), depth| {
        out.push_str(&compact(&Value::from(*name)));
        out.push_str(": ");
        tree.write_json(out, depth);
    });
}

fn write_list(out: &mut String, items: &[Tree], depth: usize) {
    write_items(out, ['[', ']'], depth, items.iter(), |out, item, depth| item.write_json(out, depth));
}

fn write_items<T>(
    out: &mut String,
    [open, close]: [char; 2],
    depth: usize,
    items: impl ExactSizeIterator<Item = T>,
    write: impl Fn(&mut String, T, usize),
) {
    out.push(open);
    let is_empty = items.len() == 0;
    for (number, item) in items.enumerate() {
        out.push_str(if number == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        write(out, item, depth + 1);
    }
    if !is_empty {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_keep_their_order_and_data_is_sorted() {
        let tree = Tree::fields([
            ("z", json!({"b": [1, 2.5], "a": {}}).into()),
            ("a", Tree::List(vec!["<&>".into(), Value::Null.into()])),
            ("empty", Tree::List(Vec::new())),
        ]);
        let wanted = r#"{
  "z": {
    "a": {},
    "b": [
      1,
      2.5
    ]
  },
  "a": [
    "\u003c\u0026\u003e",
    null
  ],
  "empty": []
}"#;
        assert_eq!(tree.json(), wanted);
        assert_eq!(tree.to_value()["a"], json!(["<&>", null]));
    }
}
