//! TLS001: the files that a `tls` block names.

use crate::Severity;
use crate::agent::Spoiled;
use crate::file::Unreadable;
use crate::finding::Finding;
use crate::locate::NotFound;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let tls = &subject.agent.configuration.tls;
    let material = &subject.agent.material;
    if !tls.is_configured {
        return Vec::new();
    }
    let wants_authorities = tls.rpc || tls.verify_https_client;
    let files = [
        ("ca_file", &material.ca.said, material.ca.content.as_ref().err(), wants_authorities),
        (
            "cert_file",
            &material.certificates.said,
            material.certificates.content.as_ref().err(),
            subject.uses_tls(),
        ),
        ("key_file", &material.key.said, material.key.content.as_ref().err(), subject.uses_tls()),
    ];
    let spoiled =
        files.into_iter().filter_map(|(name, said, why, is_wanted)| Some((name, said, why?, is_wanted)));
    spoiled.filter_map(|(name, said, why, is_wanted)| judge(subject, name, said, why, is_wanted)).collect()
}

fn judge(
    subject: &Subject<'_>,
    name: &'static str,
    said: &str,
    why: &Spoiled,
    is_wanted: bool,
) -> Option<Finding> {
    let missing = Spoiled::NotFound(NotFound::Unreadable(Unreadable::Missing));
    let (message, severity) = match why {
        Spoiled::NotFound(NotFound::NotSet) if !is_wanted => return None,
        Spoiled::NotFound(NotFound::NotSet) => {
            (format!("tls.{name} is not set: {}", refusal(name)), Severity::Critical)
        }
        // Certificate and key the wrong way round have a rule of their own.
        Spoiled::Other { .. } => return None,
        why if *why == missing && subject.is_rendered(said) => {
            (format!("tls.{name} is not there yet: a template renders it to {said}"), Severity::Information)
        }
        Spoiled::NotFound(NotFound::Elsewhere) => {
            (format!("tls.{name} is {said}: {why}"), Severity::Information)
        }
        why => (format!("tls.{name} is of no use: {said}: {why}"), Severity::Critical),
    };
    let place = subject.agent.place(&["tls", name], why.to_string());
    let finding = subject.finding("TLS001", message).at(place).severity(severity);
    Some(match fix(name, said, why) {
        Some(fix) => finding.fix(fix),
        None => finding,
    })
}

/// What mends it, where that depends on what is wrong.
fn fix(name: &'static str, said: &str, why: &Spoiled) -> Option<String> {
    match why {
        Spoiled::NotFound(NotFound::NotSet) => {
            let usual = match name {
                "ca_file" => "ca.crt",
                "cert_file" => "agent.crt",
                _ => "agent.key",
            };
            Some(format!("{name} = \"/opt/nomad/agent-certs/{usual}\""))
        }
        Spoiled::Encrypted => {
            Some(format!("openssl pkey -in {said} -out {said}.plain\nmv {said}.plain {said}"))
        }
        Spoiled::NotFound(NotFound::Unreadable(Unreadable::NotText(_))) => {
            let kind = if name == "key_file" { "pkey" } else { "x509" };
            Some(format!("openssl {kind} -inform DER -in {said} -out {said}.pem\nmv {said}.pem {said}"))
        }
        _ => None,
    }
}

/// What Nomad says when it starts.
fn refusal(name: &str) -> &'static str {
    match name {
        "ca_file" => "Nomad does not start: `VerifyIncoming set, and no CA certificate provided!`",
        _ => "Nomad does not start: `VerifyIncoming set, and no Cert/Key pair provided!`",
    }
}
