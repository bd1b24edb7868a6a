//! `root/sign-intermediate` and `sign-self-issued`.

use lab_pki::{BasicConstraints, Certificate, CertificateBuilder, KeyUsage};
use serde_json::{Value, json};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response};
use crate::pki::bundle::{Bundle, Format};
use crate::pki::engine::Pki;
use crate::pki::issue::read_csr;
use crate::pki::model::NotAfterBehavior;
use crate::pki::role::key_usage;
use crate::pki::validity::{self, Limits};
use crate::pki::{aia, create, root, subject};

const FIELDS: &[Field] = &[
    Field::text("csr"),
    Field::flag("use_csr_values"),
    Field::flag("enforce_leaf_not_after_behavior"),
    Field::text("issuer_ref").or_text("default"),
    Field::text("skid"),
];
const SELF_ISSUED: &[Field] = &[
    Field::text("certificate"),
    Field::text("issuer_ref").or_text("default"),
    Field::flag("require_matching_certificate_algorithms"),
];

/// The endpoints of signing authorities.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new(
        "root/sign-intermediate",
        &[subject::FIELDS, subject::SUBJECT, root::AUTHORITY, FIELDS],
        &[(Update, sign)],
    ),
    Endpoint::new(
        "issuer/{issuer_ref}/sign-intermediate",
        &[subject::FIELDS, subject::SUBJECT, root::AUTHORITY, FIELDS],
        &[(Update, sign)],
    ),
    Endpoint::new("root/sign-self-issued", &[SELF_ISSUED], &[(Update, sign_self_issued)]),
    Endpoint::new("issuer/{issuer_ref}/sign-self-issued", &[SELF_ISSUED], &[(Update, sign_self_issued)]),
];

fn reference<'a>(call: &'a Call<'_>) -> &'a str {
    if call.path.starts_with("issuer/") { call.fields.text("issuer_ref") } else { "default" }
}

fn sign(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let format = Format::of(call)?;
    let (entry, issuer) = pki.signer(reference(call), "issuing-certificates")?;
    let csr = read_csr(call.fields.text("csr"))?;
    if csr.check_signature().is_err() {
        return Err(Refusal::invalid("request signature invalid"));
    }
    let limit = issuer.certificate.max_path_length();
    if limit == Some(0) {
        return Err(Refusal::invalid(
            "signing certificate has a max path length of zero, and cannot issue further CA certificates",
        ));
    }
    let (not_after, mut warnings) = validity::not_after(call, &Limits::default())?;
    let (not_after, warning) = end(call, not_after, &issuer.certificate, entry.behavior)?;
    warnings.extend(warning);
    let not_before = validity::not_before(call.now(), call.fields.duration("not_before_duration"));
    validity::check(not_before, not_after, Some(issuer.certificate.not_before()))?;
    let mut builder = builder(call, &csr, not_before, not_after)?;
    let asked = u64::try_from(call.fields.number("max_path_length")).ok();
    let path_length = match (asked, limit) {
        (Some(asked), Some(limit)) => Some(asked.min(limit - 1)),
        (asked, limit) => asked.or(limit.map(|limit| limit - 1)),
    };
    builder.basic_constraints = Some(BasicConstraints { ca: true, path_length });
    let bits = u32::try_from(call.fields.number("signature_bits")).unwrap_or(0);
    builder.signature_algorithm = create::signature(&issuer.key, bits, call.fields.flag("use_pss"));
    let urls = pki.urls_of(Some(&entry));
    let bare = urls.is_empty();
    aia::apply(urls, &mut builder);
    let certificate = pki.sign(builder, csr.public_key_der(), &issuer, &entry.id, call)?;
    pki.store(&certificate, &entry.id);
    if bare {
        warnings.push(aia::MISSING.into());
    }
    let above = pki.chain(&entry.id).to_vec();
    let chain: Vec<Certificate> = std::iter::once(certificate.clone()).chain(above.iter().cloned()).collect();
    let bundle = Bundle {
        certificate: &certificate,
        issuing_ca: &issuer.certificate,
        chain: Some(&chain),
        below: &above,
        key: None,
    };
    Response { warnings, ..Response::of(Value::Object(bundle.data(call, format))) }.ok()
}

