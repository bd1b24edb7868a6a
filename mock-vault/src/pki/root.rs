//! `root/generate`, `root/rotate`, `root/replace` and `root`.

use lab_pki::{BasicConstraints, Certificate, CertificateBuilder};
use serde_json::{Value, json};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response};
use crate::pki::bundle::Bundle;
use crate::pki::engine::Pki;
use crate::pki::generation::{AuthorityKey, Generation};
use crate::pki::validity::{self, Limits};
use crate::pki::{aia, constraints, create, subject};

/// What a request for an authority may say of its key.
pub(super) const KEY: &[Field] = &[
    Field::text("exported"),
    Field::text("key_name"),
    Field::text("key_ref").or_text("default"),
    Field::text("key_type").or_text("rsa"),
    Field::number("key_bits"),
    Field::text("managed_key_name"),
    Field::text("managed_key_id"),
];

/// What every request for an authority may say of its life and its signature.
pub(super) const LIFE: &[Field] = &[
    Field::number("signature_bits"),
    Field::seconds("not_before_duration").or_number(30),
    Field::comma_list("key_usage"),
];

/// What a request for a certificate of an authority may say of it.
pub(super) const AUTHORITY: &[Field] =
    &[Field::text("issuer_name"), Field::flag("use_pss"), Field::number("max_path_length").or_number(-1)];

/// The warning of an authority without a subject.
pub(super) const NOBODY: &str = "This issuer certificate was generated without a Subject; this makes it likely that issuing \
    leaf certs with this certificate will cause TLS validation libraries to reject this certificate.";

/// Why a certificate with such a limit is not made.
pub(super) const BAD_PATH_LENGTH: &str =
    "unable to create certificate: x509: invalid MaxPathLen, must be greater or equal to -1";

/// The endpoints of roots.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new(
        "root/generate/{exported}",
        &[subject::FIELDS, subject::SUBJECT, KEY, LIFE, AUTHORITY, constraints::FIELDS],
        &[(Update, generate)],
    ),
    Endpoint::new(
        "issuers/generate/root/{exported}",
        &[subject::FIELDS, subject::SUBJECT, KEY, LIFE, AUTHORITY, constraints::FIELDS],
        &[(Update, generate)],
    ),
    Endpoint::new(
        "root/rotate/{exported}",
        &[subject::FIELDS, subject::SUBJECT, KEY, LIFE, AUTHORITY, constraints::FIELDS],
        &[(Update, rotate)],
    ),
    Endpoint::new("root/replace", &[&[Field::text("default").or_text("next")]], &[(Update, replace)]),
    Endpoint::new("root", &[], &[(Delete, delete)]),
];

fn generate(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("issuer_name").to_owned();
    make(pki, call, name)
}

/// The new root is called `next`, until it replaces the old one.
fn rotate(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let name = match call.fields.text("issuer_name") {
        "" => "next".to_owned(),
        name => name.to_owned(),
    };
    make(pki, call, name)
}

fn make(pki: &mut Pki, call: &Call<'_>, name: String) -> Outcome {
    let generation = Generation::of(pki, call)?;
    check_issuer_name(pki, &name, "")?;
    generation.check_name(pki, call)?;
    let (mut builder, mut warnings) = builder(pki, call)?;
    let (format, bits) = (generation.format, generation.signature_bits);
    let AuthorityKey { key, id: key_id, name: key_name } = generation.key(call)?;
    builder.signature_algorithm = create::signature(&key, bits, call.fields.flag("use_pss"));
    builder.serial = create::serial(call);
    let no_subject = builder.subject.is_empty();
    let path_length = builder.basic_constraints.and_then(|constraints| constraints.path_length);
    let certificate = builder.self_sign(&key).map_err(create::unparsed)?;
    let algorithm = certificate.signature_algorithm().to_string().replace('-', "With");
    let key_id = match key_id {
        Some(id) => id,
        None => pki.add_key(call, key.clone(), key_name.clone()),
    };
    let id =
        pki.add_issuer(certificate.clone(), name.clone(), key_id.clone(), call.environment.entropy.uuid());
    if let Some(issuer) = pki.issuers.get_mut(&id) {
        issuer.revocation_signature_algorithm = algorithm;
    }
    let defaults = pki.defaults.get_mut();
    if defaults.issuer.is_empty() || defaults.follows_latest {
        defaults.issuer.clone_from(&id);
    }
    pki.store(&certificate, &id);
    let exported = call.fields.text("exported") == "exported";
    let bundle = Bundle {
        certificate: &certificate,
        issuing_ca: &certificate,
        chain: None,
        below: &[],
        key: exported.then_some(&key),
    };
    let mut data = bundle.data(call, format);
    data.insert("issuer_id".into(), id.into());
    data.insert("issuer_name".into(), name.into());
    data.insert("key_id".into(), key_id.into());
    data.insert("key_name".into(), key_name.into());
    if no_subject {
        warnings.push(NOBODY.into());
    }
    warnings.extend(aia::of_root(pki.urls.get()));
    if path_length == Some(0) {
        warnings.push(
            "Max path length of the generated certificate is zero. This certificate cannot be used to issue intermediate \
             CA certificates."
                .into(),
        );
    }
    // What the lists complain about is said twice.
    warnings.extend(pki.crl_warnings());
    warnings.extend(pki.crl_problems());
    Response { warnings, ..Response::of(Value::Object(data)) }.ok()
}

