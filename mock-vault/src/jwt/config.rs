//! `config`.

use lab_pki::Certificate;
use lab_wire::jwt::{ALGORITHMS, Fetch, Key, discovery_url, read_discovery, read_keys};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::jwt::engine::Jwt;
use crate::jwt::keys::{KeyCache, Source};
use crate::logical::{Call, Data, Endpoint, Field, Need, Operation::*, Outcome, Refusal, Reply, respond};

const FIELDS: &[Field] = &[
    Field::text("oidc_discovery_url"),
    Field::text("oidc_discovery_ca_pem"),
    Field::text("oidc_client_id"),
    Field::text("oidc_client_secret"),
    Field::text("oidc_response_mode"),
    Field::comma_list("oidc_response_types"),
    Field::text("jwks_url"),
    Field::text("jwks_ca_pem"),
    Field::any("jwks_pairs"),
    Field::text("default_role"),
    Field::comma_list("jwt_validation_pubkeys"),
    Field::comma_list("jwt_supported_algs"),
    Field::text("bound_issuer"),
    Field::object("provider_config"),
    Field::flag("namespace_in_state"),
    Field::comma_list("unsupported_critical_cert_extensions"),
];
/// The endpoints of the configuration.
pub(super) static ENDPOINTS: &[Endpoint<Jwt>] =
    &[Endpoint::new("config", &[FIELDS], &[(Read, read), (Update, write)])];

/// How tokens are checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Config {
    pub(super) oidc_discovery_url: String,
    pub(super) oidc_discovery_ca_pem: String,
    pub(super) oidc_client_id: String,
    pub(super) oidc_client_secret: String,
    pub(super) oidc_response_mode: String,
    pub(super) oidc_response_types: Vec<String>,
    pub(super) jwks_url: String,
    pub(super) jwks_ca_pem: String,
    /// URL and CA of each.
    pub(super) jwks_pairs: Vec<(String, String)>,
    pub(super) default_role: String,
    pub(super) jwt_validation_pubkeys: Vec<String>,
    pub(super) jwt_supported_algs: Vec<String>,
    pub(super) bound_issuer: String,
    pub(super) provider_config: Data,
    pub(super) namespace_in_state: bool,
    pub(super) unsupported_critical_cert_extensions: Vec<String>,
}

impl Config {
    /// Where keys are fetched from; none where they are given.
    pub(super) fn sources(&self) -> Vec<Source> {
        let jwks =
            |(url, ca): (&String, &String)| Source::Keys(Fetch { url: url.clone(), ca_pem: ca.clone() });
        if !self.jwks_url.is_empty() {
            return vec![jwks((&self.jwks_url, &self.jwks_ca_pem))];
        }
        if !self.oidc_discovery_url.is_empty() {
            let fetch = Fetch {
                url: discovery_url(&self.oidc_discovery_url),
                ca_pem: self.oidc_discovery_ca_pem.clone(),
            };
            return vec![Source::Discovery { issuer: self.oidc_discovery_url.clone(), fetch }];
        }
        self.jwks_pairs.iter().map(|(url, ca)| jwks((url, ca))).collect()
    }
}

fn read(jwt: &mut Jwt, _: &Call<'_>) -> Outcome {
    let Some(config) = jwt.config.get() else { return Ok(Reply::Nothing) };
    let pairs: Vec<Value> =
        config.jwks_pairs.iter().map(|(url, ca)| json!({"jwks_url": url, "jwks_ca_pem": ca})).collect();
    respond(json!({
        "oidc_discovery_url": config.oidc_discovery_url, "oidc_discovery_ca_pem": config.oidc_discovery_ca_pem,
        "oidc_client_id": config.oidc_client_id, "oidc_response_mode": config.oidc_response_mode,
        "oidc_response_types": config.oidc_response_types, "default_role": config.default_role,
        "jwt_validation_pubkeys": config.jwt_validation_pubkeys, "jwt_supported_algs": config.jwt_supported_algs,
        "jwks_url": config.jwks_url, "jwks_ca_pem": config.jwks_ca_pem, "jwks_pairs": pairs,
        "bound_issuer": config.bound_issuer, "provider_config": config.provider_config,
        "namespace_in_state": config.namespace_in_state,
        "unsupported_critical_cert_extensions": config.unsupported_critical_cert_extensions,
    }))
}

/// Everything is replaced; what is not sent goes back to nothing.
fn write(jwt: &mut Jwt, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let text = |name: &str| fields.text(name).to_owned();
    let config = Config {
        oidc_discovery_url: text("oidc_discovery_url"),
        oidc_discovery_ca_pem: text("oidc_discovery_ca_pem"),
        oidc_client_id: text("oidc_client_id"),
        oidc_client_secret: text("oidc_client_secret"),
        oidc_response_mode: text("oidc_response_mode"),
        oidc_response_types: fields.list("oidc_response_types"),
        jwks_url: text("jwks_url"),
        jwks_ca_pem: text("jwks_ca_pem"),
        jwks_pairs: pairs(fields.raw().get("jwks_pairs"))?,
        default_role: fields.text("default_role").to_lowercase(),
        jwt_validation_pubkeys: fields
            .list("jwt_validation_pubkeys")
            .iter()
            .map(|key| key.trim().to_owned())
            .collect(),
        jwt_supported_algs: fields.list("jwt_supported_algs"),
        bound_issuer: text("bound_issuer"),
        provider_config: fields.object("provider_config").cloned().unwrap_or_default(),
        namespace_in_state: !fields.has("namespace_in_state") || fields.flag("namespace_in_state"),
        unsupported_critical_cert_extensions: fields.list("unsupported_critical_cert_extensions"),
    };
    check_sources(&config)?;
    if let Some(reply) = check_reachable(&config, call)? {
        return Ok(reply);
    }
    check_details(&config)?;
    jwt.config.set(Some(config));
    jwt.cache = KeyCache::default();
    Ok(Reply::Nothing)
}

