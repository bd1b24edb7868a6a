//! How HashiCorp's logger writes values behind a message.

/// `key=value`, quoted where the value has blanks or the like.
pub(crate) fn pair(key: &str, value: impl std::fmt::Display) -> String {
    let value = value.to_string();
    let is_plain =
        |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '=' | '\\') || !c.is_ascii() && !c.is_control();
    if !value.is_empty() && value.chars().all(is_plain) {
        format!("{key}={value}")
    } else {
        format!("{key}={}", lab_pki::quote(&value))
    }
}

#[cfg(test)]
mod tests {
    use super::pair;

    #[test]
    fn values_are_quoted_where_they_need_it() {
        assert_eq!(pair("remote_addr", "10.0.0.1:50000"), "remote_addr=10.0.0.1:50000");
        assert_eq!(pair("error", "rpc error: EOF"), "error=\"rpc error: EOF\"");
        assert_eq!(pair("error", "open \"x\""), "error=\"open \\\"x\\\"\"");
        assert_eq!(pair("error", "EOF"), "error=EOF");
    }
}
