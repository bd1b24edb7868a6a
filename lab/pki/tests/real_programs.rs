//! What Vault and Nomad made is read, judged, and made again byte for byte.

use lab_pki::{
    Certificate, CertificateBuilder, Extension, Issuer, KeyIdentifier, KeyKind, KeyPair, KeySource,
    SignatureAlgorithm, SigningRequest, key_matches, pem, verify_ignoring_time,
};

const REAL: &str = include_str!("data/real.pem");

fn certificates() -> Vec<Certificate> {
    Certificate::bundle_from_pem(REAL).expect("certificates")
}

fn find(common_name: &str) -> Certificate {
    let found = certificates().into_iter().find(|certificate| certificate.common_name() == common_name);
    found.expect("a certificate of that name")
}

/// A key that signs with an algorithm, of the size that it was used with.
fn key_for(algorithm: SignatureAlgorithm) -> KeyPair {
    let kind = match algorithm {
        SignatureAlgorithm::EcdsaWithSha256 => KeyKind::EcP256,
        SignatureAlgorithm::EcdsaWithSha384 => KeyKind::EcP384,
        SignatureAlgorithm::Ed25519 => KeyKind::Ed25519,
        _ => KeyKind::Rsa2048,
    };
    KeySource::generated().key(kind).expect("a key")
}

/// The builder that says what `certificate` says.
fn like(certificate: &Certificate) -> CertificateBuilder {
    let value = |oid: &[u64]| certificate.extensions().iter().find(|one| one.oid.numbers() == oid);
    let mut builder = CertificateBuilder::new(
        certificate.subject().clone(),
        certificate.not_before(),
        certificate.not_after(),
    );
    builder.serial = certificate.serial_bytes().to_vec();
    builder.dns_names = certificate.dns_names().to_vec();
    builder.emails = certificate.emails().to_vec();
    builder.ip_addresses = certificate.ip_addresses().to_vec();
    builder.uris = certificate.uris().to_vec();
    builder.other_names = certificate.other_names().to_vec();
    builder.key_usage = certificate.key_usage();
    builder.extended_key_usage = certificate.extended_key_usage().to_vec();
    builder.basic_constraints = certificate.basic_constraints();
    builder.ocsp_servers = certificate.ocsp_servers().to_vec();
    builder.issuing_certificate_urls = certificate.issuing_certificate_urls().to_vec();
    builder.policies = certificate.policies().to_vec();
    builder.crl_distribution_points = certificate.crl_distribution_points().to_vec();
    builder.permitted.dns = certificate.permitted_dns_names().to_vec();
    builder.signature_algorithm = Some(certificate.signature_algorithm());
    // Nomad names keys in a way of its own, and Vault gives an Ed25519 root no identifier of its signer.
    builder.subject_key_id = KeyIdentifier::Given(certificate.subject_key_id().to_vec());
    builder.authority_key_id = KeyIdentifier::Given(certificate.authority_key_id().to_vec());
    if let Some(Extension { value, .. }) = value(&[2, 5, 29, 14]) {
        assert_eq!(value[2..], *certificate.subject_key_id());
    }
    builder
}

#[test]
fn every_certificate_is_made_again_byte_for_byte() {
    let all = certificates();
    assert_eq!(all.len(), 12);
    for certificate in &all {
        let key = key_for(certificate.signature_algorithm());
        // Only the names of an issuer go into what it signs.
        let issuer =
            all.iter().find(|one| one.raw_subject() == certificate.raw_issuer()).expect("its issuer");
        let issuer = Issuer { certificate: issuer.clone(), key };
        let made = like(certificate).sign(certificate.public_key_der(), &issuer).expect("a certificate");
        assert_eq!(
            hex::encode(made.signed_part()),
            hex::encode(certificate.signed_part()),
            "{certificate:?}"
        );
    }
}

#[test]
fn every_certificate_leads_to_its_root() {
    let all = certificates();
    let (roots, others): (Vec<_>, Vec<_>) = all.iter().cloned().partition(Certificate::is_self_signed);
    assert_eq!(roots.len(), 4);
    for certificate in &all {
        let chain = verify_ignoring_time(&roots, &others, certificate).expect("a chain");
        assert!(chain.last().is_some_and(|root| roots.contains(root)));
    }
}

#[test]
fn vault_names_keys_by_their_digest() {
    let leaf = find("client.global.nomad");
    let key =
        KeyPair::from_pem(REAL.split("# Vault 1.21: P-521 leaf").nth(1).expect("the leaf")).expect("a key");
    assert!(key_matches(&leaf, &key));
    let made = CertificateBuilder::new(leaf.subject().clone(), leaf.not_before(), leaf.not_after())
        .self_sign(&key)
        .expect("a certificate");
    assert_eq!(made.subject_key_id(), leaf.subject_key_id());
    assert_eq!(made.authority_key_id(), leaf.subject_key_id());
}

#[test]
fn keys_are_written_as_they_were() {
    let blocks = pem::blocks(REAL);
    let keys: Vec<_> = blocks.iter().filter(|block| block.label.ends_with("PRIVATE KEY")).collect();
    assert_eq!(keys.len(), 4);
    for block in keys {
        let key = KeyPair::from_der(&block.content).expect("a key");
        assert_eq!(key.to_pem(), pem::encode(&block.label, &block.content), "{key:?}");
        let again = KeyPair::from_pem(&key.to_pkcs8_pem()).expect("a key");
        assert_eq!((again.to_pem(), again.public_key_der()), (key.to_pem(), key.public_key_der()));
    }
}

#[test]
fn a_request_is_read() {
    let block =
        pem::blocks(REAL).into_iter().find(|block| block.label == "CERTIFICATE REQUEST").expect("a request");
    let request = SigningRequest::from_der(&block.content).expect("a request");
    assert_eq!(request.check_signature(), Ok(()));
    assert_eq!(request.subject().to_string(), "CN=nomad intermediate");
    assert_eq!(request.dns_names(), ["x.example.com"]);
    assert_eq!(request.to_pem() + "\n", pem::encode(&block.label, &block.content));
}
