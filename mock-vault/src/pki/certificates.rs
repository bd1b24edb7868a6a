//! `cert`, `certs`, `ca`, `ca_chain` and `crl`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::{Certificate, pem};
use lab_world::format_rfc3339_nano;
use serde_json::{Value, json};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::pki::bundle::colons;
use crate::pki::crl::{DER, PEM, pem_of};
use crate::pki::engine::Pki;
use crate::pki::model::Stored;

const FIELDS: &[Field] = &[Field::text("serial")];
const CHAIN: &str = "application/pem-certificate-chain";
const CERTIFICATE: &str = "application/pkix-cert";

/// The endpoints of certificates.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("ca", &[], &[(Read, ca_der)]),
    Endpoint::new("ca/pem", &[], &[(Read, ca_pem)]),
    Endpoint::new("ca_chain", &[], &[(Read, ca_chain)]),
    Endpoint::new("crl", &[], &[(Read, |pki, call| crl(pki, call, false))]),
    Endpoint::new("crl/pem", &[], &[(Read, |pki, call| crl(pki, call, true))]),
    Endpoint::new("crl/delta", &[], &[(Read, |_, _| Response::raw(200, DER, "").ok())]),
    Endpoint::new("crl/delta/pem", &[], &[(Read, |_, _| Response::raw(200, PEM, "").ok())]),
    Endpoint::new("cert/ca", &[], &[(Read, cert_ca)]),
    Endpoint::new("cert/ca/raw", &[], &[(Read, ca_der)]),
    Endpoint::new("cert/ca/raw/pem", &[], &[(Read, ca_pem)]),
    Endpoint::new("cert/ca_chain", &[], &[(Read, cert_chain)]),
    Endpoint::new("cert/crl", &[], &[(Read, cert_crl)]),
    Endpoint::new("cert/{serial:any}", &[FIELDS], &[(Read, cert)]),
    Endpoint::new("cert/{serial:any}/raw", &[FIELDS], &[(Read, cert_raw)]),
    Endpoint::new("cert/{serial:any}/raw/pem", &[FIELDS], &[(Read, cert_raw_pem)]),
    Endpoint::new("certs/?", &[], &[(List, certs)]),
    Endpoint::new("certs/revoked/?", &[], &[(List, revoked)]),
    Endpoint::new("certs/revocation-queue/?", &[], &[(List, |_, _| Response::keys([]).ok())]),
    Endpoint::new("certs/unified-revoked/?", &[], &[(List, |_, _| Response::keys([]).ok())]),
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

fn default_crl(pki: &mut Pki, call: &Call<'_>) -> Vec<u8> {
    let Ok(id) = pki.issuer("default").map(|issuer| issuer.id.clone()) else { return Vec::new() };
    pki.crl_of(&id, call.environment).and_then(|crl| STANDARD.decode(crl.der).ok()).unwrap_or_default()
}

fn cert_crl(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let der = default_crl(pki, call);
    if der.is_empty() {
        return Ok(Reply::Nothing);
    }
    respond(
        json!({"certificate": pem_of(&der).trim_end(), "revocation_time": 0, "revocation_time_rfc3339": ""}),
    )
}

fn crl(pki: &mut Pki, call: &Call<'_>, as_pem: bool) -> Outcome {
    let der = default_crl(pki, call);
    match as_pem {
        false => Response::raw(200, DER, der).ok(),
        true if der.is_empty() => Response::raw(200, PEM, "").ok(),
        true => Response::raw(200, PEM, pem_of(&der)).ok(),
    }
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

fn certs(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    Response::keys(pki.certificates.names().cloned().collect::<Vec<_>>()).ok()
}

fn revoked(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let revoked = pki.certificates.iter().filter(|(_, stored)| stored.revoked.is_some());
    Response::keys(revoked.map(|(serial, _)| serial.clone()).collect::<Vec<_>>()).ok()
}
