//! A code exchanged for tokens, as OAuth 2.0 does it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use lab_wire::go_json;
use lab_wire::http::{query, query_escape};
use lab_wire::jwt::Document;
use serde_json::Value as Json;

use super::super::login::discovery_authorities;
use super::provider::Provider;
use super::requests::LoginRequest;

/// What a provider gives for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tokens {
    /// Opens what the provider knows of the person.
    pub(super) access: String,
    /// Says who the person is; signed.
    pub(super) id: String,
}

impl Provider {
    /// Exchanges the code that the provider has sent somebody back with.
    ///
    /// Errors: why there are no tokens.
    pub(super) async fn exchange(&self, asked: &LoginRequest, code: &str) -> Result<Tokens, String> {
        if self.config.oidc_client_assertion.is_object() {
            return Err("the lab signs no client assertions".to_owned());
        }
        let mut form = BTreeMap::from([
            ("code", code.to_owned()),
            ("grant_type", "authorization_code".to_owned()),
            ("redirect_uri", asked.redirect_uri.clone()),
        ]);
        form.extend(asked.verifier.clone().map(|verifier| ("code_verifier", verifier)));
        let (id, secret) = (&self.config.oidc_client_id, &self.config.oidc_client_secret);
        let login = STANDARD.encode(format!("{}:{}", query_escape(id), query_escape(secret)));
        // Nobody knows which of both ways a provider takes until it has been asked.
        let answer = match self.ask(&form, Some(&format!("Basic {login}"))).await {
            Ok(answer) => Ok(answer),
            Err(_) => {
                form.insert("client_id", id.clone());
                if !secret.is_empty() {
                    form.insert("client_secret", secret.clone());
                }
                self.ask(&form, None).await
            }
        };
        let answer =
            answer.map_err(|error| format!("unable to exchange auth code with provider: {error}"))?;
        let text = |name: &str| answer.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        if text("id_token").is_empty() {
            return Err("id_token is missing from auth code exchange: id_token is missing".to_owned());
        }
        Ok(Tokens { access: text("access_token"), id: text("id_token") })
    }

    async fn ask(&self, form: &BTreeMap<&str, String>, login: Option<&str>) -> Result<Json, String> {
        let url = &self.discovery.token;
        if !url.contains("://") {
            return Err(format!("Post {url:?}: unsupported protocol scheme \"\""));
        }
        let mut request = http::Request::post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, login);
        }
        let failed = |error: String| format!("Post {url:?}: {error}");
        let request = request.body(Bytes::from(query(form))).map_err(|error| failed(error.to_string()))?;
        let answer = self.fetcher.send(request, discovery_authorities(&self.config)).await.map_err(failed)?;
        read(&answer)
    }
}

/// Reads what a provider answers. What is no JSON can only be a refusal.
fn read(answer: &Document) -> Result<Json, String> {
    let body = String::from_utf8_lossy(&answer.body);
    let good = (200..300).contains(&answer.status);
    let object = match go_json::unmarshal(&body) {
        Err(error) if good => return Err(format!("oauth2: cannot parse json: {error}")),
        Err(_) => Json::Null,
        Ok(object) => object,
    };
    let text = |name: &str| object.get(name).and_then(Json::as_str).unwrap_or_default();
    match (text("error"), text("error_description")) {
        ("", _) if !good => {
            Err(format!("oauth2: cannot fetch token: {}\nResponse: {body}", answer.status_text()))
        }
        ("", _) if text("access_token").is_empty() => {
            Err("oauth2: server response missing access_token: access_token is missing".to_owned())
        }
        ("", _) => Ok(object),
        (code, "") => Err(format!("oauth2: {code:?}")),
        (code, description) => Err(format!("oauth2: {code:?} {description:?}")),
    }
}
