//! `cert`, `certs`, `ca`, `ca_chain` and `crl`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::{Certificate, colons, pem};
use lab_world::format_rfc3339_nano;
use serde_json::{Value, json};

use crate::logical::{Call, Endpoint, Field, Need, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::pki::crl::{DER, Kind, PEM, pem_of};
use crate::pki::engine::Pki;
use crate::pki::model::Stored;

const FIELDS: &[Field] = &[Field::text("serial")];
const CHAIN: &str = "application/pem-certificate-chain";
const CERTIFICATE: &str = "application/pkix-cert";

/// How many serial numbers are listed in one go.
const BATCH: usize = 5000;

/// The endpoints of certificates.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("ca", &[], &[(Read, ca_der)]),
    Endpoint::new("ca/pem", &[], &[(Read, ca_pem)]),
    Endpoint::new("ca_chain", &[], &[(Read, ca_chain)]),
    Endpoint::new("crl", &[], &[(Read, |pki, call| crl_der(pki, call, Kind::Complete))]),
    Endpoint::new("crl/pem", &[], &[(Read, |pki, call| crl_pem(pki, call, Kind::Complete))]),
    Endpoint::new("crl/delta", &[], &[(Read, |pki, call| crl_der(pki, call, Kind::Delta))]),
    Endpoint::new("crl/delta/pem", &[], &[(Read, |pki, call| crl_pem(pki, call, Kind::Delta))]),
    Endpoint::new("cert/ca", &[], &[(Read, cert_ca)]),
    Endpoint::new("cert/ca/raw", &[], &[(Read, ca_der)]),
    Endpoint::new("cert/ca/raw/pem", &[], &[(Read, ca_pem)]),
    Endpoint::new("cert/ca_chain", &[], &[(Read, cert_chain)]),
    Endpoint::new("cert/crl", &[], &[(Read, |pki, call| cert_crl(pki, call, Kind::Complete))]),
    Endpoint::new("cert/delta-crl", &[], &[(Read, |pki, call| cert_crl(pki, call, Kind::Delta))]),
    Endpoint::new("cert/{serial:hex}", &[FIELDS], &[(Read, cert)]),
    Endpoint::new("cert/{serial:hex}/raw", &[FIELDS], &[(Read, cert_raw)]),
    Endpoint::new("cert/{serial:hex}/raw/pem", &[FIELDS], &[(Read, cert_raw_pem)]),
    Endpoint::new("certs/?", &[], &[(List, certs)]),
    Endpoint::new("certs/revoked/?", &[], &[(List, revoked)]),
];

/// A serial number as it is printed, from any way in which it may be written.
pub(super) fn normalize(serial: &str) -> String {
    serial.trim().replace('-', ":").to_lowercase()
}

impl Pki {
    /// The certificate of a serial number that the mount signed.
    pub(super) fn stored(&self, serial: &str) -> Option<(&Stored, Certificate)> {
        let stored = self.certificates.get(&normalize(serial))?;
        let der = STANDARD.decode(&stored.der).ok()?;
        Some((stored, Certificate::from_der(&der).ok()?))
    }

    fn default_chain(&self) -> Result<&[Certificate], String> {
        self.issuer("default").map(|issuer| self.chain(&issuer.id))
    }
}

/// Errors are swallowed here: without an authority there is nothing to send.
fn ca_der(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let der = pki.issuer("default").map(|issuer| issuer.certificate.0.der().to_vec()).unwrap_or_default();
    Response::raw(200, CERTIFICATE, der).ok()
}

fn ca_pem(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let text = pki.issuer("default").map(|issuer| issuer.certificate.0.to_pem()).unwrap_or_default();
    Response::raw(200, CHAIN, text).ok()
}

fn joined(chain: &[Certificate]) -> String {
    chain.iter().map(Certificate::to_pem).collect::<Vec<_>>().join("\n")
}

fn ca_chain(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    Response::raw(200, CERTIFICATE, pki.default_chain().map(joined).unwrap_or_default()).ok()
}

