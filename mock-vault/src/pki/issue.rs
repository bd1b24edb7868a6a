//! `issue`, `sign` and `sign-verbatim`.

use lab_pki::{BasicConstraints, Certificate, CertificateBuilder, KeyPair, SigningRequest};
use serde_json::{Value, json};

use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Response, Secret};
use crate::pki::bundle::{Bundle, Format, colons};
use crate::pki::engine::Pki;
use crate::pki::role::Role;
use crate::pki::validity::{self, Limits};
use crate::pki::{aia, create, names, subject};

const ISSUE: &[Field] = &[
    Field::text("role"),
    Field::text("issuer_ref"),
    Field::flag("remove_roots_from_chain"),
    Field::text("cert_metadata"),
];
const SIGN: &[Field] = &[Field::text("csr")];
const VERBATIM: &[Field] = &[
    Field::comma_list("key_usage").or_list(&["DigitalSignature", "KeyAgreement", "KeyEncipherment"]),
    Field::comma_list("ext_key_usage"),
    Field::comma_list("ext_key_usage_oids"),
    Field::number("signature_bits"),
    Field::flag("use_pss"),
    Field::flag("basic_constraints_valid_for_non_ca"),
];

/// The endpoints of issuing.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("issue/{role}", &[subject::FIELDS, ISSUE], &[(Update, issue)]),
    Endpoint::new("issuer/{issuer_ref}/issue/{role}", &[subject::FIELDS, ISSUE], &[(Update, issue)]),
    Endpoint::new("sign/{role}", &[subject::FIELDS, ISSUE, SIGN], &[(Update, sign)]),
    Endpoint::new("issuer/{issuer_ref}/sign/{role}", &[subject::FIELDS, ISSUE, SIGN], &[(Update, sign)]),
    Endpoint::new("sign-verbatim", &[subject::FIELDS, ISSUE, SIGN, VERBATIM], &[(Update, verbatim)]),
    Endpoint::new("sign-verbatim/{role}", &[subject::FIELDS, ISSUE, SIGN, VERBATIM], &[(Update, verbatim)]),
    Endpoint::new(
        "issuer/{issuer_ref}/sign-verbatim",
        &[subject::FIELDS, ISSUE, SIGN, VERBATIM],
        &[(Update, verbatim)],
    ),
    Endpoint::new(
        "issuer/{issuer_ref}/sign-verbatim/{role}",
        &[subject::FIELDS, ISSUE, SIGN, VERBATIM],
        &[(Update, verbatim)],
    ),
];

fn role(pki: &Pki, call: &Call<'_>) -> Result<Role, Refusal> {
    let name = call.fields.text("role");
    pki.roles.get(name).cloned().ok_or_else(|| Refusal::Invalid(format!("unknown role: {name}")))
}

fn issue(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let role = role(pki, call)?;
    if role.key_type == "any" {
        return Err(Refusal::invalid(
            "role key type \"any\" not allowed for issuing certificates, only signing",
        ));
    }
    Leaf::new(pki, call, role)?.issue()
}

fn sign(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let role = role(pki, call)?;
    Leaf::new(pki, call, role)?.sign(false)
}

/// Signs what the request says, with a role only for its lifetimes and issuer.
fn verbatim(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let named = match call.fields.text("role") {
        "" => None,
        _ => Some(role(pki, call)?),
    };
    let fields = &call.fields;
    let mut role = Role {
        allow_any_name: true,
        enforce_hostnames: false,
        allow_wildcard_certificates: true,
        allow_ip_sans: true,
        allowed_uri_sans: vec!["*".into()],
        allowed_other_sans: vec!["*".into()],
        allowed_serial_numbers: vec!["*".into()],
        allowed_user_ids: vec!["*".into()],
        cn_validations: vec!["disabled".into()],
        key_type: "any".into(),
        key_usage: fields.list("key_usage"),
        ext_key_usage: fields.list("ext_key_usage"),
        ext_key_usage_oids: fields.list("ext_key_usage_oids"),
        signature_bits: u32::try_from(fields.number("signature_bits")).unwrap_or(0),
        use_pss: fields.flag("use_pss"),
        basic_constraints_valid_for_non_ca: fields.flag("basic_constraints_valid_for_non_ca"),
        use_csr_common_name: true,
        use_csr_sans: true,
        issuer_ref: "default".into(),
        serial_number_source: "json-csr".into(),
        ..Role::default()
    };
    if let Some(named) = named {
        role.ttl = named.ttl;
        role.max_ttl = named.max_ttl;
        role.generate_lease = named.generate_lease;
        role.no_store = named.no_store;
        role.not_before_duration = named.not_before_duration;
        role.issuer_ref = named.issuer_ref;
    }
    Leaf::new(pki, call, role)?.sign(true)
}

