//! Importing issuers and keys: `intermediate/set-signed`, `config/ca`, `issuers/import` and `keys/import`.

use lab_pki::{Certificate, KeyPair, key_matches, pem};
use serde_json::{Value, json};

use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Response};
use crate::pki::aia;
use crate::pki::engine::Pki;

const FIELDS: &[Field] = &[Field::text("pem_bundle"), Field::text("certificate"), Field::text("kind")];
const KEY: &[Field] = &[Field::text("pem_bundle"), Field::text("key_name")];

/// The endpoints of importing.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("intermediate/set-signed", &[FIELDS], &[(Update, |pki, call| import(pki, call, false))]),
    Endpoint::new("config/ca", &[FIELDS], &[(Update, |pki, call| import(pki, call, true))]),
    Endpoint::new("issuers/import/cert", &[FIELDS], &[(Update, |pki, call| import(pki, call, false))]),
    Endpoint::new("issuers/import/bundle", &[FIELDS], &[(Update, |pki, call| import(pki, call, true))]),
    Endpoint::new("keys/import", &[KEY], &[(Update, import_key)]),
];

/// The shortest text that can be a certificate in PEM.
const SHORTEST: usize = 75;

fn bundle<'a>(call: &'a Call<'_>) -> Result<&'a str, Refusal> {
    let text = match call.fields.text("pem_bundle") {
        "" => call.fields.text("certificate"),
        bundle => bundle,
    };
    if text.is_empty() {
        return Err(Refusal::invalid("'pem_bundle' and 'certificate' parameters were empty"));
    }
    if text.len() < SHORTEST {
        return Err(Refusal::invalid(
            "provided data for import was too short; perhaps a path was passed to the API rather than the contents of a PEM file",
        ));
    }
    Ok(text)
}

fn import(pki: &mut Pki, call: &Call<'_>, keys_allowed: bool) -> Outcome {
    let text = bundle(call)?;
    let blocks = pem::blocks(text);
    if blocks.is_empty() {
        return Err(Refusal::invalid("provided PEM block contained no data"));
    }
    let (mut certificates, mut keys) = (Vec::new(), Vec::new());
    for (at, block) in blocks.iter().enumerate() {
        let encoded = pem::encode(&block.label, &block.content);
        if block.label.ends_with("PRIVATE KEY") {
            let key = KeyPair::from_pem(&encoded)
                .map_err(|error| Refusal::Invalid(format!("Error parsing key {at}: {error}")))?;
            keys.push(key);
        } else {
            let certificate = Certificate::from_der(&block.content).map_err(|error| {
                Refusal::Invalid(format!(
                    "Error parsing issuer {at}: unable to parse issuer's certificate: {error}"
                ))
            })?;
            if !certificate.is_ca() {
                return Err(Refusal::Invalid(format!(
                    "Error parsing issuer {at}: Refusing to import non-CA certificate\n{encoded}"
                )));
            }
            certificates.push(certificate);
        }
    }
    if !keys.is_empty() && !keys_allowed {
        return Err(Refusal::invalid(
            "private keys found in the PEM bundle but not allowed by the path; use /issuers/import/bundle",
        ));
    }
    take(pki, call, certificates, keys)
}

