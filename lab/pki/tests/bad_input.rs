//! Garbage, truncated, changed and huge input is refused with words, and nothing panics.

use std::sync::LazyLock;

use lab_pki::{Certificate, Error, KeyPair, SigningRequest, pem, verify_hostname, verify_ignoring_time};
use proptest::collection::vec;
use proptest::prelude::*;

const REAL: &str = include_str!("data/real.pem");

static BLOCKS: LazyLock<Vec<pem::Block>> = LazyLock::new(|| pem::blocks(REAL));

/// Reads `der` as everything it could be, and uses what was read.
fn try_all(der: &[u8]) {
    if let Ok(certificate) = Certificate::from_der(der) {
        let _ = verify_hostname(&certificate, "server.global.nomad");
        let _ = verify_ignoring_time(std::slice::from_ref(&certificate), &[], &certificate);
        let all = Certificate::bundle_from_pem(REAL).expect("certificates");
        let _ = verify_ignoring_time(&all, &all, &certificate);
        let _ = (certificate.is_self_signed(), certificate.serial(), format!("{certificate:?}"));
        assert_eq!(Certificate::from_pem(&certificate.to_pem()), Ok(certificate));
    }
    if let Ok(request) = SigningRequest::from_der(der) {
        let _ = (request.check_signature(), request.key_usage(), request.extended_key_usage());
    }
    if let Ok(key) = KeyPair::from_der(der) {
        let _ = key.sign(key.default_signature(), b"message");
        assert_eq!(KeyPair::from_pem(&key.to_pem()).map(|again| again.to_pem()), Ok(key.to_pem()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn changed_bytes(block in 0..16_usize, changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut der = BLOCKS[block % BLOCKS.len()].content.clone();
        for (at, byte) in changes {
            let at = at.index(der.len());
            der[at] = byte;
        }
        try_all(&der);
    }

    #[test]
    fn cut_and_doubled_bytes(block in 0..16_usize, from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let der = &BLOCKS[block % BLOCKS.len()].content;
        let (from, to) = (from.index(der.len()), to.index(der.len()));
        try_all(&der[..from]);
        try_all(&[&der[..from], &der[to..]].concat());
    }

    #[test]
    fn garbage(der in vec(any::<u8>(), 0..400), text in "\\PC{0,200}") {
        try_all(&der);
        prop_assert!(Certificate::authorities_from_pem(&text).is_empty());
        let _ = (Certificate::bundle_from_pem(&text), KeyPair::from_pem(&text), SigningRequest::from_pem(&text));
        let inside = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        let _ = Certificate::bundle_from_pem(&inside);
    }
}

#[test]
fn every_cut_of_a_certificate_is_refused() {
    let der = &BLOCKS[0].content;
    for length in 0..der.len() {
        let error = Certificate::from_der(&der[..length]).expect_err("too short");
        assert_eq!(error.to_string(), "x509: malformed certificate");
    }
    let longer = [der.as_slice(), &[0]].concat();
    assert_eq!(Certificate::from_der(&longer).expect_err("too long").to_string(), "x509: trailing data");
}

#[test]
fn what_is_missing_is_said() {
    assert_eq!(Certificate::from_pem("").expect_err("nothing").to_string(), Error::NoCertificate.to_string());
    assert_eq!(Certificate::bundle_from_pem("x"), Err(Error::NoCertificate));
    assert_eq!(KeyPair::from_pem("x"), Err(Error::NoPrivateKey));
    assert_eq!(SigningRequest::from_pem("x").expect_err("nothing").to_string(), "csr contains no data");
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAUwAwYBAA==\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert_eq!(KeyPair::from_pem(encrypted), Err(Error::MalformedPrivateKey));
}

#[test]
fn huge_input_is_refused_in_no_time() {
    let deep: Vec<u8> = [0x30, 0x84, 0, 0xff, 0xff, 0xff].into_iter().cycle().take(4 << 20).collect();
    try_all(&deep);
    let text = "-----BEGIN CERTIFICATE-----\n".repeat(20_000);
    assert_eq!(Certificate::bundle_from_pem(&text), Err(Error::NoCertificate));
    let long = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", "A".repeat(8 << 20));
    assert_eq!(Certificate::from_pem(&long).expect_err("zeros").to_string(), "x509: malformed certificate");
}