/// A leaf on its way to being signed.
struct Leaf<'p, 'c> {
    pki: &'p mut Pki,
    call: &'c Call<'c>,
    role: Role,
    format: Format,
    issuer_id: String,
    behavior: crate::pki::model::NotAfterBehavior,
    issuer: lab_pki::Issuer,
    warnings: Vec<String>,
}

impl<'p, 'c> Leaf<'p, 'c> {
    fn new(pki: &'p mut Pki, call: &'c Call<'c>, role: Role) -> Result<Self, Refusal> {
        let format = Format::of(call)?;
        // The issuer in the path wins over the role's; one in the body counts only without either.
        let in_path = call.path.starts_with("issuer/");
        let asked = call.fields.text("issuer_ref");
        let reference = if in_path {
            asked
        } else if role.issuer_ref.is_empty() {
            "default"
        } else {
            &role.issuer_ref
        };
        let (entry, issuer) = pki.signer(reference, "issuing-certificates")?;
        Ok(Self {
            pki,
            call,
            role,
            format,
            issuer_id: entry.id,
            behavior: entry.behavior,
            issuer,
            warnings: Vec::new(),
        })
    }

    fn issue(mut self) -> Outcome {
        let names = subject::names(self.call, &self.role, None)?;
        names::check(&self.role, &names, false, self.call)?;
        let subject = subject::leaf(self.call, &self.role, &names, None)?;
        let builder = self.builder(names, subject)?;
        let key = Pki::generate_key(self.call, &self.role.key_type, self.role.key_bits)?;
        let certificate =
            self.pki.sign(builder, key.public_key_der(), &self.issuer, &self.issuer_id, self.call)?;
        self.answer(&certificate, Some(&key))
    }

    fn sign(mut self, verbatim: bool) -> Outcome {
        let csr = read_csr(self.call.fields.text("csr"))?;
        check_csr_key(&self.role, &csr)?;
        if csr.check_signature().is_err() {
            return Err(Refusal::invalid("request signature invalid"));
        }
        if csr.basic_constraints().is_some() {
            if verbatim && csr.basic_constraints().is_some_and(|constraints| constraints.ca) {
                return Err(Refusal::invalid(
                    "refusing to accept CSR with Basic Constraints extension setting isCA=true",
                ));
            }
            self.warnings.push(
                "specified CSR contained a Basic Constraints extension that was ignored during issuance"
                    .into(),
            );
        }
        let names = subject::names(self.call, &self.role, Some(&csr))?;
        let from_csr = self.role.use_csr_sans;
        names::check(&self.role, &names, from_csr, self.call)?;
        let mut subject = subject::leaf(self.call, &self.role, &names, Some(&csr))?;
        if verbatim {
            subject = csr.subject().clone();
        }
        if self.role.use_csr_common_name && !self.call.fields.text("common_name").is_empty() && !verbatim {
            self.warnings
                .push("the common_name field was provided but the role is set with \"use_csr_common_name\" set to true".into());
        }
        if self.role.use_csr_sans && !self.call.fields.text("alt_names").is_empty() && !verbatim {
            self.warnings.push(
                "the alt_names field was provided but the role is set with \"use_csr_sans\" set to true"
                    .into(),
            );
        }
        let builder = self.builder(names, subject)?;
        let certificate =
            self.pki.sign(builder, csr.public_key_der(), &self.issuer, &self.issuer_id, self.call)?;
        self.answer(&certificate, None)
    }