fn cert_ca(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let issuer = pki.issuer("default").map_err(Refusal::Invalid)?;
    respond(described(&issuer.certificate.0, issuer.certificate.0.to_pem()))
}

fn described(certificate: &Certificate, text: String) -> Value {
    json!({
        "certificate": text, "authority_key_id": colons(certificate.authority_key_id()), "revocation_time": 0,
        "revocation_time_rfc3339": "",
    })
}

fn cert_chain(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let chain = pki.default_chain().map_err(Refusal::Invalid)?;
    let text = joined(chain);
    let Some(first) = chain.first() else { return Ok(Reply::Nothing) };
    let mut data = described(first, text.clone());
    data["ca_chain"] = text.into();
    respond(data)
}

fn default_crl(pki: &mut Pki, call: &Call<'_>, kind: Kind) -> Vec<u8> {
    let Ok(id) = pki.issuer("default").map(|issuer| issuer.id.clone()) else { return Vec::new() };
    pki.crl_of(&id, kind, call.environment).and_then(|crl| STANDARD.decode(crl.der).ok()).unwrap_or_default()
}

fn cert_crl(pki: &mut Pki, call: &Call<'_>, kind: Kind) -> Outcome {
    let id = pki.issuer("default").map_err(Refusal::Failed)?.id.clone();
    let der = default_crl(pki, call, kind);
    if der.is_empty() {
        return Err(Refusal::Failed(format!("unable to find CRL for issuer: id:{id}/ref:default")));
    }
    respond(
        json!({"certificate": pem_of(&der).trim_end(), "revocation_time": 0, "revocation_time_rfc3339": ""}),
    )
}

fn crl_der(pki: &mut Pki, call: &Call<'_>, kind: Kind) -> Outcome {
    Response::raw(200, DER, default_crl(pki, call, kind)).ok()
}

fn crl_pem(pki: &mut Pki, call: &Call<'_>, kind: Kind) -> Outcome {
    Response::raw(200, PEM, pem_of(&default_crl(pki, call, kind)).trim_end().to_owned()).ok()
}

fn cert(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let Some((stored, certificate)) = pki.stored(call.fields.text("serial")) else {
        return Ok(Reply::Nothing);
    };
    let mut data = described(&certificate, certificate.to_pem());
    if let Some(revoked) = stored.revoked {
        data["revocation_time"] = revoked.unix_timestamp().into();
        data["revocation_time_rfc3339"] = format_rfc3339_nano(revoked).into();
        data["issuer_id"] = stored.issuer_id.as_str().into();
    }
    respond(data)
}

fn cert_raw(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let der = pki.stored(call.fields.text("serial")).map(|(_, certificate)| certificate.der().to_vec());
    Response::raw(200, CERTIFICATE, der.unwrap_or_default()).ok()
}

fn cert_raw_pem(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let text = pki
        .stored(call.fields.text("serial"))
        .map(|(_, certificate)| pem::encode("CERTIFICATE", certificate.der()));
    Response::raw(200, CHAIN, text.unwrap_or_default().trim_end().to_owned()).ok()
}

fn certs(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    some_of(pki, call, |_| true)
}

fn revoked(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    some_of(pki, call, |stored| stored.revoked.is_some())
}

/// The serial numbers behind those that the request has already; others are served between one batch and the next.
fn some_of(pki: &Pki, call: &Call<'_>, wanted: fn(&Stored) -> bool) -> Outcome {
    let last = call.request.listed.last().and_then(Value::as_str).unwrap_or_default();
    let rest = pki.certificates.after(last).filter(|(_, stored)| wanted(stored)).map(|(serial, _)| serial);
    let keys: Vec<String> = rest.take(BATCH).cloned().collect();
    if keys.len() == BATCH {
        let keys = keys.into_iter().map(Value::from).collect();
        return Ok(Reply::Await(Need::Turn(keys)));
    }
    Response::keys(keys).ok()
}
