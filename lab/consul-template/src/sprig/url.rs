//! URLs.

use lab_template::{Signature, Type, Value};

use super::{Arguments, text_at};

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    (name == "urlParse").then_some(Signature::fixed(&[Type::Text]))
}

/// `urlParse`: the parts of a URL by their names.
pub(super) fn call(_name: &str, arguments: Arguments<'_>) -> Result<Value, String> {
    let (rest, fragment) = split(text_at(arguments, 0), "#");
    let (rest, query) = split(rest, "?");
    let is_scheme = |text: &&str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let (scheme, rest) = match rest.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => (String::new(), rest),
    };
    let mut parts = [("host", ""), ("hostname", ""), ("path", rest), ("opaque", ""), ("userinfo", "")];
    if let Some(rest) = rest.strip_prefix("//") {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let name = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((address, _)) => address,
            None => split(host, ":").0,
        };
        parts = [("host", host), ("hostname", name), ("path", path), ("opaque", ""), ("userinfo", user)];
    } else if !scheme.is_empty() && !rest.starts_with('/') {
        parts = [("host", ""), ("hostname", ""), ("path", ""), ("opaque", rest), ("userinfo", "")];
    }
    let parts =
        parts.into_iter().chain([("scheme", scheme.as_str()), ("query", query), ("fragment", fragment)]);
    Ok(Value::map(parts.map(|(name, part)| (name.to_owned(), Value::from(part)))))
}

fn split<'t>(text: &'t str, separator: &str) -> (&'t str, &'t str) {
    text.split_once(separator).unwrap_or((text, ""))
}