    fn builder(
        &mut self,
        names: names::Names,
        subject: lab_pki::Name,
    ) -> Result<CertificateBuilder, Refusal> {
        let role = &self.role;
        let limits = Limits { ttl: role.ttl, max_ttl: role.max_ttl, not_after: &role.not_after };
        let (not_after, warnings) = validity::not_after(self.call, &limits)?;
        self.warnings.extend(warnings);
        let signer = &self.issuer.certificate;
        let not_after = validity::within_issuer(not_after, signer.not_after(), self.behavior)?;
        let not_before = validity::not_before(self.call.now(), role.not_before_duration);
        validity::check(not_before, not_after, Some(signer.not_before()))?;
        let mut builder = CertificateBuilder::new(subject, not_before, not_after);
        builder.dns_names = names.dns;
        builder.emails = names.emails;
        builder.ip_addresses = names.ips;
        builder.uris = names.uris;
        builder.other_names = names.others;
        builder.key_usage = role.key_usage();
        builder.extended_key_usage = role.extended_key_usage();
        builder.policies = role.policy_identifiers.iter().filter_map(|oid| oid.parse().ok()).collect();
        if role.basic_constraints_valid_for_non_ca {
            builder.basic_constraints = Some(BasicConstraints { ca: false, path_length: None });
        }
        builder.signature_algorithm = create::signature(&self.issuer.key, role.signature_bits, role.use_pss);
        let entry = self.pki.issuers.get(&self.issuer_id);
        aia::apply(self.pki.urls_of(entry), &mut builder);
        Ok(builder)
    }

    fn answer(self, certificate: &Certificate, key: Option<&KeyPair>) -> Outcome {
        let chain = self.pki.chain(&self.issuer_id).to_vec();
        let shown: Vec<Certificate> = if self.call.fields.flag("remove_roots_from_chain") {
            chain.iter().filter(|one| !one.is_self_signed()).cloned().collect()
        } else {
            chain
        };
        let bundle = Bundle {
            certificate,
            issuing_ca: &self.issuer.certificate,
            chain: Some(&shown),
            below: &shown,
            key,
        };
        let mut data = bundle.data(self.call, self.format);
        data.insert("authority_key_id".into(), colons(certificate.authority_key_id()).into());
        let mut response = Response::of(Value::Object(data));
        if self.role.generate_lease {
            response.secret = Some(lease(self.call, certificate));
        }
        if !self.role.no_store {
            self.pki.store(certificate, &self.issuer_id);
        }
        // What shortens a life or ignores a part of the request is said twice.
        response.warnings = [self.warnings.clone(), self.warnings].concat();
        response.ok()
    }
}

fn lease(call: &Call<'_>, certificate: &Certificate) -> Secret {
    let left = (certificate.not_after() - call.now()).whole_seconds().max(0).unsigned_abs();
    let ttl = std::time::Duration::from_secs(left);
    let internal = Data::from_iter([("serial_number".to_owned(), json!(certificate.serial()))]);
    Secret { ttl, max_ttl: ttl, renewable: false, internal: Some(internal), lease_id: String::new() }
}

/// Reads a signing request.
pub(super) fn read_csr(text: &str) -> Result<SigningRequest, Refusal> {
    if text.is_empty() {
        return Err(Refusal::invalid("\"csr\" is empty"));
    }
    if lab_pki::pem::first(text).is_none() {
        return Err(Refusal::invalid("csr contains no data"));
    }
    SigningRequest::from_pem(text)
        .map_err(|error| Refusal::Invalid(format!("certificate request could not be parsed: {error}")))
}

/// Holds the key of a signing request against what the role wants.
fn check_csr_key(role: &Role, csr: &SigningRequest) -> Result<(), Refusal> {
    let (kind, bits) = (csr.public_key().algorithm(), csr.public_key().bits() as u32);
    let actual = match kind.to_lowercase().as_str() {
        kind if kind.starts_with("rsa") => "rsa",
        kind if kind.starts_with("ec") => "ec",
        kind if kind.starts_with("ed25519") => "ed25519",
        _ => "unknown",
    };
    if role.key_type != "any" && role.key_type != actual {
        return Err(Refusal::Invalid(format!("role requires keys of type {}", role.key_type)));
    }
    let least = match (role.key_type.as_str(), actual) {
        ("any", "rsa") => 2048,
        ("any", "ec") => 224,
        ("rsa" | "ec", _) => role.key_bits,
        _ => 0,
    };
    if bits < least {
        return Err(Refusal::Invalid(format!(
            "role requires a minimum of a {least}-bit key, but CSR's key is {bits} bits"
        )));
    }
    Ok(())
}
