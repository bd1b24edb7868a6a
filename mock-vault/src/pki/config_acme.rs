//! `config/acme`, and what is answered for ACME, which is always off.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response, respond};
use crate::pki::engine::Pki;

const FIELDS: &[Field] = &[
    Field::flag("enabled"),
    Field::comma_list("allowed_issuers"),
    Field::comma_list("allowed_roles"),
    Field::flag("allow_role_ext_key_usage"),
    Field::text("default_directory_policy"),
    Field::text("dns_resolver"),
    Field::text("eab_policy"),
    Field::seconds("max_ttl"),
];

/// When an account must be bound to one outside.
const BINDINGS: [&str; 3] = ["not-required", "new-account-required", "always-required"];

/// The endpoints of ACME.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("config/acme", &[FIELDS], &[(Read, read), (Update, write)]),
    Endpoint::new("acme/{rest*}", &[], &[(Read, off)]),
    Endpoint::new("roles/{role}/acme/{rest*}", &[], &[(Read, off)]),
    Endpoint::new("issuer/{issuer_ref}/acme/{rest*}", &[], &[(Read, off)]),
    Endpoint::new("issuer/{issuer_ref}/roles/{role}/acme/{rest*}", &[], &[(Read, off)]),
];

/// How certificates would be given out by ACME.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AcmeConfig {
    allowed_issuers: Vec<String>,
    allowed_roles: Vec<String>,
    allow_role_ext_key_usage: bool,
    default_directory_policy: String,
    dns_resolver: String,
    eab_policy: String,
    max_ttl: u64,
}

impl Default for AcmeConfig {
    fn default() -> Self {
        let any = || vec!["*".to_owned()];
        Self {
            allowed_issuers: any(),
            allowed_roles: any(),
            allow_role_ext_key_usage: false,
            default_directory_policy: "sign-verbatim".to_owned(),
            dns_resolver: String::new(),
            eab_policy: "not-required".to_owned(),
            max_ttl: 90 * 24 * 3600,
        }
    }
}

fn read(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let config = pki.acme_config.get();
    respond(json!({
        "enabled": false, "allowed_issuers": config.allowed_issuers, "allowed_roles": config.allowed_roles,
        "allow_role_ext_key_usage": config.allow_role_ext_key_usage,
        "default_directory_policy": config.default_directory_policy, "dns_resolver": config.dns_resolver,
        "eab_policy": config.eab_policy, "max_ttl": config.max_ttl,
    }))
}

fn write(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let config = changed(pki.acme_config.get(), call).map_err(Refusal::Failed)?;
    check(pki, &config).map_err(Refusal::Failed)?;
    if call.fields.flag("enabled") {
        return Err(Refusal::Failed(if pki.cluster.get().path.is_empty() {
            "ACME feature requires local cluster 'path' field configuration to be set".to_owned()
        } else {
            "the lab does not serve ACME".to_owned()
        }));
    }
    pki.acme_config.set(config);
    read(pki, call)
}

/// The configuration with what was sent. Errors: what of that can be no part of any.
fn changed(known: &AcmeConfig, call: &Call<'_>) -> Result<AcmeConfig, String> {
    let (fields, mut config) = (&call.fields, known.clone());
    for (name, list) in
        [("allowed_roles", &mut config.allowed_roles), ("allowed_issuers", &mut config.allowed_issuers)]
    {
        if fields.has(name) {
            *list = fields.list(name);
        }
        if list.is_empty() {
            return Err(format!(
                "{name} must take a non-zero length value; specify '*' as the value to allow anything or specify \
                 enabled=false to disable ACME entirely"
            ));
        }
    }
    if fields.has("allow_role_ext_key_usage") {
        config.allow_role_ext_key_usage = fields.flag("allow_role_ext_key_usage");
    }
    if fields.has("default_directory_policy") {
        config.default_directory_policy = fields.text("default_directory_policy").to_owned();
    }
    if fields.has("dns_resolver") {
        config.dns_resolver = fields.text("dns_resolver").to_owned();
        check_resolver(&config.dns_resolver)
            .map_err(|told| format!("failed to parse DNS resolver address: {told}"))?;
    }
    if fields.has("eab_policy") {
        config.eab_policy = fields.text("eab_policy").to_owned();
        if !BINDINGS.contains(&config.eab_policy.as_str()) {
            return Err(
                "invalid eab policy name provided, valid values are 'not-required', 'new-account-required', \
                 'always-required'"
                    .to_owned(),
            );
        }
    }
    if fields.has("max_ttl") {
        config.max_ttl = fields.duration("max_ttl").as_secs();
        if config.max_ttl == 0 {
            return Err("invalid max_ttl value, must be greater than 0".to_owned());
        }
    }
    Ok(config)
}

