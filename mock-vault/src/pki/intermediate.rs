//! `intermediate/generate` and `intermediate/cross-sign`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::{BasicConstraints, SigningRequestBuilder};
use serde_json::json;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response};
use crate::pki::bundle::Format;
use crate::pki::engine::Pki;
use crate::pki::generation::{AuthorityKey, Generation};
use crate::pki::role::key_usage;
use crate::pki::validity::{self, Limits};
use crate::pki::{aia, create, other_names, root, subject};

const FIELDS: &[Field] = &[Field::flag("add_basic_constraints")];

/// The endpoints of signing requests for intermediates.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new(
        "intermediate/generate/{exported}",
        &[subject::FIELDS, subject::SUBJECT, root::KEY, root::LIFE, FIELDS],
        &[(Update, generate)],
    ),
    Endpoint::new(
        "issuers/generate/intermediate/{exported}",
        &[subject::FIELDS, subject::SUBJECT, root::KEY, root::LIFE, FIELDS],
        &[(Update, generate)],
    ),
    Endpoint::new(
        "intermediate/cross-sign",
        &[subject::FIELDS, subject::SUBJECT, root::KEY, root::LIFE, FIELDS],
        &[(Update, generate)],
    ),
];

/// A request for a new key, or for one that is there already.
fn generate(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let generation = Generation::of(pki, call)?;
    generation.check_name(pki, call)?;
    let wanted = subject::wanted(call, &subject::authority_role(call), None)?;
    let (_, warnings) = validity::not_after(call, &Limits::default())?;
    let (format, bits) = (generation.format, generation.signature_bits);
    let AuthorityKey { key, id: key_id, name: key_name } = generation.key(call)?;
    let request = SigningRequestBuilder {
        subject: wanted.subject,
        dns_names: wanted.names.dns,
        emails: wanted.names.emails,
        ip_addresses: wanted.names.ips,
        uris: wanted.names.uris,
        other_names: other_names::encodable(&wanted.names.others)?,
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
    response.warnings.extend(aia::of_request(pki.urls.get()));
    response.warnings.extend(warnings);
    response.ok()
}
