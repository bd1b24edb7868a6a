//! URLs as Go's `net/url` writes them again after it has read them.

use std::fmt::Write;

use crate::Url;
use crate::url::{Place, scheme, unescape};

impl Url {
    /// The text of a URL after it was read: the scheme in small letters, and escapes where there have to be some.
    ///
    /// Errors: as [`Url::parse`].
    pub fn normalized(text: &str) -> Result<String, String> {
        let url = Self::parse(text)?;
        let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (_, rest) = scheme(before)?;
        let (hierarchy, query) = match rest.split_once('?') {
            Some((hierarchy, query)) => (hierarchy, Some(query)),
            None => (rest, None),
        };
        let mut written = String::new();
        if !url.scheme.is_empty() {
            written.push_str(&url.scheme);
            written.push(':');
        }
        let is_opaque = !url.scheme.is_empty() && !hierarchy.starts_with('/') && !hierarchy.is_empty();
        if is_opaque {
            written.push_str(hierarchy);
        } else {
            url.write_hierarchy(hierarchy, &mut written);
        }
        if let Some(query) = query {
            let _ = write!(written, "?{query}");
        }
        if !fragment.is_empty() {
            let _ = write!(written, "#{}", escaped(fragment, b"!$&'()*+,;=:@/?", b"!()*$&+,/:;=?@"));
        }
        Ok(written)
    }

    fn write_hierarchy(&self, hierarchy: &str, written: &mut String) {
        let has_authority = hierarchy.starts_with("//") && self.path != hierarchy;
        if has_authority && !(self.authority.is_empty() && self.path.is_empty() && self.user.is_empty()) {
            written.push_str("//");
            if !self.user.is_empty() {
                let parts = self.user.splitn(2, ':').map(|part| escaped(part, b"", b"$&+,;="));
                let _ = write!(written, "{}@", parts.collect::<Vec<_>>().join(":"));
            }
            written.push_str(&escape(self.authority.as_bytes(), b"!$&'()*+,;=:[]<>\""));
        }
        written.push_str(&escaped(&self.path, b"!$&'()*+,;=:@/[]", b"$&+,/:;=@"));
    }
}

/// A part as it was written where that is well formed by `valid`, or else escaped but for what is `plain`.
fn escaped(part: &str, valid: &[u8], plain: &[u8]) -> String {
    let is_well_formed = !valid.is_empty()
        && part.bytes().all(|byte| is_unreserved(byte) || byte == b'%' || valid.contains(&byte));
    if is_well_formed {
        return part.to_owned();
    }
    // It was read before, so that its escapes are good.
    let bytes = unescape(part, Place::Elsewhere).unwrap_or_default();
    escape(bytes.as_bytes(), plain)
}

fn escape(bytes: &[u8], plain: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if is_unreserved(byte) || plain.contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_written_as_go_writes_them() {
        for (text, expected) in [
            ("HTTP://EXAMPLE.com/", "http://EXAMPLE.com/"),
            ("http://x/{y}", "http://x/%7By%7D"),
            ("spiffe://dom/x|y", "spiffe://dom/x%7Cy"),
            ("http://x/a%2fb", "http://x/a%2fb"),
            ("http://x/~a!b*c'd(e)", "http://x/~a!b*c'd(e)"),
            ("http://münchen.de/ü", "http://m%C3%BCnchen.de/%C3%BC"),
            ("urn:uuid:1", "urn:uuid:1"),
            ("mailto:a@b", "mailto:a@b"),
            ("//x", "//x"),
            ("/rel", "/rel"),
            ("x:/a", "x:/a"),
            ("spiffe:", "spiffe:"),
            ("http://user:p%20w@h/", "http://user:p%20w@h/"),
            ("http://x/a?", "http://x/a?"),
            ("http://x#", "http://x"),
            ("?q", "?q"),
            ("http://[::1]:80/", "http://[::1]:80/"),
            ("a b", "a%20b"),
        ] {
            assert_eq!(Url::normalized(text).as_deref(), Ok(expected), "{text}");
        }
    }
}
