//! A provider of identities, and what it says of those who log in there.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use lab_pki::Certificate;
use lab_wire::go_json;
use lab_wire::http::query;
use lab_wire::jwt::{ALGORITHMS, Claims, Discovery, Fetch, Fetcher, discovery_url, read_discovery};
use ring::digest::{SHA256, digest};
use serde_json::Value as Json;

use super::super::login::{algorithms, discovery_authorities};
use super::exchange::Tokens;
use super::requests::LoginRequest;
use crate::structs::AuthConfig;

/// A provider that was found to be who it should be.
pub(super) struct Provider {
    pub(super) config: AuthConfig,
    pub(super) discovery: Discovery,
    pub(super) fetcher: Fetcher,
}

impl Provider {
    /// Errors: what is wrong with the method's configuration, or with the provider's discovery document.
    pub(super) async fn of(fetcher: Fetcher, config: AuthConfig) -> Result<Self, String> {
        check(&config)
            .map_err(|error| format!("NewConfig: invalid provider config: Config.Validate: {error}"))?;
        let issuer = &config.oidc_discovery_url;
        let ca_pem = discovery_authorities(&config).to_owned();
        let document = fetcher.fetch(&Fetch { url: discovery_url(issuer), ca_pem }).await;
        let discovery = read_discovery(&document, issuer)
            .map_err(|fault| format!("NewProvider: unable to create provider: {}", fault.of_provider()))?;
        Ok(Self { config, discovery, fetcher })
    }

    /// Where somebody logs in.
    pub(super) fn url(&self, asked: &LoginRequest) -> String {
        let scopes = self.config.oidc_scopes.iter().flatten().map(String::as_str);
        let scopes: Vec<&str> = std::iter::once("openid").chain(scopes).collect();
        let mut values = BTreeMap::from([
            ("client_id", self.config.oidc_client_id.clone()),
            ("nonce", asked.nonce.clone()),
            ("redirect_uri", asked.redirect_uri.clone()),
            ("response_type", "code".to_owned()),
            ("scope", scopes.join(" ")),
            ("state", asked.state.clone()),
        ]);
        if let Some(verifier) = &asked.verifier {
            let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            values.extend([("code_challenge", challenge), ("code_challenge_method", "S256".to_owned())]);
        }
        let page = &self.discovery.authorization;
        let joint = if page.contains('?') { '&' } else { '?' };
        format!("{page}{joint}{}", query(&values))
    }

    /// What the provider says of who has logged in besides, for the same person as `claims`.
    pub(super) async fn user_info(&self, tokens: &Tokens, claims: &Claims) -> Result<Claims, String> {
        let more = self
            .user_info_document(tokens)
            .await
            .map_err(|error| format!("provider UserInfo request failed: {error}"))?;
        if more.get("sub") != claims.get("sub") {
            return Err("invalid subject".to_owned());
        }
        Ok(more)
    }

    async fn user_info_document(&self, tokens: &Tokens) -> Result<Claims, String> {
        let url = &self.discovery.user_info;
        if url.is_empty() {
            return Err("oidc: user info endpoint is not supported by this provider".to_owned());
        }
        let request = http::Request::get(url)
            .header(http::header::AUTHORIZATION, format!("Bearer {}", tokens.access))
            .body(Bytes::new())
            .map_err(|error| format!("oidc: create GET request: {error}"))?;
        let answer = self
            .fetcher
            .send(request, discovery_authorities(&self.config))
            .await
            .map_err(|error| format!("Get {url:?}: {error}"))?;
        let body = String::from_utf8_lossy(&answer.body);
        if answer.status != 200 {
            return Err(format!("{}: {body}", answer.status_text()));
        }
        match go_json::unmarshal(&body) {
            Ok(Json::Object(claims)) => Ok(claims),
            Ok(_) => Ok(Claims::new()),
            Err(error) => Err(format!("oidc: failed to decode userinfo: {error}")),
        }
    }
}

fn check(config: &AuthConfig) -> Result<(), String> {
    if config.oidc_client_id.is_empty() {
        return Err("client ID is empty: invalid parameter".to_owned());
    }
    if let Some(odd) = algorithms(config).iter().find(|name| !ALGORITHMS.contains(&name.as_str())) {
        return Err(format!("unsupported algorithm {odd}: invalid parameter"));
    }
    let ca_pem = discovery_authorities(config);
    if !ca_pem.is_empty() && Certificate::authorities_from_pem(ca_pem).is_empty() {
        return Err("invalid CA certificate".to_owned());
    }
    Ok(())
}
