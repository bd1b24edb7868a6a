//! `identity/oidc/provider/:name/token`: a client gets tokens for a code.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest;
use serde_json::{Value, json};

use crate::identity::oidc::fault::{Fault, bare};
use crate::identity::oidc::grant::Grant;
use crate::identity::oidc::model::Client;
use crate::identity::oidc::{claims, provider};
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal};
use crate::state::State;
use crate::token::{OidcAccess, TokenEntry};

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("code"),
    Field::text("grant_type"),
    Field::text("redirect_uri"),
    Field::text("code_verifier"),
    Field::text("client_id"),
    Field::text("client_secret"),
];

/// The endpoint of tokens for clients.
pub(super) static ENDPOINTS: &[Endpoint<State>] =
    &[Endpoint::new("oidc/provider/{name}/token", &[FIELDS], &[(Update, token)])];

fn token(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut headers = vec![("pragma", "no-cache".to_owned())];
    match exchange(state, call) {
        Ok(body) => bare(200, &body, headers),
        Err(fault) => {
            if fault.status == 401 {
                headers.push(("www-authenticate", "Basic".to_owned()));
            }
            bare(fault.status, &fault.body(), headers)
        }
    }
}

fn exchange(state: &mut State, call: &Call<'_>) -> Result<Value, Fault> {
    let fields = &call.fields;
    let name = fields.text("name");
    let invalid = |told: &str| Fault::new("invalid_request", told);
    if !state.identity.oidc.providers.contains(name) {
        return Err(invalid("provider not found"));
    }
    let client = authenticated(state, call)?;
    match fields.text("grant_type") {
        "" => return Err(invalid("grant_type parameter is required")),
        "authorization_code" => {}
        _ => return Err(Fault::new("unsupported_grant_type", "unsupported grant_type value")),
    }
    let code = fields.text("code");
    if code.is_empty() {
        return Err(invalid("code parameter is required"));
    }
    let refuse = |told: &str| Fault::new("invalid_grant", told);
    let grant = state.identity.oidc.grants.take(code, call.now());
    let grant = grant.ok_or_else(|| refuse("authorization grant is invalid or expired"))?;
    if grant.client_id != client.client_id {
        return Err(refuse("authorization code was not issued to the client"));
    }
    if grant.provider != name {
        return Err(refuse("authorization code was not issued by the provider"));
    }
    match fields.text("redirect_uri") {
        "" => return Err(invalid("redirect_uri parameter is required")),
        uri if uri == grant.redirect_uri => {}
        _ => {
            return Err(refuse(
                "redirect_uri does not match the redirect_uri used in the authorization request",
            ));
        }
    }
    if !state.identity.entities.contains(&grant.entity_id) {
        return Err(invalid("identity entity associated with the request not found"));
    }
    if !state.identity.oidc.may_use(&state.identity, &client, &grant.entity_id) {
        return Err(invalid("identity entity not authorized by client assignment"));
    }
    grant.prove(fields.text("code_verifier"))?;
    issue(state, call, &client, &grant, code)
}

/// The client that proves itself in the header, or in the body.
fn authenticated(state: &State, call: &Call<'_>) -> Result<Client, Fault> {
    let (id, secret) = match basic(call.request.authorization.as_deref().unwrap_or("")) {
        Some((id, _)) if id.is_empty() => {
            return Err(Fault::new("server_error", "missing client ID").status(500));
        }
        Some(sent) => sent,
        None => (call.fields.text("client_id").to_owned(), call.fields.text("client_secret").to_owned()),
    };
    if id.is_empty() {
        return Err(Fault::new("invalid_request", "client_id parameter is required"));
    }
    let refuse = |told: &str| Fault::new("invalid_client", told).status(401);
    let oidc = &state.identity.oidc;
    let client = oidc
        .client(&id)
        .filter(|client| client.is_public() || client.client_secret == secret)
        .ok_or_else(|| refuse("client failed to authenticate"))?;
    if !oidc.providers.get(call.fields.text("name")).is_some_and(|provider| provider.serves(&id)) {
        return Err(refuse("client is not authorized to use the provider"));
    }
    let key = oidc.keys.get(&client.key);
    if !key.is_some_and(|key| key.allowed_client_ids.iter().any(|allowed| allowed == "*" || *allowed == id)) {
        return Err(refuse("client is not authorized to use the key"));
    }
    Ok(client.clone())
}

