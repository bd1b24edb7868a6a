//! The key of an authority that is asked for: a new one, or one that is there already.

use lab_pki::KeyPair;

use crate::logical::{Call, Refusal};
use crate::pki::bundle::Format;
use crate::pki::engine::Pki;
use crate::pki::role_endpoints::key_parameters;

/// What a request for an authority says of its key and of the form of the answer.
pub(super) struct Generation {
    origin: Origin,
    pub(super) format: Format,
    /// Of the hash that is signed; 0 leaves it to the key.
    pub(super) signature_bits: i64,
}

enum Origin {
    New { kind: String, bits: i64 },
    Known { key: KeyPair, id: String, name: String },
}

/// A key with what it is kept under.
pub(super) struct AuthorityKey {
    pub(super) key: KeyPair,
    /// Of one that is there already.
    pub(super) id: Option<String>,
    pub(super) name: String,
}

impl Generation {
    /// Reads the parameters in the order of the real server.
    ///
    /// Errors: the first that is none, or a key that is not there.
    pub(super) fn of(pki: &Pki, call: &Call<'_>) -> Result<Self, Refusal> {
        let fields = &call.fields;
        let way = if call.path.ends_with("/cross-sign") { "existing" } else { fields.text("exported") };
        if !["exported", "internal", "existing", "kms"].contains(&way) {
            return Err(Refusal::invalid(
                "the \"exported\" path parameter must be \"internal\", \"existing\", exported\" or \"kms\"",
            ));
        }
        let format = Format::of(call)?;
        let origin = match way {
            "existing" | "kms" => known(pki, call, way)?,
            _ => Origin::New { kind: fields.text("key_type").to_owned(), bits: fields.number("key_bits") },
        };
        let signature_bits = fields.number("signature_bits");
        let (origin, signature_bits) = match origin {
            Origin::New { kind, bits } => {
                let (bits, signature_bits) = key_parameters(&kind, bits, signature_bits)?;
                (Origin::New { kind, bits }, signature_bits)
            }
            Origin::Known { key, id, name } => {
                let (_, signature_bits) = key_parameters(key.kind().algorithm(), 0, signature_bits)?;
                (Origin::Known { key, id, name }, signature_bits)
            }
        };
        Ok(Self { origin, format, signature_bits })
    }

    /// Refuses a name for the key that is taken or none.
    pub(super) fn check_name(&self, pki: &Pki, call: &Call<'_>) -> Result<(), Refusal> {
        pki.check_key_name(call.fields.text("key_name"), "")
    }

    /// The key, made where there is none yet.
    pub(super) fn key(self, call: &Call<'_>) -> Result<AuthorityKey, Refusal> {
        match self.origin {
            Origin::New { kind, .. } if kind == "any" => Err(Refusal::Failed("unknown key type: any".into())),
            Origin::New { kind, bits } => Ok(AuthorityKey {
                key: Pki::generate_key(call, &kind, bits)?,
                id: None,
                name: call.fields.text("key_name").to_owned(),
            }),
            Origin::Known { key, id, name } => Ok(AuthorityKey { key, id: Some(id), name }),
        }
    }
}

fn known(pki: &Pki, call: &Call<'_>, way: &str) -> Result<Origin, Refusal> {
    let fields = &call.fields;
    if fields.has("key_type") || fields.has("key_bits") {
        return Err(Refusal::invalid(
            "invalid parameter for the kms/existing path parameter, key_type nor key_bits arguments can be set in this \
             mode",
        ));
    }
    if way == "kms" {
        let is_named =
            !fields.text("managed_key_name").is_empty() || !fields.text("managed_key_id").is_empty();
        return Err(Refusal::invalid(if is_named {
            "managed keys are not supported within this edition"
        } else {
            "unable to determine managed key id: missing argument managed_key_name or managed_key_id"
        }));
    }
    let entry = pki.key_named(fields.text("key_ref")).map_err(|error| {
        Refusal::Invalid(format!("failed to lookup public key from existing key: {error}"))
    })?;
    Ok(Origin::Known { key: entry.key.0.clone(), id: entry.id.clone(), name: entry.name.clone() })
}
