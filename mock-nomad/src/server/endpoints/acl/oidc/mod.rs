//! Logging in at a provider of identities, in a browser.

mod exchange;
mod id_token;
mod provider;
mod requests;

pub(in crate::server) use self::requests::LoginRequests;

use lab_wire::jwt::Claims;

use self::provider::Provider;
use super::bindings::log_in;
use super::{faults, login};
use crate::seam::{RpcError, RpcResult};
use crate::server::{Request, Server};
use crate::structs::{AuthConfig, AuthMethod, Body, map};

/// What both calls must name, and what is said where it is missing.
const ALWAYS: [(&str, &str); 2] =
    [("AuthMethodName", "missing auth method name"), ("ClientNonce", "missing client nonce")];
const STATE: [(&str, &str); 2] = [("State", "missing state"), ("Code", "missing code")];
const REDIRECT: (&str, &str) = ("RedirectURI", "missing redirect URI");

/// `ACL.OIDCAuthURL`: where to send who wants to log in.
pub(super) async fn auth_url(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    demand(body, "auth-url", &[ALWAYS.as_slice(), &[REDIRECT]].concat())?;
    let (method, provider) = provider(server, body).await?;
    let pkce = method.config.is_some_and(|config| config.oidc_enable_pkce);
    let asked = server.logins.begin(
        body.string("ClientNonce"),
        body.string("RedirectURI"),
        pkce,
        server.parts.host.clock.now(),
        &server.ids,
    );
    Ok(map([("AuthURL", provider.url(&asked).into())]))
}

/// `ACL.OIDCCompleteAuth`: what the provider sent back is exchanged for a token of Nomad's.
pub(super) async fn complete(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    demand(body, "complete-auth", &[ALWAYS.as_slice(), &STATE, &[REDIRECT]].concat())?;
    let (method, provider) = provider(server, body).await?;
    let asked = server
        .logins
        .take(body.string("ClientNonce"), server.parts.host.clock.now())
        .ok_or_else(|| RpcError::new("no OIDC request found for client nonce"))?;
    let exchanged = |error: String| {
        RpcError::new(format!("failed to exchange token with provider: Provider.Exchange: {error}"))
    };
    if asked.state != body.string("State") {
        return Err(exchanged(
            "authentication request state and authorization state are not equal: invalid parameter".into(),
        ));
    }
    if asked.is_expired(server.parts.host.clock.now()) {
        return Err(exchanged("authentication request is expired: invalid parameter".into()));
    }
    let tokens = provider.exchange(&asked, body.string("Code")).await.map_err(exchanged)?;
    let mut claims: Claims =
        provider.verify(&tokens.id, &asked.nonce, server.parts.host.clock.now()).await.map_err(|error| {
            exchanged(format!("id_token failed verification: Provider.VerifyIDToken: {error}"))
        })?;
    if !method.config.as_ref().is_some_and(|config| config.oidc_disable_user_info) {
        let more = provider.user_info(&tokens, &claims).await.map_err(|error| {
            RpcError::new(format!("failed to retrieve the user info claims: Provider.UserInfo: {error}"))
        })?;
        claims.extend(more);
    }
    log_in(server, &method, &claims).await
}

fn demand(body: Body<'_>, call: &str, fields: &[(&str, &str)]) -> Result<(), RpcError> {
    let missing: Vec<String> = fields
        .iter()
        .filter(|(field, _)| body.string(field).is_empty())
        .map(|(_, text)| (*text).to_owned())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(RpcError::coded(400, &format!("invalid OIDC {call} request: {}", faults(&missing))))
}

async fn provider(server: &Server, body: Body<'_>) -> Result<(AuthMethod, Provider), RpcError> {
    let method = login::method(server, body.string("AuthMethodName"))?;
    let config: AuthConfig = method.config.clone().unwrap_or_default();
    let provider = Provider::of(login::fetcher(server), config)
        .await
        .map_err(|error| RpcError::new(format!("failed to generate OIDC provider: {error}")))?;
    Ok((method, provider))
}