/// The name and the password of an `Authorization` header.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, sent) = header.split_once(' ')?;
    let sent = STANDARD.decode(sent).ok().filter(|_| scheme.eq_ignore_ascii_case("Basic"))?;
    let (name, password) = std::str::from_utf8(&sent).ok()?.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn issue(
    state: &mut State,
    call: &Call<'_>,
    client: &Client,
    grant: &Grant,
    code: &str,
) -> Result<Value, Fault> {
    let mut claims = claims::of_scopes(state, &grant.scopes, &grant.entity_id, call.now())?;
    let access = access_token(state, call, client, grant);
    let now = call.now().unix_timestamp();
    let failed = |refusal: Refusal| Fault::of(&refusal);
    let oidc = &mut state.identity.oidc;
    let Some(key) = oidc.keys.get_mut(&client.key) else {
        return Err(Fault::new("server_error", format!("key {:?} not found", client.key)).status(500));
    };
    key.prepare(call.environment).map_err(failed)?;
    let half = |text: &str| half_digest(&key.algorithm, text);
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("namespace", "root".into());
    put("sub", grant.entity_id.as_str().into());
    put("aud", client.client_id.as_str().into());
    put("iat", now.into());
    put("exp", now.saturating_add_unsigned(client.id_token_ttl.as_secs()).into());
    put("at_hash", half(&access).into());
    put("c_hash", half(code).into());
    if !grant.nonce.is_empty() {
        put("nonce", grant.nonce.as_str().into());
    }
    if let Some(time) = grant.auth_time {
        put("auth_time", time.into());
    }
    claims.insert("iss".to_owned(), provider::issuer_named(state, &grant.provider).into());
    let Some(key) = state.identity.oidc.keys.get(&client.key) else {
        return Err(Fault::new("server_error", "no signing key").status(500));
    };
    let id_token = key.sign(&Value::Object(claims)).map_err(failed)?;
    Ok(json!({
        "access_token": access, "expires_in": client.access_token_ttl.as_secs(), "id_token": id_token,
        "token_type": "Bearer",
    }))
}

/// A batch token that can ask who somebody is, and nothing else.
fn access_token(state: &State, call: &Call<'_>, client: &Client, grant: &Grant) -> String {
    let kind = ("oidc_token_type".to_owned(), "access token".to_owned());
    let entry = TokenEntry {
        policies: Vec::new(),
        meta: Some([kind].into()),
        ttl: client.access_token_ttl,
        entity_id: grant.entity_id.clone(),
        batch: true,
        oidc: Some(OidcAccess {
            provider: grant.provider.clone(),
            client_id: client.client_id.clone(),
            scopes: grant.scopes.clone(),
        }),
        ..TokenEntry::new(call.path, call.now())
    };
    state.tokens.encode_batch(&entry, &call.environment.entropy)
}

/// The left half of a text's digest, by which an identity token is bound to what comes with it.
fn half_digest(algorithm: &str, text: &str) -> String {
    let digest = match algorithm {
        "RS256" | "ES256" => &digest::SHA256,
        "RS384" | "ES384" => &digest::SHA384,
        _ => &digest::SHA512,
    };
    let digest = digest::digest(digest, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest.as_ref()[..digest.as_ref().len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_read_as_go_reads_them() {
        let pair = |name: &str, password: &str| Some((name.to_owned(), password.to_owned()));
        for (header, expected) in [
            ("Basic YTpi", pair("a", "b")),
            ("basic YTpiOmM=", pair("a", "b:c")),
            ("Basic Og==", pair("", "")),
            ("Basic YQ==", None),
            ("Basic !!!", None),
            ("Bearer YTpi", None),
            ("", None),
        ] {
            assert_eq!(basic(header), expected, "{header}");
        }
    }
}
