//! Where a browser may be sent with a code.

use http::Uri;

/// Whether a client has registered an address. Of loopback addresses the port is left open, as RFC 8252 wants it for
/// programs that take any free one.
pub(super) fn is_allowed(asked: &str, registered: &[String]) -> bool {
    registered.iter().any(|one| one == asked) || {
        let asked = without_port(asked);
        asked.is_some() && registered.iter().any(|one| without_port(one) == asked)
    }
}

/// Scheme, host, and what follows of a loopback address; `None` for any other.
fn without_port(address: &str) -> Option<(String, String, String)> {
    // A fragment is no part of what `Uri` keeps.
    let uri: Uri = address.parse().ok().filter(|_| !address.contains('#'))?;
    let authority = uri.authority()?;
    let host = authority.host();
    let is_loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let rest = uri.path_and_query().map_or("", |rest| rest.as_str());
    (is_loopback && !authority.as_str().contains('@'))
        .then(|| (uri.scheme_str().unwrap_or("").to_owned(), host.to_owned(), rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_have_any_port() {
        let registered =
            ["http://127.0.0.1/cb", "http://[::1]:5/cb", "http://localhost/q?x=1", "https://app:1/cb"]
                .map(str::to_owned);
        for (asked, allowed) in [
            ("http://127.0.0.1:9999/cb", true),
            ("http://[::1]:77/cb", true),
            ("http://localhost:3/q?x=1", true),
            ("https://app:1/cb", true),
            ("https://app:2/cb", false),
            ("https://127.0.0.1:9/cb", false),
            ("http://127.0.0.1:9/other", false),
            ("http://localhost:3/q?x=2", false),
            ("http://127.0.0.1:9/cb#a", false),
            ("http://u@127.0.0.1:9/cb", false),
            ("http://127.0.0.1:9%zz/cb", false),
        ] {
            assert_eq!(is_allowed(asked, &registered), allowed, "{asked}");
        }
    }
}
