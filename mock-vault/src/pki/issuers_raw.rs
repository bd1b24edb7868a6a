//! `issuer/<ref>/pem`, `der`, `json` and `crl`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response, respond};
use crate::pki::crl::{DER, PEM, pem_of};
use crate::pki::engine::Pki;
use crate::pki::root::pem_line;

const FIELDS: &[Field] = &[Field::text("issuer_ref")];

/// The endpoints of an issuer's bytes.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("issuer/{issuer_ref}/pem", &[FIELDS], &[(Read, as_pem)]),
    Endpoint::new("issuer/{issuer_ref}/der", &[FIELDS], &[(Read, as_der)]),
    Endpoint::new("issuer/{issuer_ref}/json", &[FIELDS], &[(Read, as_json)]),
    Endpoint::new("issuer/{issuer_ref}/crl", &[FIELDS], &[(Read, crl_json)]),
    Endpoint::new("issuer/{issuer_ref}/crl/pem", &[FIELDS], &[(Read, crl_pem)]),
    Endpoint::new("issuer/{issuer_ref}/crl/der", &[FIELDS], &[(Read, crl_der)]),
    Endpoint::new("issuer/{issuer_ref}/resign-crls", &[FIELDS], &[(Update, resign)]),
];

fn as_pem(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let issuer = pki.issuer_named(call.fields.text("issuer_ref"))?;
    Response::raw(200, "application/pem-certificate-chain", format!("{}\n", issuer.certificate.0.to_pem()))
        .ok()
}

fn as_der(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let issuer = pki.issuer_named(call.fields.text("issuer_ref"))?;
    Response::raw(200, "application/pkix-cert", issuer.certificate.0.der().to_vec()).ok()
}

fn as_json(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let issuer = pki.issuer_named(call.fields.text("issuer_ref"))?;
    respond(json!({
        "ca_chain": pki.chain(&issuer.id).iter().map(pem_line).collect::<Vec<_>>(),
        "certificate": pem_line(&issuer.certificate.0), "issuer_id": issuer.id, "issuer_name": issuer.name,
    }))
}

fn crl(pki: &mut Pki, call: &Call<'_>) -> Result<Vec<u8>, Refusal> {
    let id = pki.issuer_named(call.fields.text("issuer_ref"))?.id.clone();
    Ok(pki
        .crl_of(&id, call.environment)
        .map(|crl| STANDARD.decode(crl.der).unwrap_or_default())
        .unwrap_or_default())
}

fn crl_json(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let der = crl(pki, call)?;
    respond(json!({"crl": pem_of(&der)}))
}

fn crl_pem(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let der = crl(pki, call)?;
    Response::raw(200, PEM, pem_of(&der)).ok()
}

fn crl_der(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let der = crl(pki, call)?;
    Response::raw(200, DER, der).ok()
}

/// Makes an issuer's list anew.
fn resign(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let id = pki.issuer_named(call.fields.text("issuer_ref"))?.id.clone();
    pki.rebuild_crl(&id, call.environment);
    let der = crl(pki, call)?;
    respond(json!({"crl": pem_of(&der)}))
}