fn pairs(sent: Option<&Value>) -> Result<Vec<(String, String)>, Refusal> {
    let items = match sent {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => {
            return Err(Refusal::invalid(
                "invalid jwks_pairs: jwks_pairs must be provided as a list of json objects with the fields jwks_url and \
                 jwks_ca_pem",
            ));
        }
    };
    items
        .iter()
        .map(|item| {
            let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
            let url = text("jwks_url");
            if url.is_empty() {
                return Err(Refusal::invalid("invalid jwks_pairs: 'jwks_url' must be set in each pair"));
            }
            Ok((url, text("jwks_ca_pem")))
        })
        .collect()
}

fn check_sources(config: &Config) -> Result<(), Refusal> {
    let refuse = |text: &str| Err(Refusal::invalid(text));
    let given = [
        !config.oidc_discovery_url.is_empty(),
        !config.jwks_url.is_empty(),
        !config.jwks_pairs.is_empty(),
        !config.jwt_validation_pubkeys.is_empty(),
    ];
    if given.iter().filter(|given| **given).count() != 1 {
        return refuse(
            "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs' or 'oidc_discovery_url' must be set",
        );
    }
    if config.oidc_client_id.is_empty() != config.oidc_client_secret.is_empty() {
        return refuse("both 'oidc_client_id' and 'oidc_client_secret' must be set for OIDC");
    }
    if !config.oidc_client_id.is_empty() && config.oidc_discovery_url.is_empty() {
        return refuse("'oidc_discovery_url' must be set for OIDC");
    }
    if !config.jwks_pairs.is_empty() && !config.jwks_ca_pem.is_empty() {
        return refuse("CA PEMs must be provided as part of the 'jwks_pairs' when using multiple JWKS URLs");
    }
    if !config.jwks_pairs.is_empty() && !config.bound_issuer.is_empty() {
        return refuse("Bound issuer is not supported for use with 'jwks_pairs'");
    }
    if !config.jwks_ca_pem.is_empty() && Certificate::authorities_from_pem(&config.jwks_ca_pem).is_empty() {
        return refuse("error checking jwks_ca_pem");
    }
    for key in &config.jwt_validation_pubkeys {
        if Key::from_pem(key).is_none() {
            return refuse("error parsing public key: data does not contain any valid public keys");
        }
    }
    Ok(())
}

/// Asks for every document that the configuration relies on; they are not kept.
fn check_reachable(config: &Config, call: &Call<'_>) -> Result<Option<Reply>, Refusal> {
    for source in config.sources() {
        let fetch = source.fetch();
        let Some(fetched) = call.request.fetched.iter().find(|fetched| fetched.url == fetch.url) else {
            return Ok(Some(Reply::Await(Need::Document(fetch.clone()))));
        };
        match source {
            Source::Keys(_) if read_keys(fetched).is_err() => {
                return Err(Refusal::Invalid(format!("error checking jwks URL {}", fetch.url)));
            }
            Source::Discovery { issuer, .. } if read_discovery(fetched, &issuer).is_err() => {
                return Err(Refusal::invalid("error checking oidc discovery URL"));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// The providers that have something of their own.
const PROVIDERS: [&str; 4] = ["azure", "gsuite", "secureauth", "ibmisam"];

fn check_details(config: &Config) -> Result<(), Refusal> {
    if let Some(other) = config.jwt_supported_algs.iter().find(|name| !ALGORITHMS.contains(&name.as_str())) {
        return Err(Refusal::Invalid(format!(
            "invalid jwt_supported_algs: unsupported signing algorithm {other:?}"
        )));
    }
    if let Some(provider) = config.provider_config.get("provider").and_then(Value::as_str)
        && !PROVIDERS.contains(&provider)
    {
        return Err(Refusal::Invalid(format!(
            "invalid provider_config: provider {provider:?} not found in custom providers"
        )));
    }
    if !["", "query", "form_post"].contains(&config.oidc_response_mode.as_str()) {
        return Err(Refusal::Invalid(format!("invalid response_mode: {:?}", config.oidc_response_mode)));
    }
    if config.oidc_response_types.iter().any(|kind| !["code", "id_token"].contains(&kind.as_str())) {
        return Err(Refusal::Invalid(format!(
            "invalid response_types [{}]. 'code' and 'id_token' are allowed",
            config.oidc_response_types.join(" ")
        )));
    }
    Ok(())
}
