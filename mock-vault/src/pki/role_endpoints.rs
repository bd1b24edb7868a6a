//! `roles`.

use crate::logical::{
    Call, Endpoint, Field, Fields, Operation::*, Outcome, Refusal, Reply, Response, respond,
};
use crate::pki::engine::Pki;
use crate::pki::role::Role;
use crate::pki::{oid, other_names, policies};

const FIELDS: &[Field] = &[
    Field::text("backend"),
    Field::text("name"),
    Field::text("issuer_ref").or_text("default"),
    Field::seconds("ttl"),
    Field::seconds("max_ttl"),
    Field::flag("allow_localhost").or_true(),
    Field::comma_list("allowed_domains"),
    Field::flag("allowed_domains_template"),
    Field::flag("allow_bare_domains"),
    Field::flag("allow_subdomains"),
    Field::flag("allow_glob_domains"),
    Field::flag("allow_wildcard_certificates").or_true(),
    Field::flag("allow_any_name"),
    Field::flag("enforce_hostnames").or_true(),
    Field::flag("allow_ip_sans").or_true(),
    Field::comma_list("allowed_uri_sans"),
    Field::flag("allowed_uri_sans_template"),
    Field::comma_list("allowed_other_sans"),
    Field::comma_list("allowed_serial_numbers"),
    Field::comma_list("allowed_user_ids"),
    Field::flag("server_flag").or_true(),
    Field::flag("client_flag").or_true(),
    Field::flag("code_signing_flag"),
    Field::flag("email_protection_flag"),
    Field::text("key_type").or_text("rsa"),
    Field::number("key_bits"),
    Field::number("signature_bits"),
    Field::flag("use_pss"),
    Field::comma_list("key_usage").or_list(&["DigitalSignature", "KeyAgreement", "KeyEncipherment"]),
    Field::comma_list("ext_key_usage"),
    Field::comma_list("ext_key_usage_oids"),
    Field::flag("use_csr_common_name").or_true(),
    Field::flag("use_csr_sans").or_true(),
    Field::text("serial_number_source").or_text("json-csr"),
    Field::comma_list("ou"),
    Field::comma_list("organization"),
    Field::comma_list("country"),
    Field::comma_list("locality"),
    Field::comma_list("province"),
    Field::comma_list("street_address"),
    Field::comma_list("postal_code"),
    Field::flag("generate_lease"),
    Field::flag("no_store"),
    Field::flag("require_cn").or_true(),
    Field::comma_list("cn_validations").or_list(&["email", "hostname"]),
    Field::comma_list("policy_identifiers"),
    Field::flag("basic_constraints_valid_for_non_ca"),
    Field::seconds("not_before_duration").or_number(30),
    Field::text("not_after"),
];

/// The endpoints of roles.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("roles/?", &[], &[(List, list)]),
    Endpoint::new(
        "roles/{name}",
        &[FIELDS],
        &[(Read, read), (Update, write), (Patch, patch), (Delete, delete)],
    ),
];

