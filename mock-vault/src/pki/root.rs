//! `root/generate`, `root/rotate`, `root/replace` and `root`.

use lab_pki::{BasicConstraints, Certificate, CertificateBuilder, KeyPair, KeyUsage};
use serde_json::{Value, json};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Response};
use crate::pki::bundle::{Bundle, Format};
use crate::pki::engine::Pki;
use crate::pki::names::Names;
use crate::pki::role::key_usage;
use crate::pki::role_endpoints::key_parameters;
use crate::pki::validity::{self, Limits};
use crate::pki::{aia, create, subject};

/// What every request for a new authority may say.
pub(super) const AUTHORITY: &[Field] = &[
    Field::text("exported"),
    Field::text("issuer_name"),
    Field::text("key_name"),
    Field::text("key_ref").or_text("default"),
    Field::text("key_type").or_text("rsa"),
    Field::number("key_bits"),
    Field::number("signature_bits"),
    Field::flag("use_pss"),
    Field::number("max_path_length").or_number(-1),
    Field::comma_list("permitted_dns_domains"),
    Field::seconds("not_before_duration").or_number(30),
    Field::comma_list("key_usage"),
    Field::flag("add_basic_constraints"),
    Field::text("managed_key_name"),
    Field::text("managed_key_id"),
];

/// The endpoints of roots.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new(
        "root/generate/{exported}",
        &[subject::FIELDS, subject::SUBJECT, AUTHORITY],
        &[(Update, generate)],
    ),
    Endpoint::new(
        "issuers/generate/root/{exported}",
        &[subject::FIELDS, subject::SUBJECT, AUTHORITY],
        &[(Update, generate)],
    ),
    Endpoint::new(
        "root/rotate/{exported}",
        &[subject::FIELDS, subject::SUBJECT, AUTHORITY],
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
    let format = Format::of(call)?;
    check_issuer_name(pki, &name, "")?;
    let (key, key_id, key_name) = authority_key(pki, call)?;
    let (builder, mut warnings) = builder(pki, call, &key)?;
    let mut builder = builder;
    builder.serial = create::serial(call);
    let no_subject = builder.subject.is_empty();
    let path_length = builder.basic_constraints.and_then(|constraints| constraints.path_length);
    let certificate = builder.self_sign(&key).map_err(|error| Refusal::Failed(error.to_string()))?;
    let key_id = match key_id {
        Some(id) => id,
        None => pki.add_key(call, key.clone(), key_name.clone()),
    };
    let id =
        pki.add_issuer(certificate.clone(), name.clone(), key_id.clone(), call.environment.entropy.uuid());
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
        warnings.push(
            "This issuer certificate was generated without a Subject; this makes it likely that issuing leaf certs with \
             this certificate will cause TLS validation libraries to reject this certificate."
                .into(),
        );
    }
    if path_length == Some(0) {
        warnings.push(
            "Max path length of the generated certificate is zero. This certificate cannot be used to issue intermediate \
             CA certificates."
                .into(),
        );
    }
    if pki.urls.get().is_empty() {
        warnings.push(aia::MISSING.into());
    }
    Response { warnings, ..Response::of(Value::Object(data)) }.ok()
}

/// The key of a new authority, the id of one that is there already, and the name of a new one.
pub(super) fn authority_key(
    pki: &Pki,
    call: &Call<'_>,
) -> Result<(KeyPair, Option<String>, String), Refusal> {
    let fields = &call.fields;
    let name = fields.text("key_name").to_owned();
    match fields.text("exported") {
        "internal" | "exported" => {
            pki.check_key_name(&name, "")?;
            let bits = u32::try_from(fields.number("key_bits")).unwrap_or(0);
            let (bits, _) = key_parameters(fields.text("key_type"), bits, 0)?;
            Ok((Pki::generate_key(call, fields.text("key_type"), bits)?, None, name))
        }
        "existing" => {
            let key = pki.key_named(fields.text("key_ref"))?;
            Ok((key.key.0.clone(), Some(key.id.clone()), key.name.clone()))
        }
        "kms" => Err(Refusal::invalid("managed keys are not supported within this edition")),
        _ => Err(Refusal::invalid(
            "the \"exported\" path parameter must be \"internal\", \"existing\", exported\" or \"kms\"",
        )),
    }
}

fn builder(pki: &Pki, call: &Call<'_>, key: &KeyPair) -> Result<(CertificateBuilder, Vec<String>), Refusal> {
    let (not_after, warnings) = validity::not_after(call, &Limits::default())?;
    let not_before = validity::not_before(call.now(), call.fields.duration("not_before_duration"));
    validity::check(not_before, not_after, None)?;
    let mut builder = CertificateBuilder::new(subject::authority(call), not_before, not_after);
    let names = authority_names(call)?;
    builder.dns_names = names.dns;
    builder.emails = names.emails;
    builder.ip_addresses = names.ips;
    builder.uris = names.uris;
    builder.other_names = names.others;
    builder.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN | key_usage(&call.fields.list("key_usage"));
    let path_length = u64::try_from(call.fields.number("max_path_length")).ok();
    builder.basic_constraints = Some(BasicConstraints { ca: true, path_length });
    builder.permitted_dns_names = call.fields.list("permitted_dns_domains");
    let bits = u32::try_from(call.fields.number("signature_bits")).unwrap_or(0);
    builder.signature_algorithm = create::signature(key, bits, call.fields.flag("use_pss"));
    aia::apply(pki.urls_of(None), &mut builder);
    Ok((builder, warnings))
}

/// The names of an authority: those of the request, without rules.
pub(super) fn authority_names(call: &Call<'_>) -> Result<Names, Refusal> {
    let mut names = Names { common_name: call.fields.text("common_name").to_owned(), ..Names::default() };
    subject::from_parameters(call, &mut names)?;
    if !call.fields.flag("exclude_cn_from_sans") && !names.common_name.is_empty() {
        subject::add_common_name(&mut names);
        names.dns.sort();
        names.dns.dedup();
    }
    Ok(names)
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
