//! `nomad tls ca create`

use lab_pki::{BasicConstraints, CertificateBuilder, KeyUsage, Name};

use super::{decimal, exists, identifier, new_key, now, write};
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "tls ca create",
    synopsis: "Create a certificate authority for Nomad",
    usage: "[options]",
    flags: &[
        ("additional-domain", Takes::Text, "A further domain that is permitted; may be given several times."),
        ("common-name", Takes::Text, "Its common name; its serial number is put behind."),
        ("country", Takes::Text, "Its country. US."),
        ("days", Takes::Integer, "How long it is valid. 1825."),
        ("domain", Takes::Text, "The domain that is permitted, and how the files begin. nomad."),
        ("locality", Takes::Text, "Its locality. San Francisco."),
        ("name-constraint", Takes::Bool, "Permit no other domains."),
        ("organization", Takes::Text, "Its organization. HashiCorp Inc."),
        ("organizational-unit", Takes::Text, "Its organizational unit. Nomad."),
        ("postal-code", Takes::Text, "Its postal code. 94105."),
        ("province", Takes::Text, "Its province. CA."),
        ("street-address", Takes::Text, "Its street address. 101 Second Street."),
    ],
    general: General::None,
    arity: Arity::Counted(0, 1, "This command takes up to one argument"),
    run,
};

/// How many days an authority is valid by default.
const DAYS: i64 = 1825;

fn run(session: &Session<'_>) -> Outcome {
    let domain = match session.text("domain") {
        "" => "nomad",
        domain => domain,
    };
    let constrains = session.is_set("name-constraint");
    let further = session.flags.texts("additional-domain");
    if constrains && domain == "nomad" {
        return fail("Please provide the -domain flag if you want to enable custom domain constraints");
    }
    if domain != "nomad" && !constrains {
        return fail("Please provide the -name-constraint flag to use a custom domain constraint");
    }
    let subject = subject(session)?;
    let (file, key_file) = (format!("{domain}-agent-ca.pem"), format!("{domain}-agent-ca-key.pem"));
    if exists(&file) {
        return fail(format!("CA certificate file '{file}' already exists"));
    }
    if exists(&key_file) {
        return fail(format!("CA key file '{key_file}' already exists"));
    }
    let days = session.text("days").parse().unwrap_or(DAYS);
    let key = new_key()?;
    let start = now();
    let Some(end) = start.checked_add(time::Duration::days(days)) else {
        return fail(format!("{days} days end beyond what a certificate can say"));
    };
    let mut builder = CertificateBuilder::new(Name::default(), start, end);
    builder.serial = lab_world::random_bytes::<16>().to_vec();
    builder.subject =
        Name { common_name: format!("{} {}", subject.common_name, decimal(&builder.serial)), ..subject };
    builder.basic_constraints = Some(BasicConstraints { ca: true, path_length: None });
    builder.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN | KeyUsage::DIGITAL_SIGNATURE;
    builder.subject_key_id = identifier(key.public_key_der());
    builder.authority_key_id = identifier(key.public_key_der());
    if constrains {
        builder.permitted.dns = [domain, "localhost", "nomad"].map(str::to_owned).to_vec();
        builder.permitted.dns.extend(further.iter().cloned());
    }
    let certificate = builder.self_sign(&key).map_err(|error| Fault::Told(error.to_string()))?;
    write(&file, &(certificate.to_pem() + "\n"), 0o666)?;
    session.say(format!("==> CA certificate saved to: {file}"));
    write(&key_file, &(key.to_pem() + "\n"), 0o600)?;
    session.say(format!("==> CA certificate key saved to: {key_file}"));
    Ok(0)
}

/// Who the authority is: the usual one, or the one whom the flags describe, who must have these four.
fn subject(session: &Session<'_>) -> Result<Name, Fault> {
    const NEEDED: [&str; 4] = ["common-name", "country", "organization", "organizational-unit"];
    const FREE: [&str; 4] = ["locality", "postal-code", "province", "street-address"];
    let given = |flag: &str| vec![session.text(flag).to_owned()];
    let is_custom = NEEDED.into_iter().chain(FREE).any(|flag| !session.text(flag).is_empty());
    if !is_custom {
        let usual = |text: &str| vec![text.to_owned()];
        return Ok(Name {
            country: usual("US"),
            postal_code: usual("94105"),
            province: usual("CA"),
            locality: usual("San Francisco"),
            street_address: usual("101 Second Street"),
            organization: usual("HashiCorp Inc."),
            organizational_unit: usual("Nomad"),
            ..Name::common("Nomad Agent CA")
        });
    }
    for flag in NEEDED {
        if session.text(flag).is_empty() {
            return misused(format!("Please provide the -{flag} flag when customizing the CA"));
        }
    }
    Ok(Name {
        country: given("country"),
        postal_code: given("postal-code"),
        province: given("province"),
        locality: given("locality"),
        street_address: given("street-address"),
        organization: given("organization"),
        organizational_unit: given("organizational-unit"),
        ..Name::common(session.text("common-name"))
    })
}
