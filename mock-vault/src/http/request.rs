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
        "GET" | "HEAD" if help => (Operation::Help, parameters),
        "HELP" => (Operation::Help, parameters),
        "GET" | "HEAD" => (read_or_list(&mut parameters)?, parameters),
        "LIST" => (Operation::List, parameters),
        "DELETE" => (Operation::Delete, parameters),
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
    Ok(Request {
        id: vault.request_id(),
        operation,
        path,
        data,
        token: token(headers),
        wrap_ttl: wrap_ttl(headers)?,
        remote,
        headers: kept(headers),
        fetched: Vec::new(),
    })
}

fn read_or_list(parameters: &mut Data) -> Result<Operation, Refused> {
    match parameters.get("list").and_then(Value::as_str) {
        None => Ok(Operation::Read),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => {
            parameters.remove("list");
            Ok(Operation::List)
        }
        Some("" | "0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(Operation::Read),
        Some(_) => Err((400, None)),
    }
}

fn body(headers: &HeaderMap, body: &Bytes) -> Result<Data, Refused> {
    if text(headers, "content-type") == "application/ocsp-request" {
        // The one kind of request that is bytes.
        return Ok(Data::from_iter([("http_raw_body".to_owned(), Value::from(STANDARD.encode(body)))]));
    }
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

fn token(headers: &HeaderMap) -> Option<String> {
    let token = match text(headers, "x-vault-token") {
        "" => text(headers, "authorization").strip_prefix("Bearer ").unwrap_or(""),
        token => token,
    };
    (!token.is_empty()).then(|| token.to_owned())
}

fn wrap_ttl(headers: &HeaderMap) -> Result<Option<Duration>, Refused> {
    let sent = text(headers, "x-vault-wrap-ttl");
    let refuse = |text: String| (400, Some(format!("error parsing X-Vault-Wrap-TTL header: {text}")));
    match parse_seconds(&Value::from(sent)) {
        Err(error) => Err(refuse(error)),
        Ok(seconds) if seconds < 0 => Err(refuse("requested wrap ttl cannot be negative".into())),
        Ok(0) => Ok(None),
        Ok(seconds) => Ok(Some(Duration::from_secs(seconds.unsigned_abs()))),
    }
}

/// The headers that the audit log or an engine may want.
fn kept(headers: &HeaderMap) -> std::collections::BTreeMap<String, String> {
    ["user-agent", "if-modified-since", "accept"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned())))
        .collect()
}
