//! Verdicts on certificates, each with Go's words.

use std::time::Duration;

use lab_pki::{
    BasicConstraints, Certificate, CertificateBuilder, ExtendedKeyUsage, Extension, Issuer, KeyIdentifier,
    KeyKind, KeySource, KeyUsage, Name, Oid, SignatureError, Usage, VerifyError, VerifyOptions, verify,
    verify_hostname, verify_ignoring_time,
};
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-01-05 09:00 UTC);
const HOUR: Duration = Duration::from_secs(3600);

fn builder(common_name: &str) -> CertificateBuilder {
    CertificateBuilder::new(Name::common(common_name), NOW - HOUR, NOW + HOUR)
}

fn authority(common_name: &str) -> CertificateBuilder {
    let mut builder = builder(common_name);
    builder.basic_constraints = Some(BasicConstraints { ca: true, path_length: None });
    builder.key_usage = KeyUsage::CERT_SIGN;
    builder
}

fn leaf() -> CertificateBuilder {
    let mut builder = builder("server.global.nomad");
    builder.dns_names = vec!["server.global.nomad".into(), "localhost".into()];
    builder.ip_addresses = vec!["127.0.0.1".parse().expect("an address")];
    builder.extended_key_usage = vec![ExtendedKeyUsage::ServerAuth];
    builder
}

fn key() -> lab_pki::KeyPair {
    KeySource::generated().key(KeyKind::EcP256).expect("a key")
}

fn root(builder: CertificateBuilder) -> Issuer {
    let key = key();
    Issuer { certificate: builder.self_sign(&key).expect("a root"), key }
}

fn below(builder: CertificateBuilder, issuer: &Issuer) -> Issuer {
    let key = key();
    Issuer { certificate: builder.sign(key.public_key_der(), issuer).expect("a certificate"), key }
}

fn says(roots: &[&Issuer], between: &[&Issuer], leaf: &Issuer) -> String {
    says_with(roots, between, leaf, NOW, Usage::Server, None)
}

fn says_with(
    roots: &[&Issuer],
    between: &[&Issuer],
    leaf: &Issuer,
    at: OffsetDateTime,
    usage: Usage,
    name: Option<&str>,
) -> String {
    let certificates =
        |list: &[&Issuer]| list.iter().map(|one| one.certificate.clone()).collect::<Vec<Certificate>>();
    let (roots, intermediates) = (certificates(roots), certificates(between));
    let options = VerifyOptions { roots: &roots, intermediates: &intermediates, at, usage, name };
    verify(&options, &leaf.certificate)
        .map_or_else(|error| error.to_string(), |chain| format!("{} in chain", chain.len()))
}

#[test]
fn a_chain_leads_over_an_intermediate_to_the_root() {
    let top = root(authority("root"));
    let middle = below(authority("middle"), &top);
    let leaf = below(leaf(), &middle);
    assert_eq!(says(&[&top], &[&middle], &leaf), "3 in chain");
    assert_eq!(says(&[&middle], &[], &leaf), "2 in chain");
    assert_eq!(says(&[&leaf], &[], &leaf), "1 in chain");
    assert_eq!(says(&[&top], &[], &leaf), "x509: certificate signed by unknown authority");
    assert_eq!(says(&[], &[&middle, &top], &leaf), "x509: certificate signed by unknown authority");
}

#[test]
fn time_is_judged_of_every_certificate() {
    let top = root(authority("root"));
    let middle = below(authority("middle"), &top);
    let leaf = below(leaf(), &middle);
    let at = |at| says_with(&[&top], &[&middle], &leaf, at, Usage::Server, None);
    assert_eq!(at(NOW + HOUR), "3 in chain");
    assert_eq!(
        at(NOW + HOUR + Duration::from_secs(1)),
        "x509: certificate has expired or is not yet valid: current time 2026-01-05T10:00:01Z is after 2026-01-05T10:00:00Z"
    );
    assert_eq!(
        at(NOW - 2 * HOUR),
        "x509: certificate has expired or is not yet valid: current time 2026-01-05T07:00:00Z is before 2026-01-05T08:00:00Z"
    );
    let mut old = authority("old root");
    old.not_after = NOW - Duration::from_secs(60);
    let old = root(old);
    let young = below(self::leaf(), &old);
    assert_eq!(
        says(&[&old], &[], &young),
        "x509: certificate has expired or is not yet valid: current time 2026-01-05T09:00:00Z is after 2026-01-05T08:59:00Z"
    );
    let root_and_leaf = (std::slice::from_ref(&old.certificate), &young.certificate);
    assert!(verify_ignoring_time(root_and_leaf.0, &[], root_and_leaf.1).is_ok());
}

