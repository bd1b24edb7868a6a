//! `config/crl`, `config/acme` and `config/auto-tidy`.

use serde_json::{Value, json};

use crate::logical::{
    Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response, parse_seconds, respond,
};
use crate::pki::engine::Pki;
use crate::pki::model::CrlConfig;

const FIELDS: &[Field] = &[
    Field::text("expiry"),
    Field::flag("disable"),
    Field::flag("ocsp_disable"),
    Field::text("ocsp_expiry"),
    Field::flag("auto_rebuild"),
    Field::text("auto_rebuild_grace_period"),
    Field::flag("enable_delta"),
    Field::text("delta_rebuild_interval"),
    Field::flag("cross_cluster_revocation"),
    Field::flag("unified_crl"),
    Field::flag("unified_crl_on_existing_paths"),
    Field::number("max_crl_entries"),
];

/// The endpoints of how revocation lists are made.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("config/crl", &[FIELDS], &[(Read, read), (Update, write)]),
    Endpoint::new("config/acme", &[], &[(Read, read_acme)]),
    Endpoint::new("acme/{rest*}", &[], &[(Read, no_acme), (Update, no_acme)]),
    Endpoint::new("roles/{role}/acme/{rest*}", &[], &[(Read, no_acme), (Update, no_acme)]),
    Endpoint::new("issuer/{issuer_ref}/acme/{rest*}", &[], &[(Read, no_acme), (Update, no_acme)]),
    Endpoint::new(
        "issuer/{issuer_ref}/roles/{role}/acme/{rest*}",
        &[],
        &[(Read, no_acme), (Update, no_acme)],
    ),
];

fn describe(config: &CrlConfig) -> Value {
    json!({
        "expiry": config.expiry, "disable": config.disable, "ocsp_disable": config.ocsp_disable,
        "ocsp_expiry": config.ocsp_expiry, "auto_rebuild": config.auto_rebuild,
        "auto_rebuild_grace_period": config.auto_rebuild_grace_period, "enable_delta": config.enable_delta,
        "delta_rebuild_interval": config.delta_rebuild_interval, "max_crl_entries": config.max_crl_entries,
        "cross_cluster_revocation": false, "unified_crl": false, "unified_crl_on_existing_paths": false,
    })
}

fn read(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    respond(describe(pki.crl_config.get()))
}

fn write(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let mut config = pki.crl_config.get().clone();
    for (name, text) in [
        ("expiry", &mut config.expiry),
        ("ocsp_expiry", &mut config.ocsp_expiry),
        ("auto_rebuild_grace_period", &mut config.auto_rebuild_grace_period),
        ("delta_rebuild_interval", &mut config.delta_rebuild_interval),
    ] {
        if fields.has(name) {
            let given = fields.text(name);
            parse_seconds(&Value::from(given))
                .map_err(|error| Refusal::Invalid(format!("given {name} could not be decoded: {error}")))?;
            *text = given.to_owned();
        }
    }
    for (name, flag) in [
        ("disable", &mut config.disable),
        ("ocsp_disable", &mut config.ocsp_disable),
        ("auto_rebuild", &mut config.auto_rebuild),
        ("enable_delta", &mut config.enable_delta),
    ] {
        if fields.has(name) {
            *flag = fields.flag(name);
        }
    }
    if fields.has("max_crl_entries") {
        config.max_crl_entries = fields.number("max_crl_entries");
    }
    if config.enable_delta && !config.auto_rebuild {
        return Err(Refusal::invalid(
            "Delta CRLs cannot be enabled when auto rebuilding is disabled as the complete CRL is always regenerated!",
        ));
    }
    if ["cross_cluster_revocation", "unified_crl"].iter().any(|name| fields.flag(name)) {
        return Err(Refusal::invalid(
            "Global, cross-cluster revocation queue can only be enabled on Vault Enterprise.",
        ));
    }
    let described = describe(&config);
    pki.crl_config.set(config);
    pki.rebuild_crls(call.environment);
    respond(described)
}

fn read_acme(_: &mut Pki, _: &Call<'_>) -> Outcome {
    respond(json!({
        "enabled": false, "allowed_issuers": ["*"], "allowed_roles": ["*"], "allow_role_ext_key_usage": false,
        "default_directory_policy": "sign-verbatim", "dns_resolver": "", "eab_policy": "not-required", "max_ttl": 7_776_000,
    }))
}

/// ACME is off: nothing is found, and nothing is said.
fn no_acme(_: &mut Pki, _: &Call<'_>) -> Outcome {
    Response::raw(404, "application/json", "").ok()
}
