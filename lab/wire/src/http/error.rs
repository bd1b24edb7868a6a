//! Why a request got no response, in Go's words.

use std::net::SocketAddr;

/// Why a request got no response. `Get "https://...": ` before it is the caller's to say ([`ClientError::in_url`]).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The URL cannot be used.
    #[error("{0}")]
    Url(String),
    /// The name behind the URL is unknown.
    #[error("dial tcp: {0}")]
    Resolve(String),
    /// No connection came about.
    #[error("dial tcp {address}: {problem}")]
    Dial {
        /// Where to.
        address: SocketAddr,
        /// Why: `connect: connection refused`, `i/o timeout`.
        problem: String,
    },
    /// The other end speaks plain HTTP where TLS was expected.
    #[error("http: server gave HTTP response to HTTPS client")]
    PlainServer,
    /// The handshake failed, or the other end refused the certificate afterwards.
    #[error("{0}")]
    Tls(String),
    /// What came back is not HTTP; the text is its first line as Go quotes it.
    #[error("net/http: HTTP/1.x transport connection broken: malformed HTTP response {0}")]
    Malformed(String),
    /// The connection ended before a response.
    #[error("EOF")]
    Eof,
    /// The connection failed before the response was whole.
    #[error("{0}")]
    Connection(String),
    /// It took longer than the client waits.
    #[error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")]
    TimedOut,
}

impl ClientError {
    /// The whole of what Go's client prints: `Get "https://10.0.0.1:4646/": EOF`.
    pub fn in_url(&self, method: &http::Method, url: &http::Uri) -> String {
        let mut verb = method.as_str().to_ascii_lowercase();
        if let Some(first) = verb.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        format!("{verb} \"{url}\": {self}")
    }
}

/// Text as Go's `%q` writes it: what is not printable ASCII is escaped.
pub(super) fn quote(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            b'\n' => quoted.push_str("\\n"),
            b'\r' => quoted.push_str("\\r"),
            b'\t' => quoted.push_str("\\t"),
            0x07 => quoted.push_str("\\a"),
            0x08 => quoted.push_str("\\b"),
            0x0b => quoted.push_str("\\v"),
            0x0c => quoted.push_str("\\f"),
            b' '..=b'~' => quoted.push(char::from(*byte)),
            other => quoted.push_str(&format!("\\x{other:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_go_prints_them() {
        let address = SocketAddr::from(([10, 0, 0, 1], 4646));
        let refused = ClientError::Dial { address, problem: "connect: connection refused".into() };
        let url = http::Uri::from_static("http://10.0.0.1:4646/v1/nodes");
        assert_eq!(
            refused.in_url(&http::Method::GET, &url),
            "Get \"http://10.0.0.1:4646/v1/nodes\": dial tcp 10.0.0.1:4646: connect: connection refused"
        );
        assert_eq!(
            ClientError::Malformed(quote(b"\x15\x03\x01\0\x02\x02\"")).to_string(),
            "net/http: HTTP/1.x transport connection broken: malformed HTTP response \"\\x15\\x03\\x01\\x00\\x02\\x02\\\"\""
        );
    }
}
