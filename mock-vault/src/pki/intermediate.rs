//! `intermediate/generate` and `intermediate/cross-sign`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::{BasicConstraints, SigningRequestBuilder};
use serde_json::json;

use crate::logical::{Call, Endpoint, Operation::*, Outcome, Refusal, Response};
use crate::pki::bundle::Format;
use crate::pki::engine::Pki;
use crate::pki::role::key_usage;
use crate::pki::{aia, create, root, subject};

/// The endpoints of signing requests for intermediates.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new(
        "intermediate/generate/{exported}",
        &[subject::FIELDS, subject::SUBJECT, root::AUTHORITY],
        &[(Update, generate)],
    ),
    Endpoint::new(
        "issuers/generate/intermediate/{exported}",
        &[subject::FIELDS, subject::SUBJECT, root::AUTHORITY],
        &[(Update, generate)],
    ),
    Endpoint::new(
        "intermediate/cross-sign",
        &[subject::FIELDS, subject::SUBJECT, root::AUTHORITY],
        &[(Update, cross_sign)],
    ),
];

fn generate(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let (key, key_id, key_name) = root::authority_key(pki, call)?;
    make(pki, call, key, key_id, key_name)
}

/// A request for a key that is there already.
fn cross_sign(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let entry = pki.key_named(call.fields.text("key_ref"))?;
    let (key, id, name) = (entry.key.0.clone(), entry.id.clone(), entry.name.clone());
    make(pki, call, key, Some(id), name)
}

fn make(
    pki: &mut Pki,
    call: &Call<'_>,
    key: lab_pki::KeyPair,
    key_id: Option<String>,
    key_name: String,
) -> Outcome {
    let format = Format::of(call)?;
    let fields = &call.fields;
    let names = root::authority_names(call)?;
    let bits = u32::try_from(fields.number("signature_bits")).unwrap_or(0);
    let request = SigningRequestBuilder {
        subject: subject::authority(call),
        dns_names: names.dns,
        emails: names.emails,
        ip_addresses: names.ips,
        uris: names.uris,
        other_names: names.others,
        key_usage: key_usage(&fields.list("key_usage")),
        basic_constraints: fields
            .flag("add_basic_constraints")
            .then_some(BasicConstraints { ca: true, path_length: None }),
        signature_algorithm: create::signature(&key, bits, fields.flag("use_pss")),
    };
    let request = request.sign(&key).map_err(|error| Refusal::Failed(error.to_string()))?;
    let key_id = match key_id {
        Some(id) => id,
        None => pki.add_key(call, key.clone(), key_name),
    };
    let csr = if format == Format::Der {
        STANDARD.encode(request.der())
    } else {
        request.to_pem().trim_end().to_owned()
    };
    let mut response = Response::of(json!({"csr": csr, "key_id": key_id}));
    if fields.text("exported") == "exported"
        && let Some(data) = &mut response.data
    {
        let text = match (format, fields.text("private_key_format")) {
            (Format::Der, "pkcs8") => STANDARD.encode(key.pkcs8_der()),
            (Format::Der, _) => STANDARD.encode(key.traditional_der()),
            (_, "pkcs8") => key.to_pkcs8_pem().trim_end().to_owned(),
            _ => key.to_pem().trim_end().to_owned(),
        };
        if format == Format::Bundle {
            data.insert("csr".into(), format!("{text}\n{csr}").into());
        }
        data.insert("private_key".into(), text.into());
        data.insert("private_key_type".into(), key.kind().algorithm().into());
    }
    if pki.urls.get().is_empty() {
        response.warnings.push(format!(
            "{} Since this certificate is an intermediate, it might be useful to regenerate this certificate after fixing \
             this problem for the root mount.",
            aia::MISSING
        ));
    }
    response.ok()
}
