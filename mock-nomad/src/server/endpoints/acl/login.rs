//! Logging in with a token of somebody else's.

use std::time::Duration;

use lab_pki::Certificate;
use lab_wire::jwt::{
    ALGORITHMS, Claims, Expected, Fetch, Fetcher, Key, Token, check_algorithm, discovery_url, read_discovery,
    read_keys,
};
use lab_world::parse_duration;
use serde_json::Value as Json;

use super::bindings::log_in;
use super::faults;
use crate::seam::{RpcError, RpcResult};
use crate::server::{Request, Server};
use crate::structs::{AuthConfig, AuthMethod, Body};

/// What a method's tokens are signed with unless it says otherwise.
const USUAL_ALGORITHM: &str = "RS256";

/// `ACL.Login`
pub(super) async fn login(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (name, token) = (body.string("AuthMethodName"), body.string("LoginToken"));
    let missing: Vec<String> = [(name, "missing auth method name"), (token, "missing login token")]
        .into_iter()
        .filter(|(value, _)| value.is_empty())
        .map(|(_, text)| text.to_owned())
        .collect();
    if !missing.is_empty() {
        return Err(RpcError::coded(400, &format!("invalid login request: {}", faults(&missing))));
    }
    let method = method(server, name)?;
    if method.kind != "JWT" {
        return Err(RpcError::coded(400, &format!("unsupported auth-method type: {}", method.kind)));
    }
    let claims = verified(server, &method.config.clone().unwrap_or_default(), token)
        .await
        .map_err(|error| RpcError::coded(401, &format!("unable to validate provided token: {error}")))?;
    log_in(server, &method, &claims).await
}

/// The method that a login names.
pub(super) fn method(server: &Server, name: &str) -> Result<AuthMethod, RpcError> {
    server
        .store
        .read(|tables| tables.access.auth_methods.get(name).cloned())
        .ok_or_else(|| RpcError::coded(400, &format!("auth-method {name:?} not found")))
}

/// The algorithms that a method takes.
pub(super) fn algorithms(config: &AuthConfig) -> Vec<String> {
    let given = config.signing_algs.clone().filter(|names| !names.is_empty());
    given.unwrap_or_else(|| vec![USUAL_ALGORITHM.to_owned()])
}

/// What a token says that one of the method's keys has signed.
async fn verified(server: &Server, config: &AuthConfig, token: &str) -> Result<Claims, String> {
    let keys = Keys::of(server, config).await?;
    let token = keys
        .check(server, token)
        .await
        .map_err(|error| unsigned(&format!("error verifying token signature: {error}")))?;
    let leeway = |text: &str| seconds(parse_duration(text).unwrap_or_default());
    let expected = Expected {
        algorithms: algorithms(config),
        audiences: config.bound_audiences.clone().unwrap_or_default(),
        expiration_leeway: leeway(&config.expiration_leeway),
        not_before_leeway: leeway(&config.not_before_leeway),
        clock_skew_leeway: leeway(&config.clock_skew_leeway),
        ..Expected::default()
    };
    expected.check(&token, server.parts.host.clock.unix()).map_err(|error| unsigned(&error))?;
    check_issuer(&token.claims, config.bound_issuer.as_deref().unwrap_or_default())?;
    Ok(token.claims)
}

fn unsigned(why: &str) -> String {
    format!("unable to verify signature of JWT token: {why}")
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn check_issuer(claims: &Claims, bound: &[String]) -> Result<(), String> {
    if bound.is_empty() {
        return Ok(());
    }
    match claims.get("iss") {
        None => Err("auth method specifies BoundIssuers but the provided token does not contain issuer \
                     information"
            .to_owned()),
        Some(Json::String(issuer)) if bound.contains(issuer) => Ok(()),
        Some(Json::String(issuer)) => Err(format!("invalid JWT issuer: {issuer}")),
        Some(_) => Err("unable to read iss property of provided token".to_owned()),
    }
}

/// Where a method's keys are.
enum Keys {
    /// In its configuration.
    Given(Vec<Key>),
    /// In a key set.
    Published(Fetch),
}

impl Keys {
    /// Errors: what is wrong with the configuration, or with the provider's discovery document.
    async fn of(server: &Server, config: &AuthConfig) -> Result<Self, String> {
        let given: Vec<&String> = config.jwt_validation_pub_keys.iter().flatten().collect();
        if !given.is_empty() {
            let keys: Option<Vec<Key>> = given.into_iter().map(|text| Key::from_pem(text)).collect();
            return keys.map(Self::Given).ok_or_else(|| {
                "unable to parse public key for JWT auth: data does not contain any valid RSA or ECDSA public keys"
                    .to_owned()
            });
        }
        if !config.jwks_url.is_empty() {
            let ca_pem = authorities(&config.jwks_ca_cert)
                .map_err(|error| format!("unable to get validation keys from JWKS: {error}"))?;
            return Ok(Self::Published(Fetch { url: config.jwks_url.clone(), ca_pem }));
        }
        discovered(server, config)
            .await
            .map(Self::Published)
            .map_err(|error| format!("unable to get validation keys from OIDC provider: {error}"))
    }

    /// Takes a token apart that one of the keys has signed.
    ///
    /// Errors: what is wrong with the token, or with the key set.
    async fn check(&self, server: &Server, text: &str) -> Result<Token, String> {
        let token = Token::read(text);
        let fetch = match self {
            Self::Given(keys) => {
                let token = token.map_err(|error| error.to_string())?;
                return if keys.iter().any(|key| token.is_signed_by(key)) {
                    Ok(token)
                } else {
                    Err("no known key successfully validated the token signature".to_owned())
                };
            }
            Self::Published(fetch) => fetch,
        };
        let token = token.map_err(|error| format!("oidc: malformed jwt: {error}"))?;
        check_algorithm(&token, &ALGORITHMS).map_err(|error| format!("oidc: malformed jwt: {error}"))?;
        let keys = read_keys(&fetcher(server).fetch(fetch).await)
            .map_err(|fault| format!("fetching keys oidc: {}", fault.of_keys()))?;
        if token.is_signed_by_any(&keys) {
            Ok(token)
        } else {
            Err("failed to verify id token signature".to_owned())
        }
    }
}

async fn discovered(server: &Server, config: &AuthConfig) -> Result<Fetch, String> {
    let issuer = &config.oidc_discovery_url;
    let ca_pem = authorities(discovery_authorities(config))?;
    let fetch = Fetch { url: discovery_url(issuer), ca_pem: ca_pem.clone() };
    let document = fetcher(server).fetch(&fetch).await;
    let discovery = read_discovery(&document, issuer).map_err(|fault| fault.of_discovery())?;
    Ok(Fetch { url: discovery.keys, ca_pem })
}

/// The authorities of the provider: the first text counts.
pub(super) fn discovery_authorities(config: &AuthConfig) -> &str {
    config.discovery_ca_pem.iter().flatten().next().map_or("", String::as_str)
}

/// Refuses a text that should hold authorities and holds none.
fn authorities(pem: &str) -> Result<String, String> {
    if !pem.is_empty() && Certificate::authorities_from_pem(pem).is_empty() {
        return Err("could not parse CA PEM value successfully".to_owned());
    }
    Ok(pem.to_owned())
}

/// Fetches over this machine's network.
pub(super) fn fetcher(server: &Server) -> Fetcher {
    let host = &server.parts.host;
    Fetcher::new(host.net.clone(), host.clock.clone())
}
