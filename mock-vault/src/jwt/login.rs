//! `login`.

use lab_wire::jwt::{ALGORITHMS, Expected, Key, Token, check_algorithm};
use serde_json::Value;

use crate::jwt::claims;
use crate::jwt::config::Config;
use crate::jwt::engine::Jwt;
use crate::jwt::keys::Verdict;
use crate::jwt::role::Role;
use crate::logical::{Alias, Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response};

const FIELDS: &[Field] = &[Field::lower("role"), Field::text("jwt")];
const OIDC: &[Field] = &[Field::text("role"), Field::text("redirect_uri"), Field::text("client_nonce")];

/// The endpoints of logging in.
pub(super) static ENDPOINTS: &[Endpoint<Jwt>] = &[
    Endpoint::new("login", &[FIELDS], &[(Update, login)]),
    Endpoint::new(
        "oidc/auth_url",
        &[OIDC],
        &[(Update, |jwt, _| no_browser(jwt, "could not load configuration"))],
    ),
    Endpoint::new(
        "oidc/callback",
        &[OIDC],
        &[
            (Read, |jwt, _| no_browser(jwt, "Vault login failed. Could not load configuration")),
            (Update, |jwt, _| no_browser(jwt, "Vault login failed. Could not load configuration.")),
        ],
    )
    .open(),
];

/// The browser's way is not part of the lab. `absent`: what is said where nothing is configured.
fn no_browser(jwt: &mut Jwt, absent: &str) -> Outcome {
    let configured = jwt.config.get().is_some();
    Err(Refusal::invalid(if configured { "OIDC login is not configured for this mount" } else { absent }))
}

fn login(jwt: &mut Jwt, call: &Call<'_>) -> Outcome {
    let Some(config) = jwt.config.get().clone() else {
        return Err(Refusal::invalid("could not load configuration"));
    };
    let sent = call.fields.text("role");
    let name = if sent.is_empty() { config.default_role.as_str() } else { sent };
    if name.is_empty() {
        return Err(Refusal::invalid("missing role"));
    }
    let Some(role) = jwt.roles.get(name).cloned() else {
        return Err(Refusal::Invalid(format!("role {name:?} could not be found")));
    };
    if role.role_type == "oidc" {
        return Err(Refusal::invalid("role with oidc role_type is not allowed"));
    }
    let text = call.fields.text("jwt");
    if text.is_empty() {
        return Err(Refusal::invalid("missing token"));
    }
    role.token.check_address(call)?;
    let token = match verified(jwt, &config, text, call)? {
        Ok(token) => token,
        Err(reply) => return Ok(reply),
    };
    let claims = &token.claims;
    validate(&token, &config, &role, call).map_err(|text| refuse(&text))?;
    if role.audiences().is_empty() && claims.get("aud").is_some_and(has_audience) {
        return Err(Refusal::invalid("audience claim found in JWT but no audiences bound to the role"));
    }
    grant(&role, name, claims)
}

fn grant(role: &Role, name: &str, claims: &Data) -> Outcome {
    let user = claims::user(claims, role)?;
    let mut metadata = claims::metadata(claims, role)?;
    let groups = claims::groups(claims, role)?;
    claims::check_bound(claims, role)?;
    if user.is_empty() {
        return Err(Refusal::Failed("missing name in alias".into()));
    }
    let alias = Alias { name: user.clone(), metadata: metadata.clone() };
    metadata.insert("role".into(), name.to_owned());
    let mut auth = role.token.grant(false);
    auth.display_name = user;
    auth.alias = Some(Alias { metadata: metadata.clone(), ..alias });
    auth.metadata = Some(metadata);
    auth.group_aliases = groups;
    auth.internal = Data::from_iter([("role".to_owned(), Value::from(name))]);
    Response { auth: Some(auth), ..Response::default() }.ok()
}

fn refuse(text: &str) -> Refusal {
    Refusal::Invalid(format!("error validating token: {text}"))
}

fn has_audience(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// The token if one of the configured keys signed it, or what has to be fetched before that can be said.
fn verified(
    jwt: &mut Jwt,
    config: &Config,
    text: &str,
    call: &Call<'_>,
) -> Result<Result<Token, Reply>, Refusal> {
    let unsigned = |text: &str| refuse(&format!("error verifying token signature: {text}"));
    let sources = config.sources();
    let token = Token::read(text).map_err(|error| {
        unsigned(&if sources.is_empty() {
            error.to_string()
        } else {
            format!("oidc: malformed jwt: {error}")
        })
    })?;
    if sources.is_empty() {
        let keys = config.jwt_validation_pubkeys.iter().filter_map(|key| Key::from_pem(key));
        return if keys.into_iter().any(|key| token.is_signed_by(&key)) {
            Ok(Ok(token))
        } else {
            Err(unsigned("no known key successfully validated the token signature"))
        };
    }
    check_algorithm(&token, &ALGORITHMS).map_err(|text| unsigned(&format!("oidc: malformed jwt: {text}")))?;
    let mut why = String::new();
    for source in &sources {
        match jwt.cache.verify(source, &token, call) {
            Verdict::Signed => return Ok(Ok(token)),
            Verdict::Wait(reply) => return Ok(Err(reply)),
            Verdict::Unsigned(text) => why = text,
            Verdict::Unusable(fault) => {
                return Err(Refusal::Invalid(format!(
                    "error configuring token validator: keyset configuration error: {}",
                    fault.of_discovery()
                )));
            }
        }
    }
    Err(unsigned(&why))
}

fn validate(token: &Token, config: &Config, role: &Role, call: &Call<'_>) -> Result<(), String> {
    let issuer =
        if config.bound_issuer.is_empty() { &config.oidc_discovery_url } else { &config.bound_issuer };
    let expected = Expected {
        algorithms: config.jwt_supported_algs.clone(),
        issuer: issuer.clone(),
        subject: role.bound_subject.clone(),
        audiences: role.audiences().to_vec(),
        expiration_leeway: role.expiration_leeway,
        not_before_leeway: role.not_before_leeway,
        clock_skew_leeway: role.clock_skew_leeway,
    };
    expected.check(token, call.now().unix_timestamp())
}
