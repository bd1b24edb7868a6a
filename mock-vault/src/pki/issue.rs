//! `issue`, `sign` and `sign-verbatim`.

use lab_pki::{BasicConstraints, Certificate, CertificateBuilder, KeyPair, Oid, SigningRequest, colons};
use serde_json::{Value, json};

use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Response, Secret};
use crate::pki::bundle::{Bundle, Format};
use crate::pki::engine::Pki;
use crate::pki::role::Role;
use crate::pki::validity::{self, Limits};
use crate::pki::{aia, create, csr_key, policies, subject};

const BASIC_CONSTRAINTS: Oid = Oid::new(&[2, 5, 29, 19]);
const SUBJECT_ALT_NAME: Oid = Oid::new(&[2, 5, 29, 17]);

const ISSUE: &[Field] = &[
    Field::text("role"),
    Field::text("issuer_ref"),
    Field::flag("remove_roots_from_chain"),
    Field::text("cert_metadata"),
    Field::comma_list("user_ids"),
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
    Endpoint::new("sign-verbatim/{role+}", &[subject::FIELDS, ISSUE, SIGN, VERBATIM], &[(Update, verbatim)]),
    Endpoint::new(
        "issuer/{issuer_ref}/sign-verbatim",
        &[subject::FIELDS, ISSUE, SIGN, VERBATIM],
        &[(Update, verbatim)],
    ),
    Endpoint::new(
        "issuer/{issuer_ref}/sign-verbatim/{role+}",
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
        key_usage: fields.list("key_usage"),
        ext_key_usage: fields.list("ext_key_usage"),
        ext_key_usage_oids: fields.list("ext_key_usage_oids"),
        signature_bits: fields.number("signature_bits"),
        use_pss: fields.flag("use_pss"),
        basic_constraints_valid_for_non_ca: fields.flag("basic_constraints_valid_for_non_ca"),
        use_csr_common_name: true,
        use_csr_sans: true,
        issuer_ref: "default".into(),
        serial_number_source: "json-csr".into(),
        ..Role::unlimited()
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
    /// Warnings of parameters that the signing request outweighs.
    ignored: Vec<String>,
}

impl<'p, 'c> Leaf<'p, 'c> {
    fn new(pki: &'p mut Pki, call: &'c Call<'c>, role: Role) -> Result<Self, Refusal> {
        let format = Format::of(call)?;
        if call.fields.has("cert_metadata") {
            return Err(Refusal::Failed("certificate metadata is only supported on Vault Enterprise".into()));
        }
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
            ignored: Vec::new(),
        })
    }

    fn issue(mut self) -> Outcome {
        let builder = self.builder(None)?;
        let key = Pki::generate_key(self.call, &self.role.key_type, self.role.key_bits)?;
        self.role.check_purposes()?;
        let certificate =
            self.pki.sign(builder, key.public_key_der(), &self.issuer, &self.issuer_id, self.call)?;
        self.answer(&certificate, Some(&key))
    }

    fn sign(mut self, verbatim: bool) -> Outcome {
        let csr = read_csr(self.call.fields.text("csr"))?;
        csr_key::check(&mut self.role, &csr)?;
        let mut builder = self.builder(Some(&csr))?;
        if csr.extensions().iter().any(|extension| extension.oid == BASIC_CONSTRAINTS) {
            self.warnings.push(
                "specified CSR contained a Basic Constraints extension that was ignored during issuance"
                    .into(),
            );
        }
        if csr.check_signature().is_err() {
            return Err(Refusal::invalid("request signature invalid"));
        }
        if verbatim {
            take_over(&mut builder, &csr)?;
        }
        self.ignored = ignored(self.call, &self.role);
        self.role.check_purposes()?;
        let certificate =
            self.pki.sign(builder, csr.public_key_der(), &self.issuer, &self.issuer_id, self.call)?;
        self.answer(&certificate, None)
    }

    fn builder(&mut self, csr: Option<&SigningRequest>) -> Result<CertificateBuilder, Refusal> {
        let role = &self.role;
        let wanted = subject::wanted(self.call, role, csr)?;
        let limits = Limits { ttl: role.ttl, max_ttl: role.max_ttl, not_after: &role.not_after };
        let (not_after, warnings) = validity::not_after(self.call, &limits)?;
        self.warnings.extend(warnings);
        let signer = &self.issuer.certificate;
        let not_after = validity::within_issuer(not_after, signer.not_after(), self.behavior)?;
        let not_before = validity::not_before(self.call.now(), role.not_before_duration);
        validity::check(not_before, not_after, Some(signer.not_before()))?;
        let mut subject = wanted.subject;
        subject.other = subject::user_ids(self.call, role, csr)?;
        let mut builder = CertificateBuilder::new(subject, not_before, not_after);
        wanted.names.apply(&mut builder)?;
        builder.key_usage = role.key_usage();
        builder.extended_key_usage = role.extended_key_usage();
        policies::apply(&role.policy_identifiers, &mut builder);
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
            chain: Some(shown.as_slice()).filter(|chain| !chain.is_empty()),
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
        // What shortens a life or ignores a part of the signing request is said twice.
        response.warnings = [self.warnings.clone(), self.ignored, self.warnings].concat();
        response.ok()
    }
}

/// Warnings of parameters that the signing request outweighs.
fn ignored(call: &Call<'_>, role: &Role) -> Vec<String> {
    let outweighed = [
        ("common_name", "use_csr_common_name", role.use_csr_common_name),
        ("alt_names", "use_csr_sans", role.use_csr_sans),
    ];
    let given = |field: &str| !call.fields.text(field).is_empty();
    let outweighed = outweighed.into_iter().filter(|(field, _, by_csr)| *by_csr && given(field));
    let warning = |(field, setting, _)| {
        format!("the {field} field was provided but the role is set with \"{setting}\" set to true")
    };
    outweighed.map(warning).collect()
}

/// Takes the subject and the extensions of a signing request as they are, but for whether it is an authority.
pub(super) fn take_over(builder: &mut CertificateBuilder, csr: &SigningRequest) -> Result<(), Refusal> {
    builder.raw_subject = Some(csr.rewritten_subject().map_err(create::unparsed)?);
    builder.dns_names = csr.dns_names().to_vec();
    builder.emails = csr.emails().to_vec();
    builder.ip_addresses = csr.ip_addresses().to_vec();
    builder.uris = csr.uris().to_vec();
    let renamed = !builder.other_names.is_empty();
    let extensions = csr.extensions().iter().filter(|extension| {
        extension.oid != BASIC_CONSTRAINTS && !(renamed && extension.oid == SUBJECT_ALT_NAME)
    });
    builder.extra_extensions.splice(0..0, extensions.cloned());
    Ok(())
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
