//! What is printed of an answer, in the form that was asked for.

use lab_template::Value as GoValue;
use serde_json::{Map, Value};

use super::failure::{Failure, Outcome};
use super::secret::Secret;
use super::session::Session;
use super::text::{short_duration, wrap_indented};
use super::tree::{Tree, compact};
use super::yaml::yaml;
use crate::stand_in::table::Columns;

/// Refuses a form that there is not.
pub(super) fn check_format(format: &str) -> Result<(), Failure> {
    match format {
        "table" | "json" | "yaml" | "yml" | "pretty" | "raw" => Ok(()),
        _ => Err(Failure::Usage(format!("Invalid output format: {format}"))),
    }
}

impl Session<'_> {
    /// Prints a secret, or the one field of it that was asked for.
    pub(super) fn show(&self, secret: &Secret) -> Outcome {
        match self.flags.text("field").filter(|field| !field.is_empty()) {
            Some(field) => self.show_field(field, secret.field(field)),
            None => self.show_secret(secret),
        }
    }

    /// Prints a field without a line end.
    pub(super) fn show_field(&self, name: &str, value: Option<Value>) -> Outcome {
        let Some(value) = value else {
            self.warn(&format!("Field {name:?} not present in secret"));
            return Ok(1);
        };
        match self.anywhere.format.as_str() {
            "json" => self.print(&Tree::Value(value).json()),
            "yaml" | "yml" => self.print(&yaml(&value)),
            // Data that is not there is an empty map.
            _ if value.is_null() => self.print("map[]"),
            _ => self.print(&go_text(&value)),
        }
        Ok(0)
    }

    /// Prints a secret whole.
    pub(super) fn show_secret(&self, secret: &Secret) -> Outcome {
        if !self.is_table() {
            return self.show_tree(&secret.tree());
        }
        self.show_warnings(secret);
        let rows = secret_rows(secret);
        if !rows.is_empty() {
            self.show_pairs(&rows);
        }
        Ok(0)
    }

    /// Prints what is data in any form but a table.
    pub(super) fn show_tree(&self, tree: &Tree) -> Outcome {
        match self.anywhere.format.as_str() {
            "json" => self.say(&tree.json()),
            "yaml" | "yml" => self.print(&yaml(&tree.to_value())),
            format => {
                let refused =
                    format!("Could not parse output: cannot use the {format} formatter for this type");
                return Err(Failure::Usage(refused));
            }
        }
        Ok(0)
    }

    /// Prints a list of keys.
    pub(super) fn show_keys(&self, secret: &Secret, keys: &[Value]) -> Outcome {
        if !self.is_table() {
            return self.show_tree(&Tree::Value(Value::Array(keys.to_vec())));
        }
        self.show_warnings(secret);
        let mut names: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
        if !names.is_empty() {
            names.sort_unstable();
            names.insert(0, "Keys");
            self.show_rows(&names);
        }
        Ok(0)
    }

    /// Prints the warnings of an answer.
    pub(super) fn show_warnings(&self, secret: &Secret) {
        if secret.warnings().is_empty() {
            return;
        }
        self.warn("WARNING! The following warnings were returned from Vault:\n");
        for warning in secret.warnings() {
            self.warn(&wrap_indented(&format!("* {warning}"), 2));
            self.warn("");
        }
    }

    /// Prints a table of keys and values with its headings.
    pub(super) fn show_pairs<K: AsRef<str>, V: AsRef<str>>(&self, rows: &[(K, V)]) {
        let line = |(key, value): &(K, V)| format!("{}♨{}", key.as_ref(), value.as_ref());
        let mut lines = vec!["Key♨Value".to_owned()];
        lines.extend(rows.iter().map(line));
        self.show_rows(&lines);
    }

    /// Prints lines of cells, the first of which is underlined.
    pub(super) fn show_rows<S: AsRef<str>>(&self, lines: &[S]) {
        self.say(&Columns::VAULT.format_underlined(lines));
    }

    /// Prints a map as a table of keys and values.
    pub(super) fn show_map(&self, map: &Map<String, Value>) {
        self.show_pairs(&map_rows(map));
    }
}

/// A value as Go's `%v` writes it.
pub(super) fn go_text(value: &Value) -> String {
    GoValue::from_json_exact(value).display()
}

