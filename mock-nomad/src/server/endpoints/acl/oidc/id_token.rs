//! Whether the token that says who somebody is can be believed.

use lab_wire::jwt::{Claims, Fetch, Malformed, Token, check_algorithm, read_keys};
use serde_json::Value as Json;
use time::{Duration, OffsetDateTime};

use super::super::login::{algorithms, discovery_authorities};
use super::provider::Provider;

/// How far clocks may be apart.
const LEEWAY: Duration = Duration::minutes(5);

impl Provider {
    /// What a token says, if the provider made it for this client and this login.
    ///
    /// Errors: why it is not believed.
    pub(super) async fn verify(
        &self,
        text: &str,
        nonce: &str,
        now: OffsetDateTime,
    ) -> Result<Claims, String> {
        let token = self.signed(text, now).await.map_err(|error| format!("invalid id_token: {error}"))?;
        if token.claims.get("nonce").and_then(Json::as_str) != Some(nonce) {
            return Err("invalid id_token nonce: invalid nonce".to_owned());
        }
        let audiences = self.config.bound_audiences.as_deref().unwrap_or_default();
        if !audiences.is_empty() && !token.is_for_one_of(audiences) {
            return Err(
                "invalid id_token audiences: verifyAudiences: invalid id_token audiences: invalid audience"
                    .to_owned(),
            );
        }
        if let Some(issued) = time(&token.claims, "iat").filter(|issued| now + LEEWAY < *issued) {
            let (now, issued) = (shown(now), shown(issued));
            return Err(format!(
                "invalid id_token current time {now} before the iat (issued at) time {issued}: invalid issued at (iat)"
            ));
        }
        self.check_party(&token.claims)
            .map_err(|error| format!("invalid id_token: {error}: invalid authorized party (azp)"))?;
        Ok(token.claims)
    }

    async fn signed(&self, text: &str, now: OffsetDateTime) -> Result<Token, String> {
        let token = Token::read(text).map_err(|error| match error {
            Malformed::Parts => {
                let parts = text.split('.').count();
                format!("oidc: malformed jwt: oidc: malformed jwt, expected 3 parts got {parts}")
            }
            error => format!("oidc: malformed jwt: {error}"),
        })?;
        let issuer = token.claims.get("iss").and_then(Json::as_str).unwrap_or_default();
        let expected = &self.config.oidc_discovery_url;
        if issuer != expected {
            return Err(format!(
                "oidc: id token issued by a different provider, expected {expected:?} got {issuer:?}: invalid issuer"
            ));
        }
        if let Some(end) = time(&token.claims, "exp").filter(|end| *end < now) {
            return Err(format!("oidc: token is expired (Token Expiry: {}): token is expired", shown(end)));
        }
        if let Some(begin) = time(&token.claims, "nbf").filter(|begin| now + LEEWAY < *begin) {
            let (now, begin) = (shown(now), shown(begin));
            return Err(format!(
                "oidc: current time {now} before the nbf (not before) time: {begin}: invalid not before"
            ));
        }
        check_algorithm(&token, &algorithms(&self.config))
            .map_err(|error| format!("oidc: malformed jwt: {error}: unsupported signing algorithm"))?;
        let ca_pem = discovery_authorities(&self.config).to_owned();
        let document = self.fetcher.fetch(&Fetch { url: self.discovery.keys.clone(), ca_pem }).await;
        let keys = read_keys(&document).map_err(|fault| {
            format!("failed to verify signature: fetching keys oidc: {}", fault.of_keys())
        })?;
        if !token.is_signed_by_any(&keys) {
            return Err("failed to verify signature: failed to verify id token signature: invalid signature"
                .to_owned());
        }
        Ok(token)
    }

    /// The client must be whom the token is for, or whom it was given to.
    fn check_party(&self, claims: &Claims) -> Result<(), String> {
        let client = &self.config.oidc_client_id;
        let party = claims.get("azp").map(|party| party.as_str().unwrap_or_default());
        if party.is_some_and(|party| party == client) {
            return Ok(());
        }
        let named = match claims.get("aud") {
            Some(Json::Array(names)) => names.as_slice(),
            Some(name) => std::slice::from_ref(name),
            None => &[],
        };
        match (party, named) {
            (Some(party), _) => Err(format!("authorized party ({party}) is not equal client_id ({client})")),
            (None, [one]) if one != client => Err(format!(
                "one audience ({}) which is not the client_id ({client}) and {}",
                one.as_str().unwrap_or_default(),
                nobody(client)
            )),
            (None, [_, _, ..]) => Err(format!("multiple audiences and {}", nobody(client))),
            (None, _) => Ok(()),
        }
    }
}

fn nobody(client: &str) -> String {
    format!("authorized party (%!s(<nil>)) is not equal client_id ({client})")
}

fn time(claims: &Claims, name: &str) -> Option<OffsetDateTime> {
    let seconds = claims.get(name).and_then(Json::as_f64)?;
    OffsetDateTime::from_unix_timestamp(seconds as i64).ok()
}

/// A moment as Go prints it.
fn shown(moment: OffsetDateTime) -> String {
    let text = lab_world::format_rfc3339_nano(moment);
    format!("{} +0000 UTC", text.trim_end_matches('Z').replace('T', " "))
}
