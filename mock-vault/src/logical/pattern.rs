//! Path patterns: `issuer/{ref}/issue/{role}`, `data/{path*}`, `roles/?`.

/// A capture: its name and what stood there.
pub(crate) type Captures<'p> = Vec<(&'static str, &'p str)>;

/// Matches a path below its mount against a pattern.
///
/// `{name}` takes one segment of word characters, dashes and dots; `{name:any}` takes one segment of anything, and
/// `{name:hex}` one of hex digits, colons and dashes;
/// `{name*}` takes the rest, which may be empty and may have slashes; `{name+}` takes the rest, which may not be empty;
/// `{/name?}` takes a slash and a segment, or nothing, and is empty then; a final `/?` allows a trailing slash.
pub(crate) fn matches<'p>(pattern: &'static str, path: &'p str) -> Option<Captures<'p>> {
    let mut captures = Vec::new();
    let (pattern, path) = match pattern.strip_suffix("/?") {
        Some(pattern) => (pattern, path.strip_suffix('/').unwrap_or(path)),
        None => (pattern, path),
    };
    walk(pattern, path, &mut captures).then_some(captures)
}

fn walk<'p>(pattern: &'static str, path: &'p str, captures: &mut Captures<'p>) -> bool {
    let Some(open) = pattern.find('{') else { return pattern == path };
    let Some(rest) = path.strip_prefix(&pattern[..open]) else { return false };
    let Some(close) = pattern.find('}') else { return false };
    let name = &pattern[open + 1..close];
    let after = &pattern[close + 1..];
    if let Some(name) = name.strip_prefix('/').and_then(|name| name.strip_suffix('?')) {
        let Some(segments) = rest.strip_prefix('/') else {
            captures.push((name, ""));
            return walk(after, rest, captures);
        };
        let (segment, tail) = segments.split_at(segments.find('/').unwrap_or(segments.len()));
        captures.push((name, segment));
        return is_name(segment) && walk(after, tail, captures);
    }
    if let Some(name) = name.strip_suffix('*') {
        captures.push((name, rest));
        return true;
    }
    if let Some(name) = name.strip_suffix('+') {
        captures.push((name, rest));
        return !rest.is_empty();
    }
    let end = rest.find('/').unwrap_or(rest.len());
    let (segment, tail) = rest.split_at(end);
    let (name, fits) = match name.split_once(':') {
        Some((name, "hex")) => (name, !segment.is_empty() && segment.chars().all(is_serial)),
        Some((name, _)) => (name, !segment.is_empty()),
        None => (name, is_name(segment)),
    };
    captures.push((name, segment));
    fits && walk(after, tail, captures)
}

fn is_serial(c: char) -> bool {
    c.is_ascii_hexdigit() || c == ':' || c == '-'
}

/// Word characters at both ends, dashes and dots between.
fn is_name(segment: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    segment.starts_with(word)
        && segment.ends_with(word)
        && segment.chars().all(|c| word(c) || c == '-' || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_capture_segments_and_rests() {
        assert_eq!(matches("roles/{name}", "roles/a-b.c"), Some(vec![("name", "a-b.c")]));
        assert_eq!(matches("roles/{name}", "roles/-a"), None);
        assert_eq!(matches("roles/{name}", "roles/a/b"), None);
        assert_eq!(matches("roles/?", "roles/"), Some(vec![]));
        assert_eq!(matches("roles/?", "roles"), Some(vec![]));
        assert_eq!(matches("data/{path*}", "data/a/b"), Some(vec![("path", "a/b")]));
        assert_eq!(matches("data/{path+}", "data/"), None);
        assert_eq!(
            matches("issuer/{ref}/issue/{role}", "issuer/x/issue/r"),
            Some(vec![("ref", "x"), ("role", "r")])
        );
        for (path, captures) in [("hash", ("", "")), ("hash/a", ("a", "")), ("hash/a/b", ("a", "b"))] {
            let expected = Some(vec![("one", captures.0), ("two", captures.1)]);
            assert_eq!(matches("hash{/one?}{/two?}", path), expected);
        }
        assert_eq!(matches("hash{/one?}", "hash/a/b"), None);
        assert_eq!(matches("hash{/one?}", "hash/"), None);
        assert_eq!(matches("cert/{serial:hex}", "cert/aa:bb"), Some(vec![("serial", "aa:bb")]));
        assert_eq!(matches("cert/{serial:hex}", "cert/crl"), None);
    }
}
