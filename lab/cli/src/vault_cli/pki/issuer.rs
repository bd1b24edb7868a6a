//! An issuer as a path of the engine answers it.

use lab_pki::Certificate;
use serde_json::Value;

use super::health::parse;
use super::texts;
use crate::vault_cli::api::Api;
use crate::vault_cli::failure::Failure;
use crate::vault_cli::print::go_text;
use crate::vault_cli::secret::Secret;

/// An issuer, or any certificate with the chain behind it.
pub(super) struct Issuer {
    pub(super) certificate: Certificate,
    pub(super) chain: Vec<Certificate>,
    /// Its key in the mount; empty where it has none there.
    pub(super) key_id: String,
}

impl Issuer {
    /// Reads what a path answers.
    pub(super) fn read(api: &Api, path: &str) -> Result<Self, Failure> {
        let secret = api.request("GET", path, None)?.secret_if_any()?;
        Self::of(secret.as_ref(), path).map_err(Failure::Refused)
    }

    fn of(secret: Option<&Secret>, path: &str) -> Result<Self, String> {
        let certificate = match field(secret, "certificate")? {
            Value::String(text) if !text.is_empty() => text,
            other => {
                let shown = go_text(other);
                return Err(format!("field certificate value was blank or not a string: {shown}"));
            }
        };
        let certificate = parse(certificate)
            .map_err(|told| format!("unable to parse issuer {path}'s certificate: {told}"))?;
        let chain = field(secret, "ca_chain").and_then(texts);
        let chain = chain.map_err(|told| format!("unable to parse issuer {path}'s CA chain: {told}"))?;
        let chain = chain.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        let key_id = secret.and_then(|secret| secret.datum("key_id")).and_then(Value::as_str);
        Ok(Self {
            certificate,
            chain: chain.map(parse).collect::<Result<_, _>>()?,
            key_id: key_id.unwrap_or_default().to_owned(),
        })
    }
}

fn field<'a>(secret: Option<&'a Secret>, name: &str) -> Result<&'a Value, String> {
    let data = secret.and_then(|secret| secret.data.as_ref());
    let data = data.ok_or_else(|| format!("nil response received, {name} field unavailable"))?;
    data.get(name).ok_or_else(|| format!("response did not contain field: {name}"))
}
