//! Our certificates under other people's readers, and other people's certificates under ours.

use std::error::Error;
use std::time::Duration;

use lab_pki::{
    BasicConstraints, Certificate, CertificateBuilder, ExtendedKeyUsage, Issuer, KeyKind, KeySource,
    KeyUsage, Name, Usage, VerifyOptions, verify,
};
use lab_world::DEFAULT_EPOCH;
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate};

const DAY: Duration = Duration::from_secs(86_400);
const SERVER: &str = "server.global.nomad";

/// A root, and a certificate for a Nomad server that it signed, with a key of this kind.
fn ours(kind: KeyKind) -> Result<(Certificate, Certificate), Box<dyn Error>> {
    let keys = KeySource::generated();
    let key = keys.key(kind)?;
    let mut authority =
        CertificateBuilder::new(Name::common("nomad root"), DEFAULT_EPOCH - DAY, DEFAULT_EPOCH + DAY);
    authority.basic_constraints = Some(BasicConstraints { ca: true, path_length: Some(0) });
    authority.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN;
    let root = authority.self_sign(&key)?;
    let issuer = Issuer { certificate: root.clone(), key };
    let mut server = CertificateBuilder::new(Name::common(SERVER), DEFAULT_EPOCH - DAY, DEFAULT_EPOCH + DAY);
    server.dns_names = vec![SERVER.to_owned(), "localhost".to_owned()];
    server.ip_addresses = vec!["127.0.0.1".parse()?];
    server.extended_key_usage = vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth];
    server.serial = vec![0x7f, 1, 2, 3];
    Ok((root, server.sign(keys.key(kind)?.public_key_der(), &issuer)?))
}

#[test]
fn another_parser_reads_what_we_wrote() -> Result<(), Box<dyn Error>> {
    let (_, leaf) = ours(KeyKind::EcP256)?;
    let (rest, read) = X509Certificate::from_der(leaf.der())?;
    assert!(rest.is_empty());
    assert_eq!(read.subject().to_string(), format!("CN={SERVER}"));
    assert_eq!(read.issuer().to_string(), "CN=nomad root");
    assert_eq!(read.raw_serial_as_string(), "7f:01:02:03");
    assert_eq!(read.validity().not_after.timestamp(), (DEFAULT_EPOCH + DAY).unix_timestamp());
    let names = read.subject_alternative_name()?.ok_or("no alternative names")?;
    let [GeneralName::DNSName(first), GeneralName::DNSName(second), GeneralName::IPAddress(address)] =
        names.value.general_names.as_slice()
    else {
        panic!("other names: {:?}", names.value);
    };
    assert_eq!((*first, *second, *address), (SERVER, "localhost", &[127, 0, 0, 1][..]));
    let usage = read.extended_key_usage()?.ok_or("no extended key usage")?.value;
    assert!(usage.server_auth && usage.client_auth && !usage.any);
    let unknown = read.extensions().iter().find(|extension| {
        matches!(
            extension.parsed_extension(),
            ParsedExtension::UnsupportedExtension { .. } | ParsedExtension::ParseError { .. }
        )
    });
    assert_eq!(unknown, None);
    Ok(())
}

#[test]
fn another_verifier_accepts_what_we_signed() -> Result<(), Box<dyn Error>> {
    for kind in [KeyKind::EcP256, KeyKind::EcP384, KeyKind::Ed25519, KeyKind::Rsa2048] {
        let (root, leaf) = ours(kind)?;
        let (root, leaf) = (root.der().to_vec().into(), leaf.der().to_vec().into());
        let anchor = webpki::anchor_from_trusted_cert(&root)?;
        let server = webpki::EndEntityCert::try_from(&leaf)?;
        let at = Duration::from_secs(DEFAULT_EPOCH.unix_timestamp().unsigned_abs());
        for usage in [webpki::KeyUsage::server_auth(), webpki::KeyUsage::client_auth()] {
            server
                .verify_for_usage(
                    webpki::ALL_VERIFICATION_ALGS,
                    std::slice::from_ref(&anchor),
                    &[],
                    rustls::pki_types::UnixTime::since_unix_epoch(at),
                    usage,
                    None,
                    None,
                )
                .map_err(|error| format!("{kind:?}: {error}"))?;
        }
        server.verify_is_valid_for_subject_name(&SERVER.try_into()?)?;
    }
    Ok(())
}

#[test]
fn we_read_and_verify_what_another_maker_signed() -> Result<(), Box<dyn Error>> {
    let mut authority = rcgen::CertificateParams::default();
    authority.distinguished_name.push(rcgen::DnType::CommonName, "another root");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    (authority.not_before, authority.not_after) = (DEFAULT_EPOCH - DAY, DEFAULT_EPOCH + DAY);
    let key = rcgen::KeyPair::generate()?;
    let root = Certificate::from_der(authority.self_signed(&key)?.der())?;
    let issuer = rcgen::Issuer::new(authority, key);
    let mut server = rcgen::CertificateParams::new(vec![SERVER.to_owned()])?;
    (server.not_before, server.not_after) = (DEFAULT_EPOCH - DAY, DEFAULT_EPOCH + DAY);
    server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = Certificate::from_der(server.signed_by(&rcgen::KeyPair::generate()?, &issuer)?.der())?;

    assert_eq!(leaf.dns_names(), [SERVER]);
    let options = |usage, at| VerifyOptions {
        roots: std::slice::from_ref(&root),
        intermediates: &[],
        at,
        usage,
        name: Some(SERVER),
    };
    assert_eq!(verify(&options(Usage::Server, DEFAULT_EPOCH), &leaf)?, [leaf.clone(), root.clone()]);
    let wrong_use = verify(&options(Usage::Client, DEFAULT_EPOCH), &leaf).expect_err("it may only serve");
    assert_eq!(wrong_use.to_string(), "x509: certificate specifies an incompatible key usage");
    let late = verify(&options(Usage::Server, DEFAULT_EPOCH + 2 * DAY), &leaf).expect_err("it has expired");
    assert!(
        late.to_string().starts_with("x509: certificate has expired or is not yet valid: current time"),
        "{late}"
    );
    Ok(())
}