fn list(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    Response::keys(pki.roles.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    match pki.roles.get(call.fields.text("name")) {
        Some(role) => respond(role.describe()),
        None => Ok(Reply::Nothing),
    }
}

fn delete(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    pki.roles.remove(call.fields.text("name"));
    Ok(Reply::Nothing)
}

fn write(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let role = from_fields(&call.fields);
    save(pki, call.fields.text("name"), role)
}

/// What is not sent stays: the role is read back as fields, and what was sent is put over them.
fn patch(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let Some(known) = pki.roles.get(name) else {
        return Err(Refusal::invalid("Unable to fetch role entry to patch"));
    };
    let mut merged = known.describe().as_object().cloned().unwrap_or_default();
    merged.extend(call.fields.raw().clone());
    let fields = Fields::read(&[FIELDS], merged).map_err(Refusal::Invalid)?;
    save(pki, name, from_fields(&fields))
}

fn from_fields(fields: &Fields) -> Role {
    Role {
        issuer_ref: fields.text("issuer_ref").to_owned(),
        ttl: fields.duration("ttl"),
        max_ttl: fields.duration("max_ttl"),
        allow_localhost: fields.flag("allow_localhost"),
        allowed_domains: fields.list("allowed_domains"),
        allowed_domains_template: fields.flag("allowed_domains_template"),
        allow_bare_domains: fields.flag("allow_bare_domains"),
        allow_subdomains: fields.flag("allow_subdomains"),
        allow_glob_domains: fields.flag("allow_glob_domains"),
        allow_wildcard_certificates: fields.flag("allow_wildcard_certificates"),
        allow_any_name: fields.flag("allow_any_name"),
        enforce_hostnames: fields.flag("enforce_hostnames"),
        allow_ip_sans: fields.flag("allow_ip_sans"),
        allowed_uri_sans: fields.list("allowed_uri_sans"),
        allowed_uri_sans_template: fields.flag("allowed_uri_sans_template"),
        allowed_other_sans: fields.list("allowed_other_sans"),
        allowed_serial_numbers: fields.list("allowed_serial_numbers"),
        allowed_user_ids: fields.list("allowed_user_ids"),
        server_flag: fields.flag("server_flag"),
        client_flag: fields.flag("client_flag"),
        code_signing_flag: fields.flag("code_signing_flag"),
        email_protection_flag: fields.flag("email_protection_flag"),
        key_type: fields.text("key_type").to_owned(),
        key_bits: fields.number("key_bits"),
        signature_bits: fields.number("signature_bits"),
        use_pss: fields.flag("use_pss"),
        key_usage: fields.list("key_usage"),
        ext_key_usage: fields.list("ext_key_usage"),
        ext_key_usage_oids: fields.list("ext_key_usage_oids"),
        use_csr_common_name: fields.flag("use_csr_common_name"),
        use_csr_sans: fields.flag("use_csr_sans"),
        serial_number_source: fields.text("serial_number_source").to_owned(),
        ou: fields.list("ou"),
        organization: fields.list("organization"),
        country: fields.list("country"),
        locality: fields.list("locality"),
        province: fields.list("province"),
        street_address: fields.list("street_address"),
        postal_code: fields.list("postal_code"),
        generate_lease: fields.flag("generate_lease"),
        no_store: fields.flag("no_store"),
        require_cn: fields.flag("require_cn"),
        cn_validations: fields.list("cn_validations"),
        policy_identifiers: policies::read(fields),
        basic_constraints_valid_for_non_ca: fields.flag("basic_constraints_valid_for_non_ca"),
        not_before_duration: fields.duration("not_before_duration"),
        not_after: fields.text("not_after").to_owned(),
    }
}

fn save(pki: &mut Pki, name: &str, mut role: Role) -> Outcome {
    check(&mut role)?;
    let exclusive = role.generate_lease && role.no_store;
    role.generate_lease &= !exclusive;
    let mut response = Response::of(role.describe());
    response.warnings.extend(missing_issuer(pki, &role));
    if exclusive {
        response.warnings.push(
            "mutually exclusive values no_store=true and generate_lease=true were both specified; no_store=true takes \
             priority"
                .into(),
        );
    }
    if role.generate_lease {
        response.warnings.push(
            "it is encouraged to disable generate_lease and rely on PKI's native capabilities when possible; this option \
             can cause Vault-wide issues with large numbers of issued certificates"
                .into(),
        );
    }
    pki.roles.insert(name, role);
    response.ok()
}

/// The warning of a role whose issuer is not there.
fn missing_issuer(pki: &Pki, role: &Role) -> Option<String> {
    if pki.issuer(&role.issuer_ref).is_ok() {
        return None;
    }
    Some(if role.issuer_ref == "default" {
        "Issuing Certificate was set to default, but no default issuing certificate (configurable at /config/issuers) is \
         currently set"
            .into()
    } else {
        format!(
            "Issuing Certificate was set to {} but no issuing certificate currently has that name",
            role.issuer_ref
        )
    })
}

fn check(role: &mut Role) -> Result<(), Refusal> {
    if role.allowed_other_sans != ["*"] {
        other_names::parse(&role.allowed_other_sans)
            .map_err(|error| Refusal::Invalid(format!("error parsing allowed_other_sans: {error}")))?;
    }
    if !role.max_ttl.is_zero() && role.ttl > role.max_ttl {
        return Err(Refusal::invalid("\"ttl\" value must be less than \"max_ttl\" value"));
    }
    (role.key_bits, role.signature_bits) =
        key_parameters(&role.key_type, role.key_bits, role.signature_bits)?;
    if !["json-csr", "json", ""].contains(&role.serial_number_source.as_str()) {
        return Err(Refusal::Invalid(format!("unknown serial_number_source {}", role.serial_number_source)));
    }
    if let Some(oid) = role.ext_key_usage_oids.iter().find(|oid| oid::numbers(oid).is_err()) {
        return Err(Refusal::Invalid(format!(
            "{oid:?} could not be parsed as a valid oid for an extended key usage"
        )));
    }
    policies::check(&role.policy_identifiers)?;
    check_validations(&mut role.cn_validations)?;
    if role.issuer_ref.is_empty() {
        role.issuer_ref = "default".into();
    }
    Ok(())
}

fn check_validations(kinds: &mut Vec<String>) -> Result<(), Refusal> {
    let refuse = |problem: String| Err(Refusal::Failed(format!("cn_validations value incorrect: {problem}")));
    for at in 0..kinds.len() {
        kinds[at] = kinds[at].to_lowercase();
        let kind = &kinds[at];
        if !["email", "hostname", "disabled"].contains(&kind.as_str()) {
            return refuse(format!("unknown type: `{kind}`"));
        }
        if kinds[..at].contains(kind) {
            return refuse(format!("`{kind}` specified multiple times"));
        }
    }
    if kinds.len() > 1 && kinds.iter().any(|kind| kind == "disabled") {
        return refuse("cannot specify `disabled` along with `email` or `hostname`".to_owned());
    }
    if kinds.is_empty() {
        *kinds = vec!["email".into(), "hostname".into()];
    }
    Ok(())
}

/// The size of a kind of key and of its signatures, with defaults where nothing is asked.
///
/// Errors: `unknown key type foo`, and what is wrong with the size.
pub(super) fn key_parameters(key_type: &str, bits: i64, signature_bits: i64) -> Result<(i64, i64), Refusal> {
    let invalid = |text: String| Err(Refusal::Invalid(text));
    let bits = match (key_type, bits) {
        ("rsa", 0) => 2048,
        ("rsa", bits) if bits < 2048 => {
            return invalid(format!("RSA keys < 2048 bits are unsafe and not supported: got {bits}"));
        }
        ("rsa", bits @ (2048 | 3072 | 4096 | 8192)) => bits,
        ("rsa", bits) => return invalid(format!("unsupported bit length for RSA key: {bits}")),
        ("ec", 0) => 256,
        ("ec", bits @ (224 | 256 | 384 | 521)) => bits,
        ("ec", bits) => return invalid(format!("unsupported bit length for EC key: {bits}")),
        ("ed25519" | "any", bits) => bits,
        (other, _) => return invalid(format!("unknown key type {other}")),
    };
    let signature_bits = match (key_type, signature_bits) {
        ("rsa", 0) => 256,
        ("rsa", bits @ (256 | 384 | 512)) => bits,
        ("rsa", bits) => return invalid(format!("unsupported hash signature algorithm: {bits}")),
        // What the curve says, and what Ed25519 does by itself, count.
        ("ec", bits) => bits,
        _ => 0,
    };
    Ok((bits, signature_bits))
}