/// An authority's end is cut to its issuer's with a warning, unless it is to be treated as a leaf.
fn end(
    call: &Call<'_>,
    not_after: time::OffsetDateTime,
    issuer: &Certificate,
    behavior: NotAfterBehavior,
) -> Result<(time::OffsetDateTime, Option<String>), Refusal> {
    let limit = issuer.not_after();
    let strict =
        call.fields.flag("enforce_leaf_not_after_behavior") || behavior == NotAfterBehavior::AlwaysEnforceErr;
    if strict {
        return validity::within_issuer(not_after, limit, behavior).map(|end| (end, None));
    }
    if not_after <= limit {
        return Ok((not_after, None));
    }
    Ok((
        limit,
        Some(
            "the signed intermediary CA certificate's notAfter was truncated to the issuer's notAfter".into(),
        ),
    ))
}

fn builder(
    call: &Call<'_>,
    csr: &lab_pki::SigningRequest,
    not_before: time::OffsetDateTime,
    not_after: time::OffsetDateTime,
) -> Result<CertificateBuilder, Refusal> {
    let fields = &call.fields;
    let whole = fields.flag("use_csr_values");
    let mut subject = if whole { csr.subject().clone() } else { subject::authority(call) };
    if subject.common_name.is_empty() {
        subject.common_name.clone_from(&csr.subject().common_name);
    }
    let mut builder = CertificateBuilder::new(subject, not_before, not_after);
    if whole {
        builder.dns_names = csr.dns_names().to_vec();
        builder.emails = csr.emails().to_vec();
        builder.ip_addresses = csr.ip_addresses().to_vec();
        builder.uris = csr.uris().to_vec();
        builder.other_names = csr.other_names().to_vec();
    } else {
        let names = root::authority_names(call)?;
        builder.dns_names = names.dns;
        builder.emails = names.emails;
        builder.ip_addresses = names.ips;
        builder.uris = names.uris;
        builder.other_names = names.others;
    }
    builder.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN | key_usage(&fields.list("key_usage"));
    builder.permitted_dns_names = fields.list("permitted_dns_domains");
    Ok(builder)
}

/// Signs another root, so that who trusts this one trusts that one too.
fn sign_self_issued(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let text = call.fields.text("certificate");
    if lab_pki::pem::first(text).is_none() {
        return Err(Refusal::invalid("certificate could not be PEM-decoded"));
    }
    let given = Certificate::from_pem(text)
        .map_err(|error| Refusal::Invalid(format!("error parsing certificate: {error}")))?;
    if !given.is_ca() {
        return Err(Refusal::invalid("given certificate is not a CA certificate"));
    }
    if given.raw_issuer() != given.raw_subject() {
        return Err(Refusal::invalid("given certificate is not self-issued"));
    }
    let (entry, issuer) = pki.signer(reference(call), "issuing-certificates")?;
    let mut builder = CertificateBuilder::new(given.subject().clone(), given.not_before(), given.not_after());
    builder.raw_subject = Some(given.raw_subject().to_vec());
    builder.dns_names = given.dns_names().to_vec();
    builder.emails = given.emails().to_vec();
    builder.ip_addresses = given.ip_addresses().to_vec();
    builder.uris = given.uris().to_vec();
    builder.key_usage = given.key_usage();
    builder.extended_key_usage = given.extended_key_usage().to_vec();
    builder.basic_constraints = given.basic_constraints();
    aia::apply(pki.urls_of(Some(&entry)), &mut builder);
    let certificate = pki.sign(builder, given.public_key_der(), &issuer, &entry.id, call)?;
    Response::of(json!({"certificate": certificate.to_pem(), "issuing_ca": issuer.certificate.to_pem()})).ok()
}