fn take(pki: &mut Pki, call: &Call<'_>, certificates: Vec<Certificate>, keys: Vec<KeyPair>) -> Outcome {
    let (mut new_keys, mut known_keys, mut new_issuers, mut known_issuers) = (vec![], vec![], vec![], vec![]);
    for key in keys {
        match pki.find_key(key.public_key_der()) {
            Some(id) => known_keys.push(id),
            None => new_keys.push(pki.add_key(call, key, String::new())),
        }
    }
    let mut mapping = Data::new();
    for certificate in certificates {
        let known = pki
            .issuers
            .values()
            .find(|entry| entry.certificate.0 == certificate)
            .map(|entry| entry.id.clone());
        let id = match known {
            Some(id) => {
                known_issuers.push(id.clone());
                id
            }
            None => {
                let key = pki.find_key(certificate.public_key_der()).unwrap_or_default();
                let id =
                    pki.add_issuer(certificate.clone(), String::new(), key, call.environment.entropy.uuid());
                new_issuers.push(id.clone());
                id
            }
        };
        let key = pki.issuers.get(&id).map(|entry| entry.key_id.clone()).unwrap_or_default();
        mapping.insert(id, key.into());
    }
    adopt_keys(pki, &new_keys);
    choose_default(pki, &new_issuers);
    let warnings = warnings(pki, &new_issuers);
    let shown = |ids: Vec<String>| if ids.is_empty() { Value::Null } else { json!(ids) };
    let imported = !new_issuers.is_empty();
    let mut response = Response::of(json!({
        "mapping": mapping, "imported_keys": shown(new_keys), "imported_issuers": shown(new_issuers),
        "existing_keys": shown(known_keys), "existing_issuers": shown(known_issuers),
    }));
    if imported {
        response.warnings = warnings;
    }
    response.ok()
}

/// Issuers that waited for their key get it.
fn adopt_keys(pki: &mut Pki, keys: &[String]) {
    for id in keys {
        let Some(key) = pki.keys.get(id).map(|entry| entry.key.0.clone()) else { continue };
        let waiting: Vec<String> = pki
            .issuers
            .values()
            .filter(|entry| entry.key_id.is_empty() && key_matches(&entry.certificate.0, &key))
            .map(|entry| entry.id.clone())
            .collect();
        for issuer in waiting {
            if let Some(issuer) = pki.issuers.get_mut(&issuer) {
                issuer.key_id.clone_from(id);
            }
        }
    }
}

/// Without a default, the one new issuer with a key becomes it, or the only new one.
fn choose_default(pki: &mut Pki, new: &[String]) {
    let with_key: Vec<&String> =
        new.iter().filter(|id| pki.issuers.get(id).is_some_and(|entry| !entry.key_id.is_empty())).collect();
    let chosen = match (with_key.as_slice(), new) {
        ([only], _) => (*only).clone(),
        ([], [only]) => only.clone(),
        _ => return,
    };
    let defaults = pki.defaults.get_mut();
    if defaults.issuer.is_empty() || defaults.follows_latest {
        defaults.issuer = chosen;
    }
}

fn warnings(pki: &Pki, new: &[String]) -> Vec<String> {
    let mut warnings = Vec::new();
    let keyless = pki.issuers.get(&pki.defaults.get().issuer).is_some_and(|entry| entry.key_id.is_empty());
    if keyless {
        warnings.push(
            "The default issuer has no key associated with it. Some operations like issuing certificates and signing CRLs \
             will be unavailable with the requested default issuer until a key is imported or the default issuer is changed."
                .into(),
        );
    }
    if !new.is_empty() && pki.urls.get().is_empty() {
        warnings.push(aia::MISSING.into());
    }
    warnings
}

fn import_key(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("key_name");
    pki.check_key_name(name, "")?;
    let text = call.fields.text("pem_bundle");
    if text.is_empty() {
        return Err(Refusal::invalid("'pem_bundle' parameter was empty"));
    }
    if pem::first(text).is_none() {
        return Err(Refusal::invalid("provided PEM block contained no data"));
    }
    let key =
        KeyPair::from_pem(text).map_err(|error| Refusal::Invalid(format!("unable to parse key: {error}")))?;
    let (id, warning) = match pki.find_key(key.public_key_der()) {
        Some(id) => (id, Some("Key already imported, use key/ endpoint to update name.")),
        None => (pki.add_key(call, key, name.to_owned()), None),
    };
    let entry = pki.key_named(&id)?;
    let mut response = Response::of(json!({
        "key_id": entry.id, "key_name": entry.name, "key_type": entry.key.0.kind().algorithm(),
    }));
    response.warnings.extend(warning.map(str::to_owned));
    response.ok()
}
