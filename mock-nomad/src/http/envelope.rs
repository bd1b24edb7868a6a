//! From requests to the API and back: JSON, headers, and errors as plain text.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use lab_wire::http::{Handler, Peer, Request, Response};
use lab_world::{Host, Level, format_duration};
use serde::Serialize;

use super::gzip;
use crate::api::{Api, ApiError, ApiRequest, Place, Raw, Reply, Shown, find_place};
use crate::hclog::pair;
use crate::structs::QueryMeta;

/// Answers every request with what the API says; `extra` are the headers of `http_api_response_headers`.
pub(crate) fn handler(host: &Host, api: Api, extra: &BTreeMap<String, String>) -> Handler {
    let header = |(name, value): (&String, &String)| Some((name.parse().ok()?, value.parse().ok()?));
    let extra: http::HeaderMap = extra.iter().filter_map(header).collect();
    let (host, shared) = (host.clone(), Arc::new((api, extra)));
    lab_wire::http::handler(move |request: Request, _: Peer| {
        let (host, shared) = (host.clone(), Arc::clone(&shared));
        async move {
            let takes_gzip = gzip::is_accepted(request.headers());
            let mut response = answer(&host, &shared.0, request).await;
            response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
            response.headers_mut().extend(shared.1.clone());
            if takes_gzip { gzip::compress(response) } else { response }
        }
    })
}

async fn answer(host: &Host, api: &Api, request: Request) -> Response {
    let started = host.clock.now();
    let (method, target) = (request.method().clone(), request.uri().to_string());
    let pretty = is_pretty(request.uri().query());
    let place = find_place(request.uri().path());
    if let Place::Elsewhere(path) = place {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        return redirect(&format!("{path}{query}"), matches!(method, Method::GET | Method::HEAD));
    }
    let request = take_apart(request);
    let result = match place {
        Place::Nowhere => Err(ApiError::not_found("")),
        _ => api.handle(&request).await,
    };
    if let Err(error) = &result {
        let level = if error.code >= 500 { Level::Error } else { Level::Debug };
        let text = format!(
            "request failed: method={method} path={target} {} code={}",
            pair("error", &error.message),
            error.code
        );
        host.log.write(level, "http", text);
    }
    let took = format_duration((host.clock.now() - started).unsigned_abs());
    host.log.debug("http", format!("request complete: method={method} path={target} duration={took}"));
    match result {
        Ok(reply) => good(&reply, pretty),
        Err(error) => bad(&error),
    }
}

fn take_apart(request: Request) -> ApiRequest {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name, true), decode(value, true))
    });
    ApiRequest {
        method: parts.method,
        path: decode(parts.uri.path(), false),
        query: pairs.collect(),
        token: token(&parts.headers),
        websocket_key: websocket_key(&parts.headers),
        body,
    }
}

fn websocket_key(headers: &http::HeaderMap) -> Option<String> {
    let upgrade = headers.get(header::UPGRADE)?.to_str().ok()?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?.to_str().ok()?;
    upgrade.eq_ignore_ascii_case("websocket").then(|| key.to_owned())
}

