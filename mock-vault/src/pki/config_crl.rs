//! `config/crl`.

use std::time::Duration;

use lab_world::format_duration;
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
pub(super) static ENDPOINTS: &[Endpoint<Pki>] =
    &[Endpoint::new("config/crl", &[FIELDS], &[(Read, read), (Update, write)])];

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
            let seconds = parse_seconds(&Value::from(given))
                .map_err(|error| Refusal::Invalid(format!("given {name} could not be decoded: {error}")))?;
            if name == "ocsp_expiry" && seconds < 0 {
                let shown = format_duration(Duration::from_secs(seconds.unsigned_abs()));
                return Err(Refusal::Invalid(format!(
                    "ocsp_expiry must be greater than or equal to 0 got: -{shown}"
                )));
            }
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
    // One says that there is no limit, and other numbers that are none say nothing.
    if let entries @ (-1 | 1..) = fields.number("max_crl_entries") {
        config.max_crl_entries = entries;
    }
    let cross_cluster = fields.flag("cross_cluster_revocation");
    let unified = fields.flag("unified_crl");
    let refuse = |text: &str| Err(Refusal::invalid(text));
    if fields.flag("unified_crl_on_existing_paths") && !unified {
        return refuse("unified_crl_on_existing_paths cannot be enabled if unified_crl is disabled");
    }
    check_windows(&config)?;
    if !config.auto_rebuild && config.enable_delta {
        return refuse(
            "Delta CRLs cannot be enabled when auto rebuilding is disabled as the complete CRL is always regenerated!",
        );
    }
    if !config.auto_rebuild && cross_cluster {
        return refuse(
            "Global, cross-cluster revocation queue cannot be enabled when auto rebuilding is disabled as the local cluster \
             may not have the certificate entry!",
        );
    }
    if cross_cluster {
        return refuse(
            "Global, cross-cluster revocation queue (cross_cluster_revocation) can only be enabled on Vault Enterprise.",
        );
    }
    if unified {
        return refuse("unified_crl can only be enabled on Vault Enterprise");
    }
    let described = describe(&config);
    let before = pki.crl_config.get();
    // Another expiry alone counts from the next list on.
    let is_other = before.disable != config.disable
        || before.enable_delta != config.enable_delta
        || (before.auto_rebuild && !config.auto_rebuild);
    if config.expiry.is_empty() {
        config.expiry = CrlConfig::default().expiry;
    }
    pki.crl_config.set(config);
    let mut response = Response::of(described);
    if is_other {
        pki.rebuild_crls(call.environment);
        response.warnings = pki.crl_warnings();
    }
    response.ok()
}

/// Lists must be made again before they are too old.
fn check_windows(config: &CrlConfig) -> Result<(), Refusal> {
    let seconds = |text: &str| parse_seconds(&Value::from(text)).unwrap_or(0);
    let (expiry, grace, delta) =
        (&config.expiry, &config.auto_rebuild_grace_period, &config.delta_rebuild_interval);
    if config.auto_rebuild && seconds(grace) >= seconds(expiry) {
        return Err(Refusal::Invalid(format!(
            "CRL auto-rebuilding grace period ({grace}) must be strictly shorter than CRL expiry ({expiry}) value when \
             auto-rebuilding of CRLs is enabled"
        )));
    }
    if config.enable_delta && seconds(delta) >= seconds(expiry) {
        return Err(Refusal::Invalid(format!(
            "CRL delta rebuild window ({delta}) must be strictly shorter than CRL expiry ({expiry}) value when delta CRLs are \
             enabled"
        )));
    }
    Ok(())
}