fn builder(pki: &Pki, call: &Call<'_>) -> Result<(CertificateBuilder, Vec<String>), Refusal> {
    let wanted = subject::wanted(call, &subject::authority_role(call), None)?;
    // That a life was shortened goes without saying here.
    let (not_after, _) = validity::not_after(call, &Limits::default())?;
    let (usages, problems) = create::authority_usages(call);
    let warning = problems.map(|problems| format!("Invalid key usage will be ignored: {problems}"));
    let not_before = validity::not_before(call.now(), call.fields.duration("not_before_duration"));
    validity::check(not_before, not_after, None)?;
    let mut builder = CertificateBuilder::new(wanted.subject, not_before, not_after);
    constraints::apply(call, &mut builder)
        .map_err(|bad| Refusal::Invalid(format!("invalid {}_ip_ranges value: {bad}", bad.sort)))?;
    if call.fields.number("max_path_length") < -1 {
        return Err(Refusal::Failed(BAD_PATH_LENGTH.into()));
    }
    wanted.names.apply(&mut builder)?;
    builder.key_usage = usages;
    let path_length = u64::try_from(call.fields.number("max_path_length")).ok();
    builder.basic_constraints = Some(BasicConstraints { ca: true, path_length });
    aia::apply(pki.urls_of(None), &mut builder);
    Ok((builder, warning.into_iter().collect()))
}

/// Names must be free, and usable as references.
pub(super) fn check_issuer_name(pki: &Pki, name: &str, own_id: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Ok(());
    }
    if name == "default" {
        return Err(Refusal::invalid("reserved keyword 'default' can not be used as issuer name"));
    }
    if !fits(name) {
        return Err(Refusal::invalid("issuer name contained invalid characters"));
    }
    if pki.issuer(name).is_ok_and(|issuer| issuer.id != own_id) {
        return Err(Refusal::invalid("issuer name already in use"));
    }
    Ok(())
}

/// Whether a name can be a reference.
pub(super) fn fits(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(word) && name.ends_with(word) && name.chars().all(|c| word(c) || c == '-' || c == '.')
}

fn replace(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    super::config::set_default(pki, call)
}

fn delete(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    let ids: Vec<String> = pki.issuers.names().cloned().collect();
    ids.iter().for_each(|id| {
        pki.issuers.remove(id);
    });
    let keys: Vec<String> = pki.keys.names().cloned().collect();
    keys.iter().for_each(|id| {
        pki.keys.remove(id);
    });
    pki.defaults.set(Default::default());
    pki.rebuild_chains();
    Response::warning(
        "DELETE /root deletes all keys and issuers; prefer the new DELETE /key/:key_ref and DELETE /issuer/:issuer_ref for \
         finer granularity, unless removal of all keys and issuers is desired.",
    )
    .ok()
}

/// What is answered of an issuer's certificate in JSON.
pub(super) fn pem_line(certificate: &Certificate) -> Value {
    json!(format!("{}\n", certificate.to_pem()))
}
