//! `nomad acl auth-method`

use lab_wire::go_json;
use lab_world::{format_duration, parse_duration};
use serde_json::{Map, Value as Json, json};

use super::{FORMATS, Listing, one, source};
use crate::nomad_cli::api::path_escape;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, Setting, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::shape;
use crate::nomad_cli::wording::pairs;
use crate::stand_in::Takes;

const METHOD: &str = "This command takes one argument: <acl_auth_method_name>";
const BAD_LOCALITY: &str = "Token locality must be set to either 'local' or 'global'";
const BAD_TYPE: &str = "ACL auth method type must be set to 'OIDC' or 'JWT'";
const BAD_TTL: &str =
    "Max token TTL must be set to a value between min and max TTL configured for the server.";

/// The structure that an agent answers with.
const SHAPE: &str = "*api.ACLAuthMethod";

const SETTINGS: [Setting; 8] = [
    ("type", Takes::Text, "'OIDC' or 'JWT'."),
    ("max-token-ttl", Takes::Duration, "How long its tokens live."),
    ("token-locality", Takes::Text, "'local' or 'global'."),
    ("token-name-format", Takes::Text, "What its tokens are called."),
    ("default", Takes::Bool, "Log in with it where none is named."),
    ("config", Takes::Text, "Its settings as JSON: '@' and a file, or '-' for standard input."),
    FORMATS[0],
    FORMATS[1],
];

pub(in crate::nomad_cli) const CREATE: Command = Command {
    name: "acl auth-method create",
    synopsis: "Create a new ACL auth method",
    usage: "[options]",
    flags: &[
        ("name", Takes::Text, "What it is called."),
        SETTINGS[0],
        SETTINGS[1],
        SETTINGS[2],
        SETTINGS[3],
        SETTINGS[4],
        SETTINGS[5],
        FORMATS[0],
        FORMATS[1],
    ],
    general: General::Client,
    arity: Arity::NONE,
    run: create,
};
pub(in crate::nomad_cli) const UPDATE: Command = Command {
    name: "acl auth-method update",
    synopsis: "Update an existing ACL auth method",
    usage: "[options] <acl_auth_method_name>",
    flags: &SETTINGS,
    general: General::Client,
    arity: one(METHOD),
    run: update,
};
pub(in crate::nomad_cli) const DELETE: Command = Command {
    name: "acl auth-method delete",
    synopsis: "Delete an existing ACL auth method",
    usage: "<acl_auth_method_name>",
    flags: &[],
    general: General::Client,
    arity: one(METHOD),
    run: delete,
};
pub(in crate::nomad_cli) const INFO: Command = Command {
    name: "acl auth-method info",
    synopsis: "Fetch information on an existing ACL auth method",
    usage: "[options] <acl_auth_method_name>",
    flags: &FORMATS,
    general: General::Client,
    arity: one(METHOD),
    run: info,
};
pub(in crate::nomad_cli) const LIST: Command = Command {
    name: "acl auth-method list",
    synopsis: "List ACL auth methods",
    usage: "[options]",
    flags: &FORMATS,
    general: General::Client,
    arity: Arity::NONE,
    run: list,
};

fn path(name: &str) -> String {
    format!("/v1/acl/auth-method/{}", path_escape(name))
}

fn create(session: &Session<'_>) -> Outcome {
    if session.text("name").is_empty() {
        return fail("ACL auth method name must be specified using the -name flag");
    }
    check_locality(session)?;
    let ttl = ttl(session)?;
    let kind = kind(session)?;
    if session.text("config").is_empty() {
        return fail("Must provide ACL auth method config in JSON format");
    }
    let body = json!({
        "Name": session.text("name"),
        "Type": kind,
        "TokenLocality": session.text("token-locality"),
        "TokenNameFormat": session.text("token-name-format"),
        "MaxTokenTTL": ttl,
        "Default": session.is_set("default"),
        "Config": config(session)?,
    });
    let made = session.api()?.put("/v1/acl/auth-method", &[], &body);
    show(session, &made.map_err(Fault::of("Error creating ACL auth method"))?)
}

fn update(session: &Session<'_>) -> Outcome {
    let (api, path) = (session.api()?, path(session.argument(0)));
    let known = api.get(&path, &[]).map_err(Fault::of("Error when retrieving ACL auth method"))?;
    let is_given = |flag: &Setting| session.flags.text(flag.0).is_some();
    if !SETTINGS[..6].iter().any(is_given) {
        return fail("Please provide at least one flag to update the ACL auth method");
    }
    let mut method = shape::fill(&known, SHAPE);
    let changes = changes(session)?;
    if let Some(method) = method.as_object_mut() {
        method.extend(changes);
    }
    let made = api.put(&path, &[], &method).map_err(Fault::of("Error updating ACL auth method"))?;
    show(session, &made)
}

