//! Requests of web pages from elsewhere.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

use bytes::Bytes;

use crate::http::{plain, refused};
use crate::settings::{CORS_METHODS, Cors};
use crate::vault::Vault;

/// What becomes of such a request.
pub(super) enum Crossing {
    /// It is none, or nothing is set up: it goes on as ever.
    None,
    /// It goes on, and its answer has these headers.
    Admitted(HeaderMap),
    /// It is answered at once.
    Answered(Box<http::Response<Bytes>>),
}

/// Looks at a request's origin.
pub(super) fn cross(vault: &Vault, request: &http::Request<Bytes>) -> Crossing {
    let Some(origin) = request.headers().get(ORIGIN) else { return Crossing::None };
    let Some(cors) = vault.cors() else { return Crossing::None };
    if !origin.to_str().is_ok_and(|origin| cors.admits(origin)) {
        return Crossing::Answered(Box::new(refused(403, Some("origin not allowed"))));
    }
    let mut headers = HeaderMap::new();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if request.method() != Method::OPTIONS {
        return Crossing::Admitted(headers);
    }
    Crossing::Answered(Box::new(preflight(&cors, request, headers)))
}

/// What a browser asks before it sends a request.
fn preflight(cors: &Cors, request: &http::Request<Bytes>, mut headers: HeaderMap) -> http::Response<Bytes> {
    let asked = request.headers().get(ACCESS_CONTROL_REQUEST_METHOD).and_then(|method| method.to_str().ok());
    let known = asked.is_some_and(|method| CORS_METHODS.contains(&method));
    let mut response = plain(if known { 200 } else { 405 }, "", Bytes::new());
    response.headers_mut().remove(CONTENT_TYPE);
    if known {
        for (name, value) in [
            (ACCESS_CONTROL_ALLOW_METHODS, CORS_METHODS.join(",")),
            (ACCESS_CONTROL_ALLOW_HEADERS, cors.all_headers().join(",")),
            (ACCESS_CONTROL_MAX_AGE, "300".to_owned()),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response.headers_mut().extend(headers);
    }
    response
}