/// A resolver is an address and a port, or none.
fn check_resolver(resolver: &str) -> Result<(), String> {
    if resolver.is_empty() {
        return Ok(());
    }
    let Some((host, _)) = resolver.rsplit_once(':').filter(|_| !resolver.ends_with(']')) else {
        return Err(format!("address {resolver}: missing port in address"));
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if bracketed.is_none() && host.contains(':') {
        return Err(format!("address {resolver}: too many colons in address"));
    }
    match bracketed.unwrap_or(host) {
        "" => Err("got empty address".to_owned()),
        host if host.parse::<IpAddr>().is_err() => {
            Err("expected IPv4/IPv6 address, likely got hostname".to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether the mount has what the configuration names.
fn check(pki: &Pki, config: &AcmeConfig) -> Result<(), String> {
    check_policy(pki, &config.default_directory_policy)?;
    for (at, role) in config.allowed_roles.iter().enumerate() {
        match role.as_str() {
            "*" if config.allowed_roles.len() > 1 => {
                return Err(format!("cannot use '*' as role name at index {at}"));
            }
            "*" => {}
            role => check_role(pki, role)
                .map_err(|told| format!("allowed_role {role} is not a valid acme role: {told}"))?,
        }
    }
    for (at, issuer) in config.allowed_issuers.iter().enumerate() {
        match issuer.as_str() {
            "*" if config.allowed_issuers.len() > 1 => {
                return Err(format!("cannot use '*' as issuer name at index {at}"));
            }
            "*" => {}
            issuer => pki.issuer(issuer).map(drop).map_err(|told| {
                format!("failed validating allowed_issuers: unable to fetch issuer: {issuer}: {told}")
            })?,
        }
    }
    Ok(())
}

fn check_policy(pki: &Pki, policy: &str) -> Result<(), String> {
    match (policy, policy.split_once(':')) {
        ("forbid" | "sign-verbatim", _) => Ok(()),
        ("external-policy", _) | (_, Some(("external-policy", _))) => {
            Err("external-policy is only available in enterprise versions of Vault".to_owned())
        }
        (_, Some(("role", ""))) => {
            Err(format!("invalid default_directory_policy: no role specified by policy {policy}"))
        }
        (_, Some(("role", role))) => check_role(pki, role)
            .map_err(|told| format!("default directory policy role {role} is not a valid ACME role: {told}")),
        _ => Err(format!(
            "invalid default_directory_policy: string {policy} not a valid Default Directory Policy"
        )),
    }
}

fn check_role(pki: &Pki, name: &str) -> Result<(), &'static str> {
    match pki.roles.get(name) {
        None => Err("The request message was malformed: role does not exist"),
        Some(role) if role.no_store => {
            Err("The server experienced an internal error: role can not be used as NoStore is set to true")
        }
        Some(_) => Ok(()),
    }
}

/// ACME is off: nothing is found, and nothing is said.
fn off(_: &mut Pki, _: &Call<'_>) -> Outcome {
    Response::raw(404, "application/json", "").ok()
}