/// What the flags change.
fn changes(session: &Session<'_>) -> Result<Map<String, Json>, Fault> {
    let is_given = |flag: &str| session.flags.text(flag).is_some();
    let mut changes = Map::new();
    if is_given("token-locality") {
        check_locality(session)?;
        changes.insert("TokenLocality".to_owned(), session.text("token-locality").into());
    }
    if is_given("token-name-format") {
        changes.insert("TokenNameFormat".to_owned(), session.text("token-name-format").into());
    }
    if is_given("type") {
        kind(session)?;
        changes.insert("Type".to_owned(), session.text("type").into());
    }
    if is_given("max-token-ttl") {
        changes.insert("MaxTokenTTL".to_owned(), ttl(session)?.into());
    }
    if is_given("default") {
        changes.insert("Default".to_owned(), session.is_set("default").into());
    }
    if !session.text("config").is_empty() {
        changes.insert("Config".to_owned(), config(session)?);
    }
    Ok(changes)
}

fn check_locality(session: &Session<'_>) -> Result<(), Fault> {
    match session.text("token-locality") {
        "global" | "local" => Ok(()),
        _ => fail(BAD_LOCALITY),
    }
}

fn kind(session: &Session<'_>) -> Result<String, Fault> {
    match session.text("type").to_uppercase() {
        kind if kind == "OIDC" || kind == "JWT" => Ok(kind),
        _ => fail(BAD_TYPE),
    }
}

fn ttl(session: &Session<'_>) -> Result<String, Fault> {
    match parse_duration(session.text("max-token-ttl")) {
        Ok(ttl) if !ttl.is_zero() => Ok(format_duration(ttl)),
        _ => fail(BAD_TTL),
    }
}

fn config(session: &Session<'_>) -> Result<Json, Fault> {
    let text = source(session.text("config")).map_err(Fault::of("Error loading configuration"))?;
    let read = go_json::unmarshal(&text).and_then(checked_config);
    let config = read.map_err(|told| Fault::Told(format!("Unable to parse config: {told}")))?;
    Ok(shape::fill(&config, "api.ACLAuthMethodConfig"))
}

/// The config with its durations, which may be numbers, too. The error is the real program's.
fn checked_config(mut config: Json) -> Result<Json, String> {
    let is_leeway = |name: &str| LEEWAYS.iter().any(|leeway| leeway.eq_ignore_ascii_case(name));
    let mut leeways = Map::new();
    if let Some(fields) = config.as_object_mut() {
        let names: Vec<String> = fields.keys().filter(|name| is_leeway(name)).cloned().collect();
        leeways.extend(names.into_iter().filter_map(|name| fields.remove_entry(&name)));
    }
    let mut config = shape::checked(&config, "api.ACLAuthMethodConfig", ("", "Alias"))?;
    for leeway in LEEWAYS {
        let Some((_, value)) = leeways.iter().find(|(name, _)| leeway.eq_ignore_ascii_case(name)) else {
            continue;
        };
        let value = match value {
            Json::String(text) => match parse_duration(text.trim_start_matches(['-', '+'])) {
                Ok(_) => text.clone(),
                Err(_) => return Err(format!("time: invalid duration {text:?}")),
            },
            Json::Number(number) => {
                format_duration(std::time::Duration::from_nanos(number.as_f64().unwrap_or_default() as u64))
            }
            Json::Null => continue,
            Json::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| item.to_string().replace('"', "")).collect();
                return Err(format!("unexpected {leeway} type: [{}]", items.join(" ")));
            }
            other => return Err(format!("unexpected {leeway} type: {other}")),
        };
        config[leeway] = value.into();
    }
    Ok(config)
}

/// The fields that are durations, in the order in which the real program reads them.
const LEEWAYS: [&str; 3] = ["ExpirationLeeway", "NotBeforeLeeway", "ClockSkewLeeway"];

fn delete(session: &Session<'_>) -> Outcome {
    let name = session.argument(0);
    session.api()?.delete(&path(name), &[]).map_err(Fault::of("Error deleting ACL auth method"))?;
    session.say(format!("ACL auth method {name} successfully deleted"));
    Ok(0)
}

