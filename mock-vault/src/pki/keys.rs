//! `keys` and `key/<ref>`.

use lab_pki::colons;
use serde_json::{Value, json};

use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::pki::der::public_key_bits;
use crate::pki::engine::Pki;
use crate::pki::model::KeyEntry;
use crate::pki::role_endpoints::key_parameters;
use crate::pki::root;

const FIELDS: &[Field] = &[Field::text("key_ref"), Field::text("key_name")];
const GENERATE: &[Field] =
    &[Field::text("key_name"), Field::text("key_type").or_text("rsa"), Field::number("key_bits")];

/// The endpoints of keys.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("keys/?", &[], &[(List, list)]),
    Endpoint::new("keys/generate/internal", &[GENERATE], &[(Update, |pki, call| generate(pki, call, false))]),
    Endpoint::new("keys/generate/exported", &[GENERATE], &[(Update, |pki, call| generate(pki, call, true))]),
    Endpoint::new("keys/generate/kms", &[GENERATE], &[(Update, no_managed_keys)]),
    Endpoint::new("key/{key_ref}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)]),
];

impl Pki {
    /// The key that a reference means: an id, a name, or `default`.
    pub(super) fn key_named(&self, reference: &str) -> Result<&KeyEntry, Refusal> {
        let found = match reference {
            "default" if self.defaults.get().key.is_empty() => {
                return Err(Refusal::Failed("no default key currently configured".into()));
            }
            "default" => self.keys.get(&self.defaults.get().key),
            reference => self
                .keys
                .get(reference)
                .or_else(|| self.keys.values().find(|key| !key.name.is_empty() && key.name == reference)),
        };
        found.ok_or_else(|| Refusal::Failed(format!("unable to find PKI key for reference: {reference}")))
    }

    /// The id of the key with that public half.
    pub(super) fn find_key(&self, public_key: &[u8]) -> Option<String> {
        self.keys.values().find(|key| key.key.0.public_key_der() == public_key).map(|key| key.id.clone())
    }

    /// Names must be free, and usable as references.
    pub(super) fn check_key_name(&self, name: &str, own_id: &str) -> Result<(), Refusal> {
        if name.is_empty() {
            return Ok(());
        }
        if name == "default" {
            return Err(Refusal::invalid("reserved keyword 'default' can not be used as key name"));
        }
        if !root::fits(name) {
            return Err(Refusal::invalid("key name contained invalid characters"));
        }
        if self.key_named(name).is_ok_and(|key| key.id != own_id) {
            return Err(Refusal::invalid("key name already in use"));
        }
        Ok(())
    }
}

fn list(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let default = &pki.defaults.get().key;
    let info: Data = pki
        .keys
        .iter()
        .map(|(id, key)| (id.clone(), json!({"is_default": id == default, "key_name": key.name})))
        .collect();
    let mut response = Response::keys(pki.keys.names().cloned().collect::<Vec<_>>());
    if let Some(data) = response.data.as_mut().filter(|_| !info.is_empty()) {
        data.insert("key_info".into(), Value::Object(info));
    }
    response.ok()
}

fn no_managed_keys(_: &mut Pki, _: &Call<'_>) -> Outcome {
    Err(Refusal::Failed("managed keys are supported within enterprise edition only".into()))
}

fn generate(pki: &mut Pki, call: &Call<'_>, exported: bool) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("key_name");
    pki.check_key_name(name, "")?;
    let failed = |refusal| Refusal::Invalid(format!("Validation for key_type, key_bits failed: {refusal}"));
    let (bits, _) = key_parameters(fields.text("key_type"), fields.number("key_bits"), 0).map_err(failed)?;
    let key = Pki::generate_key(call, fields.text("key_type"), bits)?;
    let id = pki.add_key(call, key.clone(), name.to_owned());
    let mut data = json!({"key_id": id, "key_name": name, "key_type": key.kind().algorithm()});
    if exported {
        data["private_key"] = key.to_pem().trim_end().into();
    }
    respond(data)
}

fn read(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let key = pki.key_named(call.fields.text("key_ref"))?;
    let subject_key_id = pki
        .issuers
        .values()
        .find(|issuer| issuer.key_id == key.id)
        .map(|issuer| colons(issuer.certificate.0.subject_key_id()))
        .unwrap_or_else(|| colons(&key_identifier(key.key.0.public_key_der())));
    respond(json!({
        "key_id": key.id, "key_name": key.name, "key_type": key.key.0.kind().algorithm(), "subject_key_id": subject_key_id,
    }))
}

/// The SHA-1 of the bits of a public key.
fn key_identifier(spki: &[u8]) -> Vec<u8> {
    let digest =
        |bits: &[u8]| ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bits).as_ref().to_vec();
    public_key_bits(spki).map_or_else(Vec::new, digest)
}

fn write(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let id = pki.key_named(call.fields.text("key_ref"))?.id.clone();
    let name = call.fields.text("key_name");
    // A key that there is may be called what a new one may not.
    if !name.is_empty() && !root::fits(name) {
        return Err(Refusal::invalid("new key name outside of valid character limits"));
    }
    if name != "default" {
        pki.check_key_name(name, &id)?;
    }
    let kind = pki.keys.get_mut(&id).map(|key| {
        key.name = name.to_owned();
        key.key.0.kind().algorithm()
    });
    let mut response = Response::of(json!({"key_id": id, "key_name": name, "key_type": kind}));
    if name.is_empty() {
        response.warnings.push(format!(
            "Name successfully deleted, you will now need to reference this key by it's Id: {id}"
        ));
    }
    response.ok()
}

fn delete(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let Ok(key) = pki.key_named(call.fields.text("key_ref")) else { return Ok(Reply::Nothing) };
    let id = key.id.clone();
    if let Some(user) = pki.issuers.values().find(|issuer| issuer.key_id == id) {
        return Err(Refusal::Invalid(format!("Failed to Delete Key.  Key in Use by Issuer: {}", user.id)));
    }
    pki.keys.remove(&id);
    if pki.defaults.get().key == id {
        pki.defaults.get_mut().key.clear();
        return Response::warning(format!(
            "Deleted key {id} (via key_ref {}); this was configured as the default key. Operations without an explicit key \
             will not work until a new default is configured.",
            call.fields.text("key_ref")
        ))
        .ok();
    }
    Ok(Reply::Nothing)
}
