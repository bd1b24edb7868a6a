//! What is served before the logical layer, sealed or not, without an envelope.

use serde::Serialize;

use crate::dispatch::{Answer, errors_body};
use crate::logical::{Environment, to_go_json};
use crate::sys::{generate_root, health, init, rekey, unseal};
use crate::vault::{Inner, Vault};

/// A request below the logical layer.
pub(crate) struct RawRequest<'a> {
    /// In capitals.
    pub(crate) method: &'a str,
    /// Below `/v1/sys/`.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
}

/// Why such a request was not served: a status and the text of `errors`, where there is one.
pub(crate) type RawRefusal = (u16, Option<String>);

/// A handler of this layer.
pub(super) type RawHandler = fn(&mut Inner, &Environment, &RawRequest<'_>) -> Result<Answer, RawRefusal>;

const READ: &[&str] = &["GET"];
const WRITE: &[&str] = &["PUT", "POST"];
/// Paths that do not look at the method.
const ANY: &[&str] = &["GET", "LIST", "HEAD", "PUT", "POST", "PATCH", "DELETE"];

const ROUTES: &[(&str, &[&str], RawHandler)] = &[
    ("init", READ, init::status),
    ("init", WRITE, init::init),
    ("seal-status", READ, unseal::status),
    ("unseal", WRITE, unseal::unseal),
    ("health", &["GET", "HEAD"], health::health),
    ("leader", READ, health::leader),
    ("step-down", WRITE, |_, _, _| Ok(no_content())),
    ("seal-backend-status", READ, |_, _, _| {
        Ok(answer(
            200,
            &serde_json::json!({"healthy": true, "backends": [{"name": "shamir", "healthy": true}], "fully_wrapped": true}),
        ))
    }),
    ("internal/ui/feature-flags", READ, |_, _, _| {
        Ok(answer(200, &serde_json::json!({"feature_flags": null})))
    }),
    ("generate-root/attempt", READ, generate_root::status),
    ("generate-root/attempt", WRITE, generate_root::start),
    ("generate-root/attempt", &["DELETE"], generate_root::cancel),
    ("generate-root/update", ANY, generate_root::update),
    ("rekey/init", READ, rekey::status),
    ("rekey/init", WRITE, rekey::start),
    ("rekey/init", &["DELETE"], rekey::cancel),
    ("rekey/update", ANY, rekey::update),
    ("rekey/verify", &["GET", "DELETE"], rekey::verify),
    ("rekey/verify", WRITE, rekey::verify_share),
    ("rekey-recovery-key/init", ANY, |_, _, _| Err(invalid("recovery rekeying not supported"))),
    ("rekey-recovery-key/update", ANY, |_, _, _| Err(invalid("recovery rekeying not supported"))),
];

/// Serves a request of this layer; `None` where the path is not of it.
pub(crate) fn serve_raw(vault: &Vault, request: &RawRequest<'_>) -> Option<Answer> {
    let mut inner = vault.lock();
    if request.path == "seal" {
        // Unsealed, this is an ordinary request that needs a token.
        return inner.unsealed.is_none().then(no_content);
    }
    let mut routes = ROUTES.iter().filter(|(path, _, _)| *path == request.path).peekable();
    routes.peek()?;
    let Some((_, _, handler)) = routes.find(|(_, methods, _)| methods.contains(&request.method)) else {
        return Some(refuse(405, None));
    };
    let outcome = handler(&mut inner, &vault.environment(), request);
    Some(outcome.unwrap_or_else(|(status, text)| refuse(status, text.as_deref())))
}

/// `{"errors":[...]}`
pub(super) fn refuse(status: u16, text: Option<&str>) -> Answer {
    send(status, errors_body(text))
}

/// A JSON body with a newline.
pub(super) fn answer(status: u16, body: &impl Serialize) -> Answer {
    let mut bytes = to_go_json(body);
    bytes.push(b'\n');
    send(status, bytes.into())
}

/// 204
pub(super) fn no_content() -> Answer {
    send(204, bytes::Bytes::new())
}

fn send(status: u16, body: bytes::Bytes) -> Answer {
    Answer::Send { status, content_type: "application/json", headers: Vec::new(), body }
}

/// Reads a JSON body into `T`, which is Go's type `wanted`; an empty one is refused as Go's decoder does.
pub(super) fn body<T: serde::de::DeserializeOwned>(
    request: &RawRequest<'_>,
    wanted: &str,
) -> Result<T, RawRefusal> {
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Err((400, Some("EOF".into())));
    }
    serde_json::from_value(crate::http::parse_as(request.body, wanted)?.into())
        .map_err(|error| (400, Some(format!("failed to parse JSON input: {error}"))))
}

/// A refusal with 400.
pub(super) fn invalid(text: impl Into<String>) -> RawRefusal {
    (400, Some(text.into()))
}
