//! Queries of URLs, and forms.

/// A value as Go's `url.QueryEscape` encodes it.
pub fn query_escape(text: &str) -> String {
    percent_escape(text, |byte| b"-_.~ ".contains(&byte)).replace(' ', "+")
}

/// Names and values as Go's `url.Values` encodes them, by name.
pub fn query(values: &std::collections::BTreeMap<&str, String>) -> String {
    let pairs = values.iter().map(|(name, value)| format!("{}={}", query_escape(name), query_escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// `text` with every byte escaped but ASCII letters, digits and those that are kept.
pub fn percent_escape(text: &str, is_kept: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || is_kept(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
