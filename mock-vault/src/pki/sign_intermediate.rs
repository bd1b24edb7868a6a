//! `root/sign-intermediate`.

use lab_pki::{BasicConstraints, Certificate, CertificateBuilder};
use serde_json::Value;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response};
use crate::pki::bundle::{Bundle, Format};
use crate::pki::crl_sign::hex_of;
use crate::pki::engine::Pki;
use crate::pki::issue::{read_csr, take_over};
use crate::pki::model::NotAfterBehavior;
use crate::pki::role::Role;
use crate::pki::validity::{self, Limits};
use crate::pki::{aia, constraints, create, csr_key, root, subject};

const FIELDS: &[Field] = &[
    Field::text("csr"),
    Field::flag("use_csr_values"),
    Field::flag("enforce_leaf_not_after_behavior"),
    Field::text("issuer_ref").or_text("default"),
    Field::text("skid"),
];

/// The endpoints of signing authorities.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new(
        "root/sign-intermediate",
        &[subject::FIELDS, subject::SUBJECT, root::LIFE, root::AUTHORITY, constraints::FIELDS, FIELDS],
        &[(Update, sign)],
    ),
    Endpoint::new(
        "issuer/{issuer_ref}/sign-intermediate",
        &[subject::FIELDS, subject::SUBJECT, root::LIFE, root::AUTHORITY, constraints::FIELDS, FIELDS],
        &[(Update, sign)],
    ),
];

fn reference<'a>(call: &'a Call<'_>) -> &'a str {
    Some(call.fields.text("issuer_ref")).filter(|reference| !reference.is_empty()).unwrap_or("default")
}

fn sign(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let format = Format::of(call).map_err(|_| {
        Refusal::invalid("The \"format\" path parameter must be \"pem\", \"der\" or \"pem_bundle\"")
    })?;
    let (entry, issuer) = pki.signer(reference(call), "issuing-certificates")?;
    let csr = read_csr(call.fields.text("csr"))?;
    let mut role = Role {
        signature_bits: call.fields.number("signature_bits"),
        use_csr_common_name: call.fields.text("common_name").is_empty(),
        ..subject::authority_role(call)
    };
    csr_key::check(&mut role, &csr).map_err(signing)?;
    let wanted = subject::wanted(call, &role, Some(&csr))?;
    let (not_after, shortened) = validity::not_after(call, &Limits::default())?;
    let (not_after, cut) = end(call, not_after, &issuer.certificate, entry.behavior)?;
    let not_before = validity::not_before(call.now(), call.fields.duration("not_before_duration"));
    validity::check(not_before, not_after, Some(issuer.certificate.not_before()))?;
    let skid = hex_of(call.fields.text("skid"))
        .map_err(|told| Refusal::Invalid(format!("cannot parse requested SKID value as hex: {told}")))?;
    let mut builder = CertificateBuilder::new(wanted.subject, not_before, not_after);
    constraints::apply(call, &mut builder)
        .map_err(|bad| Refusal::Invalid(format!("error parsinng {} IP ranges: {bad}", bad.sort)))?;
    if csr.check_signature().is_err() {
        return Err(Refusal::invalid("request signature invalid"));
    }
    wanted.names.apply(&mut builder).map_err(signing)?;
    if call.fields.flag("use_csr_values") {
        take_over(&mut builder, &csr)?;
    }
    let (usages, problems) = create::authority_usages(call);
    builder.key_usage = usages;
    if call.fields.number("max_path_length") < -1 {
        return Err(signing(Refusal::Failed(root::BAD_PATH_LENGTH.into())));
    }
    let limit = issuer.certificate.max_path_length();
    if limit == Some(0) {
        return Err(Refusal::invalid(
            "signing certificate has a max path length of zero, and cannot issue further CA certificates",
        ));
    }
    if !skid.is_empty() {
        builder.subject_key_id = lab_pki::KeyIdentifier::Given(skid);
    }
    let asked = u64::try_from(call.fields.number("max_path_length")).ok();
    let path_length = match (asked, limit) {
        (Some(asked), Some(limit)) => Some(asked.min(limit - 1)),
        (asked, limit) => asked.or(limit.map(|limit| limit - 1)),
    };
    builder.basic_constraints = Some(BasicConstraints { ca: true, path_length });
    builder.signature_algorithm =
        create::signature(&issuer.key, role.signature_bits, call.fields.flag("use_pss"));
    let urls = pki.urls_of(Some(&entry));
    let about_urls = aia::of_intermediate(&urls);
    aia::apply(urls, &mut builder);
    let is_nobody = builder.raw_subject.as_ref().map_or(builder.subject.is_empty(), |raw| raw == &[0x30, 0]);
    let certificate = pki.sign(builder, csr.public_key_der(), &issuer, &entry.id, call).map_err(signing)?;
    pki.store(&certificate, &entry.id);
    let mut warnings = Vec::new();
    if is_nobody {
        warnings.push(root::NOBODY.to_owned());
    }
    warnings.extend(about_urls);
    if path_length == Some(0) {
        warnings.push(
            "Max path length of the signed certificate is zero. This certificate cannot be used to issue intermediate CA \
             certificates."
                .into(),
        );
    }
    warnings.extend(problems.map(|problems| format!("Invalid key usage: {problems}")));
    warnings.extend(shortened);
    warnings.extend(cut);
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

/// What goes wrong in the end is told as a failure to sign.
fn signing(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Failed(text) => Refusal::Failed(format!("error signing cert: {text}")),
        other => other,
    }
}