#[test]
fn a_suspected_authority_is_named_in_the_hint() {
    let (one, other) = (root(authority("nomad root")), root(authority("nomad root")));
    let leaf = below(leaf(), &other);
    assert_eq!(
        says(&[&one], &[], &leaf),
        "x509: certificate signed by unknown authority (possibly because of \"x509: ECDSA verification failure\" while \
         trying to verify candidate authority certificate \"nomad root\")"
    );
    let nameless = |organization: &[&str]| {
        let mut builder = authority("");
        builder.subject.organization = organization.iter().map(|&text| text.to_owned()).collect();
        builder.serial = vec![1, 0];
        root(builder)
    };
    for (organization, shown) in [(&["a \"b\""][..], r#"a \"b\""#), (&[], "serial:256")] {
        let (one, other) = (nameless(organization), nameless(organization));
        let said = says(&[&one], &[], &below(self::leaf(), &other));
        assert!(said.ends_with(&format!("candidate authority certificate \"{shown}\")")), "{said}");
    }
}

#[test]
fn who_is_no_authority_signs_nothing() {
    let top = root(authority("root"));
    let middle = below(builder("middle"), &top);
    let leaf = below(leaf(), &middle);
    assert_eq!(
        says(&[&top], &[&middle], &leaf),
        "x509: certificate signed by unknown authority (possibly because of \"x509: invalid signature: parent \
         certificate cannot sign this kind of certificate\" while trying to verify candidate authority certificate \
         \"middle\")"
    );
    assert_eq!(
        leaf.certificate.check_signature_from(&middle.certificate),
        Err(SignatureError::NotAnAuthority)
    );
}

#[test]
fn path_lengths_are_kept() {
    let mut short = authority("root");
    short.basic_constraints = Some(BasicConstraints { ca: true, path_length: Some(0) });
    let top = root(short);
    let middle = below(authority("middle"), &top);
    let leaf = below(leaf(), &middle);
    assert_eq!(says(&[&top], &[&middle], &leaf), "x509: too many intermediates for path length constraint");
    assert_eq!(says(&[&top], &[], &below(self::leaf(), &top)), "2 in chain");
}

#[test]
fn usages_must_be_allowed_all_the_way_up() {
    let top = root(authority("root"));
    let leaf = below(leaf(), &top);
    let text = "x509: certificate specifies an incompatible key usage";
    assert_eq!(says_with(&[&top], &[], &leaf, NOW, Usage::Client, None), text);
    assert_eq!(says_with(&[&top], &[], &leaf, NOW, Usage::Any, None), "2 in chain");
    let mut narrow = authority("narrow");
    narrow.extended_key_usage = vec![ExtendedKeyUsage::ClientAuth];
    let narrow = below(narrow, &top);
    assert_eq!(says(&[&top], &[&narrow], &below(self::leaf(), &narrow)), text);
    let mut free = self::leaf();
    free.extended_key_usage.clear();
    assert_eq!(says_with(&[&top], &[], &below(free, &top), NOW, Usage::Client, None), "2 in chain");
}

#[test]
fn name_constraints_hold_for_every_name() {
    let mut constrained = authority("root");
    constrained.permitted.dns = vec!["nomad".into()];
    let top = root(constrained);
    assert_eq!(
        says(&[&top], &[], &below(leaf(), &top)),
        "x509: a root or intermediate certificate is not authorized to sign for this name: DNS name \"localhost\" is \
         not permitted by any constraint"
    );
    let mut inside = leaf();
    inside.dns_names = vec!["server.global.nomad".into()];
    assert_eq!(says(&[&top], &[], &below(inside, &top)), "2 in chain");
}

#[test]
fn a_critical_extension_that_nobody_knows_is_refused() {
    let top = root(authority("root"));
    let mut strange = leaf();
    strange.extra_extensions =
        vec![Extension { oid: Oid::new(&[1, 2, 3]), critical: true, value: vec![0x05, 0x00] }];
    assert_eq!(says(&[&top], &[], &below(strange, &top)), "x509: unhandled critical extension");
}

#[test]
fn names_are_compared_in_go_words() {
    let top = root(authority("root"));
    let certificate = below(leaf(), &top).certificate;
    let says = |certificate: &Certificate, name: &str| {
        verify_hostname(certificate, name).map_or_else(|error| error.to_string(), |()| "valid".to_owned())
    };
    for name in ["server.global.nomad", "LOCALHOST", "localhost.", "127.0.0.1", "[127.0.0.1]"] {
        assert_eq!(says(&certificate, name), "valid", "{name}");
    }
    assert_eq!(
        says(&certificate, "client.global.nomad"),
        "x509: certificate is valid for server.global.nomad, localhost, not client.global.nomad"
    );
    assert_eq!(says(&certificate, "10.0.0.1"), "x509: certificate is valid for 127.0.0.1, not 10.0.0.1");
    let mut bare = leaf();
    bare.dns_names.clear();
    bare.ip_addresses.clear();
    let bare = below(bare, &top).certificate;
    assert_eq!(
        says(&bare, "server.global.nomad"),
        "x509: certificate relies on legacy Common Name field, use SANs instead"
    );
    assert_eq!(says(&bare, "x"), "x509: certificate is not valid for any names, but wanted to match x");
    assert_eq!(
        says(&bare, "::1"),
        "x509: cannot validate certificate for ::1 because it doesn't contain any IP SANs"
    );
    let mut many = leaf();
    many.dns_names = (0..100).map(|number| format!("n{number}.nomad")).collect();
    assert_eq!(
        says(&below(many, &top).certificate, "x"),
        "x509: certificate is valid for 100 names, but none matched x"
    );
}

#[test]
fn a_bundle_made_to_be_slow_is_given_up() {
    let top = root(authority("root"));
    let twins: Vec<Issuer> = (0..120).map(|_| root(authority("twin"))).collect();
    let hidden = root(authority("twin"));
    let leaf = below(leaf(), &hidden);
    let between: Vec<&Issuer> = twins.iter().collect();
    assert_eq!(says(&[&top], &between, &leaf), VerifyError::SignatureLimit.to_string());
}

#[test]
fn old_hashes_are_refused() {
    let key = key();
    let good = authority("root").self_sign(&key).expect("a root");
    // The same certificate with its signature algorithm renamed to ECDSA with SHA-1.
    let (sha256, sha1) =
        ([6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1]);
    let mut der = good.der().to_vec();
    let mut shorter = Vec::new();
    while let Some(at) = der.windows(10).position(|window| window == sha256) {
        shorter.extend(der.drain(..at));
        // One byte less in the identifier, made up for by a NULL in the lengths around it.
        *shorter.last_mut().expect("a length") += 1;
        shorter.extend(sha1);
        shorter.extend([5, 0]);
        der.drain(..10);
    }
    shorter.extend(der);
    let grown = shorter.len() - good.der().len();
    assert_eq!(grown, 2);
    let outer = u16::from_be_bytes([shorter[2], shorter[3]]) + 2;
    shorter[2..4].copy_from_slice(&outer.to_be_bytes());
    let inner = u16::from_be_bytes([shorter[6], shorter[7]]) + 1;
    shorter[6..8].copy_from_slice(&inner.to_be_bytes());
    let weak = Certificate::from_der(&shorter).expect("it parses");
    let error = weak.check_signature_from(&good).expect_err("a weak hash");
    assert_eq!(error.to_string(), "x509: cannot verify signature: insecure algorithm ECDSA-SHA1");
}

#[test]
fn the_identifiers_of_keys_can_be_chosen() {
    let mut builder = authority("root");
    builder.subject_key_id = KeyIdentifier::Given(vec![1, 2, 3]);
    builder.authority_key_id = KeyIdentifier::Absent;
    let certificate = root(builder).certificate;
    assert_eq!((certificate.subject_key_id(), certificate.authority_key_id()), (&[1, 2, 3][..], &[][..]));
}
