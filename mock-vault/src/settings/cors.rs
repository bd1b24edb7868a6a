//! Which web pages may call the server from a browser.

use serde::{Deserialize, Serialize};

/// The methods that a browser is told of.
pub(crate) const CORS_METHODS: [&str; 7] = ["DELETE", "GET", "OPTIONS", "POST", "PUT", "PATCH", "LIST"];

/// Headers that are always allowed.
const HEADERS: [&str; 10] = [
    "Content-Type",
    "X-Requested-With",
    "X-Vault-AWS-IAM-Server-ID",
    "X-Vault-MFA",
    "X-Vault-No-Request-Forwarding",
    "X-Vault-Wrap-Format",
    "X-Vault-Wrap-TTL",
    "X-Vault-Policy-Override",
    "Authorization",
    "X-Vault-Token",
];

/// The pages' origins and the headers that they may send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cors {
    pub(crate) enabled: bool,
    pub(crate) origins: Vec<String>,
    /// Beside those that are always allowed.
    pub(crate) headers: Vec<String>,
}

impl Cors {
    /// Whether a page of this origin may call.
    pub(crate) fn admits(&self, origin: &str) -> bool {
        self.origins.iter().any(|known| known == "*" || known.eq_ignore_ascii_case(origin))
    }

    /// Every header that pages may send.
    pub(crate) fn all_headers(&self) -> Vec<&str> {
        HEADERS.iter().copied().chain(self.headers.iter().map(String::as_str)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_admits_every_origin() {
        let of = |origin: &str| Cors { enabled: true, origins: vec![origin.to_owned()], headers: Vec::new() };
        assert!(of("*").admits("http://a.test"));
        assert!(of("http://A.test").admits("http://a.test"));
        assert!(!of("http://b.test").admits("http://a.test"));
    }
}
