//! From HTTP to the server and back.

mod cors;
mod json;
mod limit;
mod limits;
mod query;
mod request;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, STRICT_TRANSPORT_SECURITY};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use lab_wire::jwt::Fetcher;

use crate::dispatch::{Answer, errors_body};
use crate::logical::{Need, Request};
use crate::sys::{RawRequest, serve_raw};
use crate::vault::Vault;

pub(crate) use self::json::{parse_as, whole_complaint};

use self::cors::{Crossing, cross};
use self::request::logical;

/// What becomes of a request.
pub(crate) enum Served {
    /// It is answered: nearly every request is at once.
    Now(http::Response<Bytes>),
    /// It waits for something, and everybody else for nothing.
    Later(Pin<Box<dyn Future<Output = http::Response<Bytes>> + Send>>),
}

/// Serves one request.
pub(crate) fn serve(
    vault: &Arc<Vault>,
    fetcher: &Arc<Fetcher>,
    request: &http::Request<Bytes>,
    remote: SocketAddr,
) -> Served {
    let frame = Frame {
        namespace: request
            .headers()
            .get("x-vault-namespace")
            .filter(|namespace| !namespace.is_empty())
            .cloned(),
        head: request.method() == Method::HEAD,
    };
    let crossing = match cross(vault, request) {
        Crossing::None => HeaderMap::new(),
        Crossing::Admitted(headers) => headers,
        Crossing::Answered(response) => return Served::Now(frame.around(*response, HeaderMap::new())),
    };
    match respond(vault, request, remote) {
        Outcome::Answered(response) => Served::Now(frame.around(response, crossing)),
        Outcome::Waits(waiting) => {
            let (vault, fetcher) = (Arc::clone(vault), Arc::clone(fetcher));
            Served::Later(Box::pin(
                async move { frame.around(waiting.resume(&vault, &fetcher).await, crossing) },
            ))
        }
    }
}

/// What every answer to a request has around it.
struct Frame {
    namespace: Option<HeaderValue>,
    /// Whether only the head was asked for.
    head: bool,
}

impl Frame {
    fn around(self, mut response: http::Response<Bytes>, crossing: HeaderMap) -> http::Response<Bytes> {
        let headers = response.headers_mut();
        headers.extend(crossing);
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
        if let Some(namespace) = self.namespace {
            headers.insert("x-vault-namespace", namespace);
        }
        if self.head {
            *response.body_mut() = Bytes::new();
        }
        response
    }
}

/// A response, or what it waits for.
enum Outcome {
    Answered(http::Response<Bytes>),
    Waits(Box<Waiting>),
}

impl From<http::Response<Bytes>> for Outcome {
    fn from(response: http::Response<Bytes>) -> Self {
        Self::Answered(response)
    }
}

/// A request that was seen, and needs something.
struct Waiting {
    logical: Request,
    need: Need,
    /// What its answer tells of rate limits.
    headers: HeaderMap,
}

impl Waiting {
    /// Gets what is needed, as often as something is, and answers.
    async fn resume(mut self, vault: &Vault, fetcher: &Fetcher) -> http::Response<Bytes> {
        let mut response = loop {
            match self.need {
                Need::Document(fetch) => self.logical.fetched.push(fetcher.fetch(&fetch).await),
                Need::Key(kind) => match vault.make_key(kind).await {
                    Ok(key) => self.logical.key = Some(key),
                    Err(error) => break refused(500, Some(&error.to_string())),
                },
                Need::Turn(keys) => {
                    self.logical.listed.extend(keys);
                    tokio::task::yield_now().await;
                }
            }
            match vault.serve(&mut self.logical) {
                None => break refused(503, Some("Vault is sealed")),
                Some(Answer::Await(need)) => self.need = need,
                Some(answer) => break send(answer),
            }
        };
        response.headers_mut().extend(self.headers);
        response
    }
}

fn respond(vault: &Vault, request: &http::Request<Bytes>, remote: SocketAddr) -> Outcome {
    let Some(path) = query::decode_path(request.uri().path()) else {
        return plain(400, "text/plain; charset=utf-8", Bytes::from_static(b"400 Bad Request")).into();
    };
    if path.chars().any(char::is_control) {
        return plain(400, "text/plain; charset=utf-8", Bytes::new()).into();
    }
    let Some(rest) = path.strip_prefix("/v1/") else { return outside(vault, request.method(), &path).into() };
    if path.contains("//") || path.split('/').any(|segment| segment == "." || segment == "..") {
        return redirect(request.method(), &clean(&path)).into();
    }
    let headers = match limit::admit(vault, request, rest, remote) {
        Ok(headers) => headers,
        Err(refused) => return (*refused).into(),
    };
    match admitted(vault, request, rest, remote) {
        Outcome::Answered(mut response) => {
            response.headers_mut().extend(headers);
            response.into()
        }
        Outcome::Waits(waiting) => Outcome::Waits(Box::new(Waiting { headers, ..*waiting })),
    }
}

/// Serves a request to `/v1/{rest}`.
fn admitted(vault: &Vault, request: &http::Request<Bytes>, rest: &str, remote: SocketAddr) -> Outcome {
    if matches!(rest, "sys" | "sys/pprof") {
        return redirect(request.method(), &format!("/v1/{rest}/")).into();
    }
    if let Some(below) = rest.strip_prefix("sys/") {
        let raw = RawRequest {
            method: request.method().as_str(),
            path: below,
            query: request.uri().query().unwrap_or(""),
            body: request.body(),
        };
        if let Some(answer) = serve_raw(vault, &raw) {
            return send(answer).into();
        }
    }
    if vault.lock().unsealed.is_none() {
        return refused(503, Some("Vault is sealed")).into();
    }
    let mut logical = match logical(vault, request, rest, remote) {
        Ok(logical) => logical,
        Err((status, text)) => return refused(status, text.as_deref()).into(),
    };
    match vault.serve(&mut logical) {
        None => refused(503, Some("Vault is sealed")).into(),
        Some(Answer::Await(need)) => {
            Outcome::Waits(Box::new(Waiting { logical, need, headers: HeaderMap::new() }))
        }
        Some(answer) => send(answer).into(),
    }
}

/// What is not below `/v1/`.
fn outside(vault: &Vault, method: &Method, path: &str) -> http::Response<Bytes> {
    if path == "/v1" {
        return redirect(method, "/v1/");
    }
    if vault.lock().ui {
        return if path.starts_with("/ui/") {
            plain(
                200,
                "text/html; charset=utf-8",
                Bytes::from_static(b"<!doctype html><title>Vault</title><p>The lab has no web interface.\n"),
            )
        } else {
            redirect(method, "/ui/")
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
    let slash = if segments == ["v1"] || path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{slash}", segments.join("/"))
}

/// Only who reads is told in words where to go.
fn redirect(method: &Method, to: &str) -> http::Response<Bytes> {
    let words = if method == Method::GET {
        Bytes::from(format!("<a href=\"{to}\">Temporary Redirect</a>.\n\n"))
    } else {
        Bytes::new()
    };
    let mut response = plain(307, "text/html; charset=utf-8", words);
    if !matches!(*method, Method::GET | Method::HEAD) {
        response.headers_mut().remove(CONTENT_TYPE);
    }
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
        // Whoever has an answer looks first whether it is one.
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
        for (path, cleaned) in [
            ("/v1//sys/mounts", "/v1/sys/mounts"),
            ("/v1/a/../b/", "/v1/b/"),
            ("/v1/./a", "/v1/a"),
            ("/v1/a/..", "/v1/"),
        ] {
            assert_eq!(clean(path), cleaned);
        }
    }
}