fn info(session: &Session<'_>) -> Outcome {
    let found = session.api()?.get(&path(session.argument(0)), &[]);
    show(session, &found.map_err(Fault::of("Error reading ACL auth method"))?)
}

fn list(session: &Session<'_>) -> Outcome {
    let listing = Listing {
        path: "/v1/acl/auth-methods",
        error: "Error listing ACL auth methods",
        shape: "[]*api.ACLAuthMethodListStub",
        none: "No ACL auth methods found",
        header: "Name|Type|Default",
    };
    listing.show(session, |method| {
        format!("{}|{}|{}", method.text("Name"), method.text("Type"), method.truth("Default"))
    })
}

fn show(session: &Session<'_>, method: &Json) -> Outcome {
    if session.is_formatted() {
        return session.formatted(method, SHAPE);
    }
    session.say(pairs(&[
        format!("Name|{}", method.text("Name")),
        format!("Type|{}", method.text("Type")),
        format!("Locality|{}", method.text("TokenLocality")),
        format!("Max Token TTL|{}", duration(method.text("MaxTokenTTL"))),
        format!("Token Name Format|{}", method.text("TokenNameFormat")),
        format!("Default|{}", method.truth("Default")),
        format!("Create Index|{}", method.number("CreateIndex")),
        format!("Modify Index|{}", method.number("ModifyIndex")),
    ]));
    if method.at("Config").is_object() {
        session.say(format!("\n{}\n", session.bold("Auth Method Config")));
        session.say(pairs(&config_lines(method.at("Config"))));
    }
    Ok(0)
}

fn config_lines(config: &Json) -> Vec<String> {
    let text = |title: &str, field: &str| format!("{title}|{}", config.text(field));
    let texts = |title: &str, field: &str| format!("{title}|{}", config.texts(field).join(","));
    let truth = |title: &str, field: &str| format!("{title}|{}", config.truth(field));
    let leeway = |title: &str, field: &str| format!("{title}|{}", duration(config.text(field)));
    let mappings = |title: &str, object: &Json, field: &str| {
        let pair = |(key, value): (&str, &Json)| format!("{{{key}: {}}}", value.as_str().unwrap_or_default());
        format!("{title}|{}", object.entries(field).into_iter().map(pair).collect::<Vec<_>>().join("; "))
    };
    let mut lines = vec![
        texts("JWT Validation Public Keys", "JWTValidationPubKeys"),
        text("JWKS URL", "JWKSURL"),
        text("OIDC Discovery URL", "OIDCDiscoveryURL"),
        text("OIDC Client ID", "OIDCClientID"),
        text("OIDC Client Secret", "OIDCClientSecret"),
    ];
    let assertion = config.at("OIDCClientAssertion");
    if assertion.is_object() {
        lines.push(format!("OIDC Client Assertion KeySource|{}", assertion.text("KeySource")));
        lines.push(format!("OIDC Client Assertion Algorithm|{}", assertion.text("KeyAlgorithm")));
        lines.push(format!("OIDC Client Assertion Audience|{}", assertion.texts("Audience").join(",")));
        if !assertion.entries("ExtraHeaders").is_empty() {
            lines.push(mappings("OIDC Client Assertion Headers", assertion, "ExtraHeaders"));
        }
    }
    lines.extend([
        truth("OIDC Enable PKCE", "OIDCEnablePKCE"),
        truth("OIDC Disable UserInfo", "OIDCDisableUserInfo"),
        texts("OIDC Scopes", "OIDCScopes"),
        texts("Bound audiences", "BoundAudiences"),
        texts("Bound issuer", "BoundIssuer"),
        texts("Allowed redirects URIs", "AllowedRedirectURIs"),
        texts("Discovery CA pem", "DiscoveryCaPem"),
        text("JWKS CA cert", "JWKSCACert"),
        texts("Signing algorithms", "SigningAlgs"),
        leeway("Expiration Leeway", "ExpirationLeeway"),
        leeway("NotBefore Leeway", "NotBeforeLeeway"),
        leeway("ClockSkew Leeway", "ClockSkewLeeway"),
        mappings("Claim mappings", config, "ClaimMappings"),
        mappings("List claim mappings", config, "ListClaimMappings"),
    ]);
    lines
}

/// A duration as it is shown, where none is an empty text in JSON.
fn duration(text: &str) -> &str {
    if text.is_empty() { "0s" } else { text }
}