/// The rows of data.
pub(super) fn map_rows(map: &Map<String, Value>) -> Vec<(String, String)> {
    let row = |(key, value): (&String, &Value)| {
        let text = if is_duration(key) && value.is_number() { human_duration(value) } else { go_text(value) };
        (key.clone(), text)
    };
    map.iter().map(row).collect()
}

/// Whether a key names a number of seconds.
fn is_duration(key: &str) -> bool {
    matches!(key, "period" | "ttl" | "duration" | "lease_max" | "ttl_max")
        || ["_period", "_ttl", "_duration"].iter().any(|end| key.ends_with(end))
}

/// A number of seconds as people read it; anything else as it is.
pub(super) fn human_duration(value: &Value) -> String {
    let seconds = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    seconds.map_or_else(|| go_text(value), short_duration)
}

fn secret_rows(secret: &Secret) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut row = |key: &str, value: String| rows.push((key.to_owned(), value));
    if secret.lease_duration > 0 {
        let duration = short_duration(secret.lease_duration);
        if secret.lease_id.is_empty() {
            row("refresh_interval", duration);
        } else {
            row("lease_id", secret.lease_id.clone());
            row("lease_duration", duration);
            row("lease_renewable", secret.renewable.to_string());
        }
    }
    if let Some(auth) = &secret.auth {
        let text = |name: &str| auth.get(name).map_or_else(String::new, go_text);
        row("token", text("client_token"));
        row("token_accessor", text("accessor"));
        let duration = auth.get("lease_duration").and_then(Value::as_u64).unwrap_or_default();
        row("token_duration", if duration == 0 { "∞".to_owned() } else { short_duration(duration) });
        row(
            "token_renewable",
            auth.get("renewable").and_then(Value::as_bool).unwrap_or_default().to_string(),
        );
        for name in ["token_policies", "identity_policies", "policies"] {
            row(name, quoted_list(auth.get(name)));
        }
        for (key, value) in auth.get("metadata").and_then(Value::as_object).into_iter().flatten() {
            row(&format!("token_meta_{key}"), go_text(value));
        }
    }
    if let Some(wrapping) = &secret.wrap_info {
        let text = |name: &str| wrapping.get(name).map_or_else(String::new, go_text);
        row("wrapping_token:", text("token"));
        row("wrapping_accessor:", text("accessor"));
        row("wrapping_token_ttl:", wrapping.get("ttl").map_or_else(String::new, human_duration));
        row("wrapping_token_creation_time:", go_time(&text("creation_time")));
        row("wrapping_token_creation_path:", text("creation_path"));
        if !text("wrapped_accessor").is_empty() {
            row("wrapped_accessor:", text("wrapped_accessor"));
        }
    }
    rows.extend(secret.data.as_ref().map(map_rows).unwrap_or_default());
    rows
}

/// A list as Go's `%q` writes it.
fn quoted_list(value: Option<&Value>) -> String {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    format!("[{}]", items.map(compact).collect::<Vec<_>>().join(" "))
}

/// A time of JSON as Go's `Time.String` writes it.
fn go_time(text: &str) -> String {
    match text.strip_suffix('Z').and_then(|time| time.split_once('T')) {
        Some((date, time)) => format!("{date} {time} +0000 UTC"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(body: &Value) -> Vec<String> {
        let secret = Secret::parse(body.to_string().as_bytes()).expect("a secret");
        secret_rows(&secret).into_iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn a_login_and_a_lease_have_rows_of_their_own() {
        let login = rows(&json!({"auth": {"client_token": "t", "accessor": "a", "lease_duration": 0,
            "policies": ["root"], "token_policies": ["root"], "metadata": {"user": "bob"}}}));
        assert_eq!(
            login,
            [
                "token=t",
                "token_accessor=a",
                "token_duration=∞",
                "token_renewable=false",
                "token_policies=[\"root\"]",
                "identity_policies=[]",
                "policies=[\"root\"]",
                "token_meta_user=bob"
            ]
        );
        let kept = rows(&json!({"lease_duration": 2_764_800, "data": {"a": [1, null], "max_ttl": 3600}}));
        assert_eq!(kept, ["refresh_interval=768h", "a=[1 <nil>]", "max_ttl=1h"]);
    }

    #[test]
    fn times_are_written_as_go_prints_them() {
        assert_eq!(go_time("2026-11-22T07:07:44.28Z"), "2026-11-22 07:07:44.28 +0000 UTC");
    }
}
