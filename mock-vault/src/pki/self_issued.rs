//! `root/sign-self-issued`: another root signed, so that who trusts this one trusts that one too.

use lab_pki::{Certificate, CertificateBuilder, KeyIdentifier};
use serde_json::json;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response};
use crate::pki::engine::Pki;
use crate::pki::{aia, create};

const FIELDS: &[Field] = &[
    Field::text("certificate"),
    Field::text("issuer_ref").or_text("default"),
    Field::flag("require_matching_certificate_algorithms"),
];

/// The endpoints of signing what signed itself.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("root/sign-self-issued", &[FIELDS], &[(Update, sign)]),
    Endpoint::new("issuer/{issuer_ref}/sign-self-issued", &[FIELDS], &[(Update, sign)]),
];

fn sign(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let given = given(call)?;
    let reference = match call.fields.text("issuer_ref") {
        "" => "default",
        reference => reference,
    };
    let (entry, issuer) = pki.signer(reference, "issuing-certificates")?;
    let mut builder = CertificateBuilder::new(given.subject().clone(), given.not_before(), given.not_after());
    builder.serial = given.serial_bytes().to_vec();
    builder.raw_subject = Some(given.raw_subject().to_vec());
    builder.dns_names = given.dns_names().to_vec();
    builder.emails = given.emails().to_vec();
    builder.ip_addresses = given.ip_addresses().to_vec();
    builder.uris = given.uris().to_vec();
    builder.key_usage = given.key_usage();
    builder.extended_key_usage = given.extended_key_usage().to_vec();
    builder.basic_constraints = given.basic_constraints();
    if !given.subject_key_id().is_empty() {
        builder.subject_key_id = KeyIdentifier::Given(given.subject_key_id().to_vec());
    }
    let ours = issuer.certificate.raw_subject();
    if ours == given.raw_subject() || issuer.certificate.subject_key_id().is_empty() {
        builder.authority_key_id = KeyIdentifier::Given(given.authority_key_id().to_vec());
    }
    let (signer, signed) = (issuer.certificate.public_key().algorithm(), given.public_key().algorithm());
    if signer == signed {
        // The curve of another key decides for itself.
        builder.signature_algorithm = Some(given.signature_algorithm()).filter(|_| signer == "rsa");
    } else if call.fields.flag("require_matching_certificate_algorithms") {
        return Err(Refusal::Failed(format!(
            "signing certificate's public key algorithm ({}) does not match submitted certificate's ({}), and \
             require_matching_certificate_algorithms is true",
            go_name(signer),
            go_name(signed)
        )));
    }
    aia::apply(pki.urls_of(Some(&entry)), &mut builder);
    let certificate = builder.sign(given.public_key_der(), &issuer).map_err(create::unparsed)?;
    Response::of(json!({"certificate": certificate.to_pem(), "issuing_ca": issuer.certificate.to_pem()})).ok()
}

/// The certificate that is to be signed.
fn given(call: &Call<'_>) -> Result<Certificate, Refusal> {
    let text = call.fields.text("certificate");
    let refuse = |told: &str| {
        Err(Refusal::Invalid(format!("error parsing certificate: unable to parse certificate: {told}")))
    };
    if lab_pki::pem::first(text).is_none() {
        return refuse("invalid PEM");
    }
    if lab_pki::pem::blocks(text).len() > 1 {
        return refuse("trailing PEM data");
    }
    let given = Certificate::from_pem(text)
        .map_err(|error| Refusal::Invalid(format!("error parsing certificate: {error}")))?;
    if !given.is_ca() {
        return Err(Refusal::invalid("given certificate is not a CA certificate"));
    }
    if given.raw_issuer() != given.raw_subject() {
        return Err(Refusal::invalid("given certificate is not self-issued"));
    }
    Ok(given)
}

/// What Go calls an algorithm of keys.
fn go_name(algorithm: &str) -> &str {
    match algorithm {
        "rsa" => "RSA",
        "ec" => "ECDSA",
        "ed25519" => "Ed25519",
        other => other,
    }
}