fn token(headers: &http::HeaderMap) -> Option<String> {
    let text = |value: &HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
    if let Some(token) = headers.get("x-nomad-token").and_then(text) {
        return Some(token).filter(|token| !token.is_empty());
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(text)?;
    let (scheme, token) = bearer.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// `%2F` and the like; in a query also `+`. What is not valid stays as it is.
fn decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = text
            .get(at + 1..at + 3)
            .filter(|_| bytes[at] == b'%')
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, bytes[at]) {
            (Some(byte), _) => {
                decoded.push(byte);
                at += 2;
            }
            (None, b'+') if plus => decoded.push(b' '),
            (None, byte) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn is_pretty(query: Option<&str>) -> bool {
    query.unwrap_or_default().split('&').any(|pair| {
        pair.split_once('=').map_or(pair == "pretty", |(name, value)| name == "pretty" && value != "0")
    })
}

fn good(reply: &Reply, pretty: bool) -> Response {
    let mut response = Response::new(Bytes::new());
    if let Some(status) = reply.status.and_then(|code| StatusCode::from_u16(code).ok()) {
        *response.status_mut() = status;
    }
    if let Some(seconds) = reply.cache
        && let Ok(value) = HeaderValue::from_str(&format!("max-age={seconds}"))
    {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    if let Some(location) = &reply.location {
        return redirect(location, true);
    }
    if reply.is_unending {
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    if let Some(raw) = &reply.raw {
        send_raw(&mut response, raw);
    }
    if let Some(body) = &reply.body {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = encode(body, pretty).into();
    }
    if let Some(value) = &reply.value {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = encode(&Shown(value), pretty).into();
    }
    if let Some(index) = reply.index {
        response.headers_mut().insert("x-nomad-index", HeaderValue::from(index));
    }
    reply.meta.iter().for_each(|meta| describe(&mut response, meta));
    response
}

/// To another path; only who reads is told so in words.
fn redirect(location: &str, in_words: bool) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    if in_words {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, html);
        let location = location.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let location = location.replace('"', "&#34;").replace('\'', "&#39;");
        *response.body_mut() = format!("<a href=\"{location}\">Temporary Redirect</a>.\n\n").into();
    }
    response
}

/// A body that is no JSON, or a connection that becomes something else.
fn send_raw(response: &mut Response, raw: &Raw) {
    let headers = response.headers_mut();
    let mut set = |name: http::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    match raw {
        Raw::Bytes(content_type, body) => {
            set(header::CONTENT_TYPE, content_type);
            *response.body_mut() = body.clone();
        }
        Raw::Pieces(content_type, pieces) => {
            set(header::CONTENT_TYPE, content_type);
            response.extensions_mut().insert(pieces.clone());
        }
        Raw::TakeOver(accept, take_over) => {
            set(header::UPGRADE, "websocket");
            set(header::CONNECTION, "Upgrade");
            set(header::SEC_WEBSOCKET_ACCEPT, accept);
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.extensions_mut().insert(take_over.clone());
        }
    }
}

fn encode(body: &impl Serialize, pretty: bool) -> Vec<u8> {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let written = match pretty {
        true => body.serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter)),
        false => body.serialize(&mut serde_json::Serializer::new(&mut text)),
    };
    debug_assert!(written.is_ok(), "JSON values go into memory");
    text.extend(pretty.then_some(b'\n'));
    text
}

fn bad(error: &ApiError) -> Response {
    let mut response = Response::new(Bytes::from(error.message.clone()));
    *response.status_mut() = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // Go gives no type to nothing.
    if !error.message.is_empty() {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
    }
    error.meta.iter().for_each(|meta| describe(&mut response, meta));
    response
}

/// The headers of a query.
fn describe(response: &mut Response, meta: &QueryMeta) {
    let contact = u64::try_from(meta.last_contact.as_millis()).unwrap_or(u64::MAX);
    let headers = response.headers_mut();
    headers.insert("x-nomad-index", HeaderValue::from(meta.index.max(1)));
    headers.insert("x-nomad-lastcontact", HeaderValue::from(contact));
    if let Ok(token) = HeaderValue::from_str(&meta.next_token)
        && !meta.next_token.is_empty()
    {
        headers.insert("x-nomad-nexttoken", token);
    }
    headers.insert(
        "x-nomad-knownleader",
        HeaderValue::from_static(if meta.known_leader { "true" } else { "false" }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_decoded() {
        assert_eq!(decode("a%2Fb+c%zz%", false), "a/b+c%zz%");
        assert_eq!(decode("a+b%20c", true), "a b c");
        assert!(is_pretty(Some("x=1&pretty")) && is_pretty(Some("pretty=1")) && !is_pretty(Some("pretty=0")));
    }

    #[test]
    fn pretty_is_four_spaces_and_a_newline() {
        let body = serde_json::json!({"a": [1]});
        assert_eq!(encode(&body, true), b"{\n    \"a\": [\n        1\n    ]\n}\n");
        assert_eq!(encode(&body, false), b"{\"a\":[1]}");
    }
}
