//! `issuer/<ref>/pem`, `der`, `json` and `crl`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response, respond};
use crate::pki::crl::{DER, Kind, PEM, pem_of};
use crate::pki::engine::Pki;
use crate::pki::root::pem_line;

const FIELDS: &[Field] = &[Field::text("issuer_ref")];

/// The endpoints of an issuer's bytes.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("issuer/{issuer_ref}/pem", &[FIELDS], &[(Read, as_pem)]),
    Endpoint::new("issuer/{issuer_ref}/der", &[FIELDS], &[(Read, as_der)]),
    Endpoint::new("issuer/{issuer_ref}/json", &[FIELDS], &[(Read, as_json)]),
    Endpoint::new(
        "issuer/{issuer_ref}/crl",
        &[FIELDS],
        &[(Read, |pki, call| crl_json(pki, call, Kind::Complete))],
    ),
    Endpoint::new(
        "issuer/{issuer_ref}/crl/pem",
        &[FIELDS],
        &[(Read, |pki, call| crl_pem(pki, call, Kind::Complete))],
    ),
    Endpoint::new(
        "issuer/{issuer_ref}/crl/der",
        &[FIELDS],
        &[(Read, |pki, call| crl_der(pki, call, Kind::Complete))],
    ),
    Endpoint::new(
        "issuer/{issuer_ref}/crl/delta",
        &[FIELDS],
        &[(Read, |pki, call| crl_json(pki, call, Kind::Delta))],
    ),
    Endpoint::new(
        "issuer/{issuer_ref}/crl/delta/pem",
        &[FIELDS],
        &[(Read, |pki, call| crl_pem(pki, call, Kind::Delta))],
    ),
    Endpoint::new(
        "issuer/{issuer_ref}/crl/delta/der",
        &[FIELDS],
        &[(Read, |pki, call| crl_der(pki, call, Kind::Delta))],
    ),
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

fn crl(pki: &mut Pki, call: &Call<'_>, kind: Kind) -> Result<Vec<u8>, Refusal> {
    let reference = call.fields.text("issuer_ref");
    let id = pki.issuer_named(reference)?.id.clone();
    let none = || Refusal::Failed(format!("unable to find CRL for issuer: id:{id}/ref:{reference}"));
    let crl = pki.crl_of(&id, kind, call.environment).ok_or_else(none)?;
    Ok(STANDARD.decode(crl.der).unwrap_or_default())
}

fn crl_json(pki: &mut Pki, call: &Call<'_>, kind: Kind) -> Outcome {
    let der = crl(pki, call, kind)?;
    respond(json!({"crl": pem_of(&der)}))
}

fn crl_pem(pki: &mut Pki, call: &Call<'_>, kind: Kind) -> Outcome {
    let der = crl(pki, call, kind)?;
    Response::raw(200, PEM, pem_of(&der)).ok()
}

fn crl_der(pki: &mut Pki, call: &Call<'_>, kind: Kind) -> Outcome {
    let der = crl(pki, call, kind)?;
    Response::raw(200, DER, der).ok()
}
