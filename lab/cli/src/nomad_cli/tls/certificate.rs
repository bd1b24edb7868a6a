//! `nomad tls cert create`

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use lab_pki::{
    BasicConstraints, Certificate, CertificateBuilder, ExtendedKeyUsage, Issuer, KeyIdentifier, KeyPair,
    KeyUsage, Name,
};

use super::{exists, identifier, new_key, now, write};
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::session::Session;
use crate::stand_in::{Takes, file_error};

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "tls cert create",
    synopsis: "Create a new TLS certificate",
    usage: "[options]",
    flags: &[
        ("additional-dnsname", Takes::Text, "A further name; may be given several times."),
        ("additional-ipaddress", Takes::Text, "A further address; may be given several times."),
        ("ca", Takes::Text, "The authority's certificate. #DOMAIN#-agent-ca.pem."),
        ("cli", Takes::Bool, "For people at the command line."),
        ("client", Takes::Bool, "For clients."),
        ("days", Takes::Integer, "How long it is valid. 365."),
        ("domain", Takes::Text, "The domain. nomad."),
        ("key", Takes::Text, "The authority's key. #DOMAIN#-agent-ca-key.pem."),
        ("region", Takes::Text, "The region. NOMAD_REGION, or else global."),
        ("server", Takes::Bool, "For servers."),
    ],
    general: General::None,
    arity: Arity::Counted(0, 0, "This command takes up to one argument"),
    run,
};

const WARNING: &str = "\
==> WARNING: Server Certificates grants authority to become a
    server and access all state in the cluster including root keys
    and all ACL tokens. Do not distribute them to production hosts
    that are not server nodes. Store them as securely as CA keys.";

fn run(session: &Session<'_>) -> Outcome {
    let kinds: Vec<&str> =
        ["server", "client", "cli"].into_iter().filter(|kind| session.is_set(kind)).collect();
    let [kind] = kinds.as_slice() else {
        return fail("Please provide either -server, -client, or -cli");
    };
    let or = |flag: &str, usual: &str| match session.flags.text(flag) {
        None => usual.to_owned(),
        Some(given) => given.to_owned(),
    };
    let domain = or("domain", "nomad");
    let region = match session.text("region") {
        "" => session.environment.get("NOMAD_REGION").unwrap_or("global"),
        region => region,
    };
    let (ca, key) = (or("ca", "#DOMAIN#-agent-ca.pem"), or("key", "#DOMAIN#-agent-ca-key.pem"));
    if ca.is_empty() {
        return fail("Please provide the ca");
    }
    if key.is_empty() {
        return fail("Please provide the key");
    }
    let (ca, key) = (ca.replace("#DOMAIN#", &domain), key.replace("#DOMAIN#", &domain));
    let file = format!("{region}-{kind}-{domain}.pem");
    let key_file = format!("{region}-{kind}-{domain}-key.pem");
    if exists(&file) {
        return fail(format!("Certificate file '{file}' already exists"));
    }
    if exists(&key_file) {
        return fail(format!("Key file '{key_file}' already exists"));
    }
    let read = |path: &str, what: &str| {
        std::fs::read_to_string(path).map_err(|error| {
            Fault::Told(format!("Error reading {what}: {}", file_error("open", Path::new(path), &error)))
        })
    };
    let (ca_text, key_text) = (read(&ca, "CA")?, read(&key, "CA key")?);
    if *kind == "server" {
        session.warn(WARNING);
    }
    session.say(format!("==> Using CA file {ca} and CA key {key}"));
    let wrong = |error: lab_pki::Error| Fault::Told(error.to_string());
    let certificate = Certificate::from_pem(&ca_text).map_err(wrong)?;
    let issuer = Issuer { certificate, key: KeyPair::from_pem(&key_text).map_err(wrong)? };
    let own_key = new_key()?;
    let made = builder(session, kind, region, &domain, &issuer, &own_key)?;
    let made = made.sign(own_key.public_key_der(), &issuer).map_err(wrong)?;
    write(&file, &(made.to_pem() + "\n"), 0o666)?;
    let (title, key_title) = match *kind {
        "server" => ("Server", "Server"),
        "client" => ("Client", "Client"),
        _ => ("Cli", "CLI"),
    };
    session.say(format!("==> {title} Certificate saved to {file}"));
    write(&key_file, &(own_key.to_pem() + "\n"), 0o600)?;
    session.say(format!("==> {key_title} Certificate key saved to {key_file}"));
    Ok(0)
}

fn builder(
    session: &Session<'_>,
    kind: &str,
    region: &str,
    domain: &str,
    issuer: &Issuer,
    key: &KeyPair,
) -> Result<CertificateBuilder, Fault> {
    let days = session.text("days").parse().unwrap_or(365);
    let start = now();
    let Some(end) = start.checked_add(time::Duration::days(days)) else {
        return fail(format!("{days} days end beyond what a certificate can say"));
    };
    let name = format!("{kind}.{region}.{domain}");
    let mut builder = CertificateBuilder::new(Name::common(name.clone()), start, end);
    builder.serial = lab_world::random_bytes::<16>().to_vec();
    builder.dns_names = session.flags.texts("additional-dnsname").to_vec();
    builder.dns_names.extend([name, "localhost".to_owned()]);
    for address in session.flags.texts("additional-ipaddress") {
        match address.parse::<IpAddr>() {
            Ok(address) => builder.ip_addresses.push(address),
            Err(_) => return fail("failed to parse certificate"),
        }
    }
    use ExtendedKeyUsage::{ClientAuth, ServerAuth};
    builder.extended_key_usage = vec![ServerAuth, ClientAuth];
    if kind == "cli" {
        builder.extended_key_usage.reverse();
    } else {
        builder.ip_addresses.push(Ipv4Addr::LOCALHOST.into());
    }
    builder.key_usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
    builder.basic_constraints = Some(BasicConstraints { ca: false, path_length: None });
    builder.subject_key_id = identifier(key.public_key_der());
    builder.authority_key_id = KeyIdentifier::Given(issuer.certificate.subject_key_id().to_vec());
    Ok(builder)
}
