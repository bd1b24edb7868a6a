//! From an HTTP request to one of the logical layer.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use crate::http::{json, query};
use crate::logical::{Data, Operation, Request, parse_seconds};
use crate::vault::Vault;

/// Why it is none: a status and the text of `errors`.
type Refused = (u16, Option<String>);

/// The logical request behind an HTTP request to `/v1/{path}`.
pub(super) fn logical(
    vault: &Vault,
    request: &http::Request<Bytes>,
    path: &str,
    remote: SocketAddr,
) -> Result<Request, Refused> {
    let headers = request.headers();
    let mut path = path.to_owned();
    let mut parameters = query::parameters(request.uri().query().unwrap_or(""));
    let help = parameters.remove("help").is_some();
    let (operation, data) = match request.method().as_str() {
        "GET" if help => (Operation::Help, parameters),
        "HELP" => (Operation::Help, parameters),
        "HEAD" | "OPTIONS" => (Operation::Header, parameters),
        "GET" => (read_or_list(&mut parameters)?, parameters),
        "LIST" => (Operation::List, parameters),
        "DELETE" => (Operation::Delete, parameters),
        "POST" | "PUT" if vault.takes_bytes(&path) => (Operation::Update, bytes(request.body())),
        "POST" | "PUT" => (Operation::Update, body(headers, request.body())?),
        "PATCH" => {
            check_patch_type(headers)?;
            (Operation::Patch, body(headers, request.body())?)
        }
        _ => return Err((405, None)),
    };
    if operation == Operation::List && !path.ends_with('/') {
        path.push('/');
    }
    let (token, shows_bearer) = token(headers);
    let authorization = Some(text(headers, "authorization")).filter(|sent| !sent.is_empty() && !shows_bearer);
    Ok(Request {
        id: vault.request_id(),
        operation,
        path,
        data,
        token,
        shows_bearer,
        authorization: authorization.map(str::to_owned),
        wrap_ttl: wrap_ttl(headers)?,
        remote,
        headers: kept(headers),
        fetched: Vec::new(),
        key: None,
        listed: Vec::new(),
    })
}

fn read_or_list(parameters: &mut Data) -> Result<Operation, Refused> {
    // Of several the first counts.
    let given = parameters.get("list").map(|given| given.get(0).unwrap_or(given));
    match given.and_then(Value::as_str) {
        None => Ok(Operation::Read),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => {
            parameters.remove("list");
            Ok(Operation::List)
        }
        Some("" | "0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(Operation::Read),
        Some(_) => Err((400, None)),
    }
}

/// A body that is no JSON.
fn bytes(body: &Bytes) -> Data {
    Data::from_iter([("http_raw_body".to_owned(), Value::from(STANDARD.encode(body)))])
}

fn body(headers: &HeaderMap, body: &Bytes) -> Result<Data, Refused> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let form = text(headers, "content-type").starts_with("application/x-www-form-urlencoded");
    match first {
        None => Ok(Data::new()),
        Some(b'{' | b'[') => json::parse_checked(body),
        Some(_) if form => Ok(query::parameters(&String::from_utf8_lossy(body))),
        Some(_) => json::parse(body),
    }
}

fn check_patch_type(headers: &HeaderMap) -> Result<(), Refused> {
    let given = text(headers, "content-type");
    let mut parameters = given.split(';').skip(1).map(str::trim).filter(|parameter| !parameter.is_empty());
    if parameters.any(|parameter| !parameter.contains('=')) {
        return Err((400, Some("mime: invalid media parameter".into())));
    }
    match given.split(';').next().map(str::trim) {
        Some("application/merge-patch+json") => Ok(()),
        Some("") | None => Err((400, Some("mime: no media type".into()))),
        Some(other) => Err((
            415,
            Some(format!("PATCH requires Content-Type of application/merge-patch+json, provided {other}")),
        )),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// The token, and whether it stands in `Authorization`.
fn token(headers: &HeaderMap) -> (Option<String>, bool) {
    match text(headers, "x-vault-token") {
        "" => {
            let token =
                text(headers, "authorization").strip_prefix("Bearer ").filter(|token| !token.is_empty());
            (token.map(str::to_owned), token.is_some())
        }
        token => (Some(token.to_owned()), false),
    }
}

fn wrap_ttl(headers: &HeaderMap) -> Result<Option<Duration>, Refused> {
    let sent = text(headers, "x-vault-wrap-ttl");
    if sent.is_empty() {
        return Ok(None);
    }
    let refuse = |text: String| (400, Some(format!("error parsing X-Vault-Wrap-TTL header: {text}")));
    match parse_seconds(&Value::from(sent)) {
        Err(error) => Err(refuse(error)),
        Ok(seconds) if seconds < 0 => Err(refuse("requested wrap ttl cannot be negative".into())),
        Ok(0) => Ok(None),
        Ok(seconds) => Ok(Some(Duration::from_secs(seconds.unsigned_abs()))),
    }
}

/// Headers that are about the connection, or secret.
const PASSING: [&str; 6] =
    ["host", "content-length", "connection", "accept-encoding", "x-vault-token", "authorization"];

/// The headers that the audit log or an engine may want.
fn kept(headers: &HeaderMap) -> std::collections::BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| !PASSING.contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}
