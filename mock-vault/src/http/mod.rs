//! From HTTP to the server and back.

mod json;
mod limits;
mod query;
mod request;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Method};

use crate::dispatch::{Answer, errors_body};
use crate::fetch::Fetcher;
use crate::sys::{RawRequest, serve_raw};
use crate::vault::Vault;

use self::request::logical;

/// Serves one request.
pub(crate) async fn serve(
    vault: Arc<Vault>,
    fetcher: Arc<Fetcher>,
    request: http::Request<Bytes>,
    remote: SocketAddr,
) -> http::Response<Bytes> {
    let namespace = request.headers().get("x-vault-namespace").cloned();
    let head = request.method() == Method::HEAD;
    let mut response = respond(&vault, &fetcher, request, remote).await;
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers
        .insert("strict-transport-security", HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    if let Some(namespace) = namespace.filter(|namespace| !namespace.is_empty()) {
        headers.insert("x-vault-namespace", namespace);
    }
    if head {
        *response.body_mut() = Bytes::new();
    }
    response
}

async fn respond(
    vault: &Vault,
    fetcher: &Fetcher,
    request: http::Request<Bytes>,
    remote: SocketAddr,
) -> http::Response<Bytes> {
    let path = query::decode_path(request.uri().path());
    let Some(path) = path.filter(|path| path.chars().all(|c| !c.is_control())) else {
        return plain(400, "text/plain; charset=utf-8", Bytes::new());
    };
    let Some(rest) = path.strip_prefix("/v1/") else { return outside(vault, &path) };
    if path.contains("//") || path.split('/').any(|segment| segment == "." || segment == "..") {
        return redirect(&clean(&path));
    }
    if let Some(below) = rest.strip_prefix("sys/") {
        let raw = RawRequest {
            method: request.method().as_str(),
            path: below,
            query: request.uri().query().unwrap_or(""),
            body: request.body(),
        };
        if let Some(answer) = serve_raw(vault, &raw) {
            return send(answer);
        }
    }
    if vault.lock().unsealed.is_none() {
        return refused(503, Some("Vault is sealed"));
    }
    let mut logical = match logical(vault, &request, rest, remote) {
        Ok(logical) => logical,
        Err((status, text)) => return refused(status, text.as_deref()),
    };
    loop {
        match vault.serve(logical.clone()) {
            None => return refused(503, Some("Vault is sealed")),
            Some(Answer::Await(fetch)) => logical.fetched.push(fetcher.fetch(&fetch).await),
            Some(answer) => return send(answer),
        }
    }
}

/// What is not below `/v1/`.
fn outside(vault: &Vault, path: &str) -> http::Response<Bytes> {
    if path == "/v1" {
        return redirect("/v1/");
    }
    if vault.lock().ui && !path.starts_with("/v2/") {
        return if path.starts_with("/ui/") {
            plain(
                200,
                "text/html; charset=utf-8",
                Bytes::from_static(b"<!doctype html><title>Vault</title><p>The lab has no web interface.\n"),
            )
        } else {
            redirect("/ui/")
        };
    }
    plain(404, "text/plain; charset=utf-8", Bytes::from_static(b"404 page not found\n"))
}

fn clean(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let slash = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{slash}", segments.join("/"))
}

fn redirect(to: &str) -> http::Response<Bytes> {
    let mut response = plain(
        307,
        "text/html; charset=utf-8",
        Bytes::from(format!("<a href=\"{to}\">Temporary Redirect</a>.\n\n")),
    );
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

fn refused(status: u16, text: Option<&str>) -> http::Response<Bytes> {
    plain(status, "application/json", errors_body(text))
}

fn send(answer: Answer) -> http::Response<Bytes> {
    match answer {
        Answer::Send { status, content_type, headers, body } => {
            let mut response = plain(status, content_type, body);
            for (name, value) in headers {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    response.headers_mut().insert(HeaderName::from_static(name), value);
                }
            }
            response
        }
        // The loop that serves a request does not let go of one that waits.
        Answer::Await(_) => refused(500, Some("internal error")),
    }
}

fn plain(status: u16, content_type: &'static str, body: Bytes) -> http::Response<Bytes> {
    let mut response = http::Response::new(body);
    // Statuses are constants of this crate, or were checked to have three digits.
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_does_it() {
        for (path, cleaned) in
            [("/v1//sys/mounts", "/v1/sys/mounts"), ("/v1/a/../b/", "/v1/b/"), ("/v1/./a", "/v1/a")]
        {
            assert_eq!(clean(path), cleaned);
        }
    }
}
