//! `/v1/operator/raft`: the members of consensus.

use std::net::IpAddr;

use http::Method;
use lab_pki::quote;

use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply};

pub(super) async fn handle(api: &Api, request: &ApiRequest, name: &str) -> Result<Reply, ApiError> {
    match name {
        "configuration" if request.method != Method::GET => Err(ApiError::new(405, "")),
        "configuration" => {
            Ok(Reply::plain(json(&api.ask(request, "Operator.RaftGetConfiguration", []).await?)))
        }
        "peer" if request.method == Method::DELETE => remove(api, request).await,
        "transfer-leadership" => {
            request.allow(&[Method::PUT, Method::POST])?;
            transfer(api, request).await
        }
        _ => Err(ApiError::not_found("Invalid method")),
    }
}

async fn remove(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    if request.parameter("address").is_some_and(|address| !address.is_empty()) {
        let text = "Removing a peer by address is not supported in the current raft protocol version";
        return Err(ApiError::new(400, text));
    }
    let Some(id) = request.parameter("id").filter(|id| !id.is_empty()) else {
        return Err(ApiError::new(400, "Must specify the peer's ID to remove"));
    };
    api.write(request, "Operator.RaftRemovePeerByID", [("ID", id.into())]).await?;
    Ok(Reply::default())
}

async fn transfer(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    let bad = |text: &str| ApiError::new(400, text);
    let (id, address) = match (request.parameter("id"), request.parameter("address")) {
        (None, None) => return Err(bad("must specify id or address")),
        (Some(_), Some(_)) => return Err(bad("must specify either id or address")),
        (Some(""), None) => return Err(bad("id must be non-empty")),
        (None, Some("")) => return Err(bad("address must be non-empty")),
        (id, address) => (id.unwrap_or_default(), address.unwrap_or_default()),
    };
    if !id.is_empty() {
        check_uuid(id).map_err(|text| ApiError::new(400, format!("id must be a uuid: {text}")))?;
    }
    if !address.is_empty() {
        check_address(address)
            .map_err(|text| ApiError::new(400, format!("address must be in IP:port format: {text}")))?;
    }
    let subject = [("ID", id.into()), ("Address", address.into())];
    Ok(Reply::plain(json(&api.write(request, "Operator.TransferLeadershipToPeer", subject).await?)))
}

/// The error is that of HashiCorp's library for UUIDs.
fn check_uuid(text: &str) -> Result<(), String> {
    if text.len() != 36 {
        return Err("uuid string is wrong length".to_owned());
    }
    let hyphens = [8, 13, 18, 23];
    if hyphens.iter().any(|at| text.as_bytes()[*at] != b'-') {
        return Err("uuid is improperly formatted".to_owned());
    }
    let digits = text.char_indices().filter(|(at, _)| !hyphens.contains(at)).map(|(_, digit)| digit);
    match digits.into_iter().find(|digit| !digit.is_ascii_hexdigit()) {
        None => Ok(()),
        Some(bad) => Err(format!("encoding/hex: invalid byte: U+{:04X} '{bad}'", u32::from(bad))),
    }
}

/// The error is that of Go's `netip.ParseAddrPort`, as far as it says which part is wrong.
fn check_address(text: &str) -> Result<(), String> {
    let (ip, port) = text.rsplit_once(':').ok_or("not an ip:port")?;
    if ip.is_empty() {
        return Err("no IP".to_owned());
    }
    if port.is_empty() {
        return Err("no port".to_owned());
    }
    let bracketed = ip.strip_prefix('[').map(|rest| rest.strip_suffix(']').ok_or("missing ]")).transpose()?;
    if port.parse::<u16>().is_err() || port.starts_with('+') {
        return Err(format!("invalid port {} parsing {}", quote(port), quote(text)));
    }
    let ip = bracketed.unwrap_or(ip);
    match (ip.parse(), bracketed.is_some()) {
        (Err(_), _) => Err(format!("ParseAddr({}): unable to parse IP", quote(ip))),
        (Ok(IpAddr::V4(_)), true) => Err(format!(
            "invalid ip:port {}, square brackets can only be used with IPv6 addresses",
            quote(text)
        )),
        (Ok(IpAddr::V6(_)), false) => Err(format!(
            "invalid ip:port {}, IPv6 addresses must be surrounded by square brackets",
            quote(text)
        )),
        (Ok(_), _) => Ok(()),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn ids_and_addresses_are_judged_as_go_does() {
        assert_eq!(check_uuid("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"), Ok(()));
        for (text, fault) in [
            ("nonsense", "uuid string is wrong length"),
            ("aaaaaaaa-bbbb-cccc-ddddeeeeeeeeeeeee", "uuid is improperly formatted"),
            ("zzaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "encoding/hex: invalid byte: U+007A 'z'"),
        ] {
            assert_eq!(check_uuid(text), Err(fault.to_owned()), "{text}");
        }
        assert_eq!((check_address("1.2.3.4:99"), check_address("[::1]:99")), (Ok(()), Ok(())));
        for (text, fault) in [
            ("1.2.3.4", "not an ip:port"),
            (":99", "no IP"),
            ("1.2.3.4:", "no port"),
            ("[::1:99", "missing ]"),
            ("1.2.3.4:99999", r#"invalid port "99999" parsing "1.2.3.4:99999""#),
            ("localhost:99", r#"ParseAddr("localhost"): unable to parse IP"#),
        ] {
            assert_eq!(check_address(text), Err(fault.to_owned()), "{text}");
        }
    }
}
