//! Looking into what an agent answered.

use serde_json::Value as Json;

use super::session::NOTHING;

/// Looking into JSON whose fields may be missing.
pub(super) trait Look {
    /// A field, or null.
    fn at(&self, name: &str) -> &Json;
    /// A field's text, empty where it has none.
    fn text(&self, name: &str) -> &str;
    /// A field's whole number, 0 where it has none.
    fn number(&self, name: &str) -> i64;
    /// Whether a field is true.
    fn truth(&self, name: &str) -> bool;
    /// A field's elements, none where it is no list.
    fn list(&self, name: &str) -> &[Json];
    /// A field's entries in the order of their keys.
    fn entries(&self, name: &str) -> Vec<(&str, &Json)>;
    /// The texts of a field's elements.
    fn texts(&self, name: &str) -> Vec<&str>;
}

impl Look for Json {
    fn at(&self, name: &str) -> &Json {
        self.get(name).unwrap_or(&NOTHING)
    }

    fn text(&self, name: &str) -> &str {
        self.at(name).as_str().unwrap_or_default()
    }

    fn number(&self, name: &str) -> i64 {
        self.at(name).as_i64().unwrap_or_default()
    }

    fn truth(&self, name: &str) -> bool {
        self.at(name).as_bool().unwrap_or_default()
    }

    fn list(&self, name: &str) -> &[Json] {
        self.at(name).as_array().map_or(&[], Vec::as_slice)
    }

    fn entries(&self, name: &str) -> Vec<(&str, &Json)> {
        sorted(self.at(name))
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        self.list(name).iter().filter_map(Json::as_str).collect()
    }
}

/// The entries of an object in the order of their keys.
pub(super) fn sorted(object: &Json) -> Vec<(&str, &Json)> {
    let mut entries: Vec<_> =
        object.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

/// The elements of a list, none where it is no list.
pub(super) fn items(list: &Json) -> &[Json] {
    list.as_array().map_or(&[], Vec::as_slice)
}
