//! `revoke`, `revoke-with-key`, `issuer/<ref>/revoke` and `crl/rotate`.

use lab_pki::{Certificate, KeyPair, key_matches, pem};
use lab_world::format_rfc3339_nano;
use serde_json::json;

use crate::logical::{Call, Endpoint, Environment, Field, Operation::*, Outcome, Refusal, Response, respond};
use crate::pki::certificates::normalize;
use crate::pki::engine::Pki;
use crate::pki::import::SHORTEST;
use crate::pki::issuers::describe;

const FIELDS: &[Field] =
    &[Field::text("serial_number"), Field::text("certificate"), Field::text("private_key")];
const ISSUER: &[Field] = &[Field::text("issuer_ref")];

/// The endpoints of revoking.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("revoke", &[FIELDS], &[(Update, revoke)]),
    Endpoint::new("revoke-with-key", &[FIELDS], &[(Update, revoke_with_key)]),
    Endpoint::new("issuer/{issuer_ref}/revoke", &[ISSUER], &[(Update, revoke_issuer)]),
    Endpoint::new("crl/rotate", &[], &[(Read, rotate)]),
    Endpoint::new("crl/rotate-delta", &[], &[(Read, rotate_delta)]),
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
        self.note_revocation(serial);
        if !self.crl_config.get().auto_rebuild {
            self.rebuild_crl(&issuer, environment);
        }
    }
}

fn rotate(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    pki.rebuild_crls(call.environment);
    Response { warnings: pki.crl_warnings(), ..Response::of(json!({"success": true})) }.ok()
}

fn rotate_delta(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let mut response = Response::of(json!({"success": true}));
    if pki.crl_config.get().enable_delta {
        pki.rebuild_deltas(call.environment);
    } else {
        let idle = "requested rebuild of delta CRL when delta CRL is not enabled; this is a no-op";
        response.warnings.push(idle.to_owned());
    }
    response.ok()
}

/// The serial number that is meant, by itself or by its certificate.
fn serial(call: &Call<'_>) -> Result<String, Refusal> {
    if call.fields.has("serial_number") && call.fields.text("serial_number").is_empty() {
        return Err(Refusal::invalid("The serial number must be provided"));
    }
    let (serial, certificate) = (call.fields.text("serial_number"), call.fields.text("certificate"));
    match (serial.is_empty(), certificate.is_empty()) {
        (true, true) => Err(Refusal::invalid("The serial number or certificate to revoke must be provided.")),
        (false, false) => {
            Err(Refusal::invalid("Must provide either the certificate or the serial to revoke; not both."))
        }
        (false, true) => Ok(normalize(serial)),
        (true, false) if certificate.len() < SHORTEST => Err(Refusal::Failed(
            "provided certificate data was too short; perhaps a path was passed to the API rather than the contents of a PEM \
             file"
                .into(),
        )),
        (true, false) if pem::first(certificate).is_none() => {
            Err(Refusal::Failed("certificate contains no PEM data".into()))
        }
        (true, false) => Certificate::from_pem(certificate)
            .map(|certificate| certificate.serial())
            .map_err(|error| Refusal::Invalid(format!("certificate contains no data: {error}"))),
    }
}

fn revoke(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let serial = serial(call)?;
    if let Ok(certificate) = Certificate::from_pem(call.fields.text("certificate")) {
        bring(pki, &certificate)?;
    }
    by_serial(pki, call, &serial)
}

/// Keeps a certificate that is not known yet, and that one of the issuers here signed.
fn bring(pki: &mut Pki, certificate: &Certificate) -> Result<(), Refusal> {
    if pki.certificates.get(&certificate.serial()).is_some() {
        return Ok(());
    }
    let signer = pki
        .issuers
        .values()
        .find(|issuer| certificate.check_signature_from(&issuer.certificate.0).is_ok())
        .map(|issuer| issuer.id.clone());
    let Some(signer) = signer else {
        return Err(Refusal::Failed(
            "unable to verify signature on presented cert from any present issuer in this mount; certificates from previous \
             CAs will need to have their issuing CA and key re-imported if revocation is necessary"
                .into(),
        ));
    };
    pki.store(certificate, &signer);
    Ok(())
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
    match (call.fields.has("serial_number"), call.fields.has("certificate")) {
        (false, false) | (true, true) => {
            serial(call)?;
        }
        _ => {}
    }
    if call.fields.text("private_key").is_empty() {
        return Err(Refusal::invalid("Must have private key to revoke via the /revoke-with-key path."));
    }
    let serial = serial(call)?;
    if call.fields.text("private_key").len() < SHORTEST {
        return Err(Refusal::invalid(
            "Provided data for private_key was too short; perhaps a path was passed to the API rather than the contents of a \
             PEM file?",
        ));
    }
    let key = KeyPair::from_pem(call.fields.text("private_key"))
        .map_err(|error| Refusal::Invalid(format!("unable to parse private key: {error}")))?;
    let Some((_, certificate)) = pki.stored(&serial) else {
        return Err(Refusal::Invalid(format!("certificate with serial {serial} not found.")));
    };
    if !key_matches(&certificate, &key) {
        return Err(Refusal::Failed("provided private key does not match certificate's public key".into()));
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
    pki.rebuild_crls(call.environment);
    let issuer = pki.issuer_named(&id)?;
    let mut warnings = pki.crl_warnings();
    if issuer.certificate.0.is_self_signed() {
        warnings.push(
            "This issuer is a self-signed (potentially root) certificate. This means it may not be considered revoked if \
             there is not an external, cross-signed variant of this certificate. This issuer's serial number will not appear \
             on its own CRL."
                .into(),
        );
    }
    if pki.defaults.get().issuer == id {
        warnings.push(
            "This issuer is currently configured as the default issuer for this mount; operations such as certificate \
             issuance may not work until a new default issuer is selected."
                .into(),
        );
    }
    Response { warnings, ..Response::of(describe(pki, issuer)) }.ok()
}
