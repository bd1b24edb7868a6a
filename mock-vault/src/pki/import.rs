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
pub(super) const SHORTEST: usize = 75;

/// What bundles have beside keys and certificates.
const IGNORED: [&str; 4] = ["CRL", "X509 CRL", "EC PARAMS", "EC PARAMETERS"];

const TOO_SHORT: &str = "provided data for import was too short; perhaps a path was passed to the API rather than the contents \
    of a PEM file";

/// What is brought, under the name that a path has for it.
fn bundle<'a>(call: &'a Call<'_>) -> Result<&'a str, Refusal> {
    let is_signed = call.path.ends_with("set-signed");
    let text = call.fields.text(if is_signed { "certificate" } else { "pem_bundle" });
    if text.is_empty() {
        return Err(Refusal::invalid("'pem_bundle' and 'certificate' parameters were empty"));
    }
    if text.len() < SHORTEST {
        return Err(Refusal::invalid(TOO_SHORT));
    }
    Ok(text)
}

fn import(pki: &mut Pki, call: &Call<'_>, keys_allowed: bool) -> Outcome {
    let text = bundle(call)?;
    let blocks = pem::blocks(text);
    if blocks.is_empty() {
        return Err(Refusal::invalid("provided PEM block contained no data"));
    }
    let known = blocks.iter().filter(|block| !IGNORED.contains(&block.label.as_str()));
    let (issuers, keys): (Vec<_>, Vec<_>) =
        known.partition(|block| ["CERTIFICATE", "X509 CERTIFICATE"].contains(&block.label.as_str()));
    if !keys.is_empty() && !keys_allowed {
        return Err(Refusal::invalid(
            "private keys found in the PEM bundle but not allowed by the path; use /issuers/import/bundle",
        ));
    }
    let key = |(at, block): (usize, &&pem::Block)| {
        KeyPair::from_pem(&pem::encode(&block.label, &block.content))
            .map_err(|error| Refusal::Invalid(format!("Error parsing key {at}: {error}")))
    };
    let (keys, bad_key) = until_bad(keys.iter().enumerate().map(key));
    if let Some(bad) = bad_key {
        take(pki, call, Vec::new(), keys)?;
        return Err(bad);
    }
    let (issuers, bad) = until_bad(issuers.iter().enumerate().map(|(at, block)| issuer(at, block)));
    let taken = take(pki, call, issuers, keys)?;
    bad.map_or(Ok(taken), Err)
}

/// What is before the first that is bad, which stays, and what is wrong with that.
fn until_bad<T>(all: impl Iterator<Item = Result<T, Refusal>>) -> (Vec<T>, Option<Refusal>) {
    let mut good = Vec::new();
    for one in all {
        match one {
            Ok(one) => good.push(one),
            Err(bad) => return (good, Some(bad)),
        }
    }
    (good, None)
}

fn issuer(at: usize, block: &pem::Block) -> Result<Certificate, Refusal> {
    let refused = |told: String| {
        let encoded = pem::encode(&block.label, &block.content);
        Refusal::Invalid(format!("Error parsing issuer {at}: {told}\n{encoded}"))
    };
    let certificate = Certificate::from_der(&block.content)
        .map_err(|error| refused(format!("unable to parse certificate: {error}")))?;
    if certificate.is_ca() {
        Ok(certificate)
    } else {
        Err(refused("Refusing to import non-CA certificate".into()))
    }
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
    let any = !new_issuers.is_empty() || !known_issuers.is_empty();
    let warnings = warnings(pki, &new_issuers, any);
    let shown = |ids: Vec<String>| if ids.is_empty() { Value::Null } else { json!(ids) };
    let mut response = Response::of(json!({
        "mapping": mapping, "imported_keys": shown(new_keys), "imported_issuers": shown(new_issuers),
        "existing_keys": shown(known_keys), "existing_issuers": shown(known_issuers),
    }));
    response.warnings = warnings;
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

/// Without a default, the one new issuer with a key becomes it.
fn choose_default(pki: &mut Pki, new: &[String]) {
    let with_key: Vec<&String> =
        new.iter().filter(|id| pki.issuers.get(id).is_some_and(|entry| !entry.key_id.is_empty())).collect();
    let [only] = with_key.as_slice() else { return };
    let chosen = (*only).clone();
    let defaults = pki.defaults.get_mut();
    if defaults.issuer.is_empty() || defaults.follows_latest {
        defaults.issuer = chosen;
    }
}

fn warnings(pki: &Pki, new: &[String], any: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    let keyless = pki.issuers.get(&pki.defaults.get().issuer).is_some_and(|entry| entry.key_id.is_empty());
    if keyless && !new.is_empty() {
        warnings.push(
            "The default issuer has no key associated with it. Some operations like issuing certificates and signing CRLs \
             will be unavailable with the requested default issuer until a key is imported or the default issuer is changed."
                .into(),
        );
    }
    warnings.extend(aia::of_import(pki.urls.get()).filter(|_| any));
    warnings
}

fn import_key(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("key_name");
    pki.check_key_name(name, "")?;
    let text = call.fields.text("pem_bundle");
    if text.len() < SHORTEST {
        return Err(Refusal::invalid(TOO_SHORT));
    }
    let blocks = pem::blocks(text);
    match blocks.iter().filter(|block| !IGNORED.contains(&block.label.as_str())).count() {
        0 => return Err(Refusal::invalid("provided PEM block contained no data")),
        1 => {}
        _ => {
            return Err(Refusal::invalid(
                "only a single key can be present within the pem_bundle for importing",
            ));
        }
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
