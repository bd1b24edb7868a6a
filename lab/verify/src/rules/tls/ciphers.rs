//! TLS010: cipher suites and kinds of keys.

use lab_pki::PublicKey;

use crate::finding::Finding;
use crate::rules::subject::Subject;

/// What Nomad takes; those with ECDSA in their name are for EC keys, the others for RSA.
const KNOWN: [&str; 14] = [
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
];

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let tls = &subject.agent.configuration.tls;
    if !subject.uses_tls() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let suites: Vec<&str> = tls.cipher_suites.split(',').filter(|suite| !suite.is_empty()).collect();
    let ciphers = |label: &str| subject.agent.place(&["tls", "tls_cipher_suites"], label);
    for unknown in suites.iter().filter(|suite| !KNOWN.contains(suite)) {
        let message = format!("Nomad does not start: `unsupported TLS cipher {unknown:?}`");
        let known: Vec<&str> =
            suites.iter().map(|suite| suite.trim()).filter(|suite| KNOWN.contains(suite)).collect();
        let kept = if known.is_empty() { KNOWN[..6].join(",") } else { known.join(",") };
        let fix = format!("tls_cipher_suites = {kept:?}");
        findings.push(subject.finding("TLS010", message).at(ciphers("not one of Nomad's")).fix(fix));
    }
    if !["", "tls10", "tls11", "tls12", "tls13"].contains(&tls.min_version.as_str()) {
        let message = format!("Nomad does not start: `unsupported TLS version {:?}`", tls.min_version);
        let place = subject.agent.place(&["tls", "tls_min_version"], "tls10, tls11, tls12 or tls13");
        findings.push(subject.finding("TLS010", message).at(place).fix("tls_min_version = \"tls12\""));
    }
    let Some(leaf) = subject.leaf() else { return findings };
    let algorithm = match leaf.public_key() {
        PublicKey::Rsa { .. } => "RSA",
        PublicKey::Ec { .. } => "ECDSA",
        _ => {
            let message = "the certificate's key is neither RSA nor ECDSA: Nomad does not start with it";
            let place = subject.agent.place(&["tls", "cert_file"], leaf.public_key().algorithm());
            findings.push(subject.finding("TLS010", message).at(place));
            return findings;
        }
    };
    let fits = |suite: &&str| suite.contains("_ECDSA_") == (algorithm == "ECDSA");
    if !suites.is_empty() && !suites.iter().any(fits) {
        let message = format!(
            "Nomad does not start: `Specified cipher suites don't support the certificate signature algorithm \
             {algorithm}, consider adding more cipher suites to match this signature algorithm.`"
        );
        let other = subject.agent.place(&["tls", "cert_file"], format!("its key is {algorithm}"));
        findings.push(subject.finding("TLS010", message).at(ciphers("none is for this key")).with(other));
    }
    findings
}
