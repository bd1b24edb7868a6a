//! `revoke`, `revoke-with-key`, `issuer/<ref>/revoke` and `crl/rotate`.

use lab_pki::{Certificate, KeyPair, key_matches};
use lab_world::format_rfc3339_nano;
use serde_json::json;

use crate::logical::{Call, Endpoint, Environment, Field, Operation::*, Outcome, Refusal, Response, respond};
use crate::pki::certificates::normalize;
use crate::pki::engine::Pki;

const FIELDS: &[Field] =
    &[Field::text("serial_number"), Field::text("certificate"), Field::text("private_key")];
const ISSUER: &[Field] = &[Field::text("issuer_ref")];

/// The endpoints of revoking.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("revoke", &[FIELDS], &[(Update, revoke)]),
    Endpoint::new("revoke-with-key", &[FIELDS], &[(Update, revoke_with_key)]),
    Endpoint::new("issuer/{issuer_ref}/revoke", &[ISSUER], &[(Update, revoke_issuer)]),
    Endpoint::new("crl/rotate", &[], &[(Read, rotate), (Update, rotate)]),
    Endpoint::new(
        "crl/rotate-delta",
        &[],
        &[
            (Read, |_, _| respond(json!({"success": true}))),
            (Update, |_, _| respond(json!({"success": true}))),
        ],
    ),
];

impl Pki {
    /// Revokes what a lease stands for; tidied certificates are none any more.
    pub(super) fn revoke_leased(&mut self, serial: &str, environment: &Environment) -> Result<(), String> {
        let expired = match self.certificates.get(serial) {
            None => return Ok(()),
            Some(stored) => stored.revoked.is_some() || stored.not_after <= environment.now,
        };
        if !expired {
            self.mark(serial, environment);
        }
        Ok(())
    }

    fn mark(&mut self, serial: &str, environment: &Environment) {
        let Some(stored) = self.certificates.get_mut(serial) else { return };
        stored.revoked = Some(environment.now);
        let issuer = stored.issuer_id.clone();
        if !self.crl_config.get().auto_rebuild {
            self.rebuild_crl(&issuer, environment);
        }
    }
}

fn rotate(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    pki.rebuild_crls(call.environment);
    respond(json!({"success": true}))
}

/// The serial number that is meant, by itself or by its certificate.
fn serial(call: &Call<'_>) -> Result<String, Refusal> {
    let (serial, certificate) = (call.fields.text("serial_number"), call.fields.text("certificate"));
    match (serial.is_empty(), certificate.is_empty()) {
        (true, true) => Err(Refusal::invalid("The serial number or certificate to revoke must be provided.")),
        (false, false) => {
            Err(Refusal::invalid("Must provide either the certificate or the serial to revoke; not both."))
        }
        (false, true) => Ok(normalize(serial)),
        (true, false) => Certificate::from_pem(certificate)
            .map(|certificate| certificate.serial())
            .map_err(|error| Refusal::Invalid(format!("certificate contains no data: {error}"))),
    }
}

fn revoke(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let serial = serial(call)?;
    by_serial(pki, call, &serial)
}

fn by_serial(pki: &mut Pki, call: &Call<'_>, serial: &str) -> Outcome {
    if let Some(issuer) = pki.issuers.values().find(|issuer| issuer.certificate.0.serial() == serial) {
        return Err(Refusal::Invalid(format!(
            "adding issuer (id: {}) to its own CRL is not allowed",
            issuer.id
        )));
    }
    let Some(stored) = pki.certificates.get(serial) else {
        return Err(Refusal::Invalid(format!("certificate with serial {serial} not found.")));
    };
    if stored.revoked.is_none() {
        if stored.not_after <= call.now() + std::time::Duration::from_secs(2) {
            return Response::warning(format!(
                "certificate with serial {serial} already expired; refusing to add to CRL"
            ))
            .ok();
        }
        pki.mark(serial, call.environment);
    }
    let revoked = pki.certificates.get(serial).and_then(|stored| stored.revoked).unwrap_or(call.now());
    respond(json!({
        "revocation_time": revoked.unix_timestamp(), "revocation_time_rfc3339": format_rfc3339_nano(revoked), "state": "revoked",
    }))
}

/// Whoever has the private key may revoke its certificate.
fn revoke_with_key(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let serial = serial(call)?;
    let key = KeyPair::from_pem(call.fields.text("private_key"))
        .map_err(|error| Refusal::Invalid(format!("unable to parse private key: {error}")))?;
    let Some((_, certificate)) = pki.stored(&serial) else {
        return Err(Refusal::Invalid(format!("certificate with serial {serial} not found.")));
    };
    if !key_matches(&certificate, &key) {
        return Err(Refusal::invalid("the provided private key does not match the certificate's public key"));
    }
    by_serial(pki, call, &serial)
}

/// A revoked issuer signs nothing any more, and stands on its parent's list.
fn revoke_issuer(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let id = pki.issuer_named(call.fields.text("issuer_ref"))?.id.clone();
    if let Some(issuer) = pki.issuers.get_mut(&id).filter(|issuer| issuer.revoked.is_none()) {
        issuer.revoked = Some(call.now());
        issuer.usage.retain(|usage| usage != "issuing-certificates");
    }
    let issuer = pki.issuer_named(&id)?.clone();
    pki.rebuild_crls(call.environment);
    let revoked = issuer.revoked.unwrap_or(call.now());
    respond(json!({
        "issuer_id": issuer.id, "issuer_name": issuer.name, "key_id": issuer.key_id, "revoked": true,
        "certificate": super::root::pem_line(&issuer.certificate.0), "usage": issuer.usage.join(","),
        "revocation_time": revoked.unix_timestamp(), "revocation_time_rfc3339": format_rfc3339_nano(revoked),
        "leaf_not_after_behavior": issuer.behavior.name(), "manual_chain": null,
        "ca_chain": pki.chain(&id).iter().map(super::root::pem_line).collect::<Vec<_>>(),
    }))
}
