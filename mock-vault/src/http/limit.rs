//! Rate limits at the door.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::refused;
use crate::settings::Verdict;
use crate::vault::Vault;

/// Counts a request to `/v1/{path}`; gives the headers of its answer, or the answer that there have been too many.
pub(super) fn admit(
    vault: &Vault,
    request: &http::Request<Bytes>,
    path: &str,
    remote: SocketAddr,
) -> Result<HeaderMap, Box<http::Response<Bytes>>> {
    let lists = request.method().as_str() == "LIST" && !path.ends_with('/');
    let listed = if lists { format!("{path}/") } else { String::new() };
    let path = if lists { listed.as_str() } else { path };
    let Some(verdict) = vault.admit(path, remote.ip()) else { return Ok(HeaderMap::new()) };
    let headers = headers(&verdict);
    if verdict.admitted {
        return Ok(headers);
    }
    let mut response = refused(429, Some(&format!("request path {path:?}: rate limit quota exceeded")));
    response.headers_mut().extend(headers);
    Err(Box::new(response))
}

fn headers(verdict: &Verdict) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if !verdict.told {
        return headers;
    }
    let mut put = |name: &'static str, value: u64| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    };
    put("x-ratelimit-limit", verdict.limit);
    put("x-ratelimit-remaining", verdict.left);
    put("x-ratelimit-reset", verdict.reset);
    if !verdict.admitted {
        put("retry-after", verdict.reset);
    }
    headers
}
