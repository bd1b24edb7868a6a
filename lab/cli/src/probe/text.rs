//! Answers for people and machines.

use std::fmt::Write as _;

use lab_pki::Certificate;
use lab_workflow::{Credential, Port, Version};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::ask::{Answers, Silence, State};
use super::judge::Remark;

/// What a port said and what that means, in lines.
pub(super) fn human(answers: &Answers, remarks: &[Remark], now: OffsetDateTime) -> String {
    let port = match answers.port {
        Port::Rpc => "RPC",
        Port::Http => "HTTP",
    };
    let mut text = format!("{}  {port}  {}\n", answers.said, answers.state().name());
    let mut line =
        |name: &str, said: &str| writeln!(text, "  {name:<14} {said}").expect("a string takes any text");
    if let Some(silence) = &answers.silent {
        let name = match silence {
            Silence::NoAnswer(_) => "no answer",
            Silence::NotNomad(_) => "unknown",
        };
        line(name, silence.text());
        return text;
    }
    if let Some(verdict) = &answers.plaintext {
        line("plaintext", &outcome(verdict.accepted, &verdict.text));
    }
    match &answers.tls {
        Some(Ok(served)) => {
            let versions: Vec<&str> = answers.versions.iter().map(|version| name_of(*version)).collect();
            line("TLS", &versions.join(", "));
            for (number, certificate) in served.chain.iter().enumerate() {
                line(if number == 0 { "serves" } else { "behind it" }, &describe(certificate, now));
            }
        }
        Some(Err(why)) => line("TLS", &outcome(false, why)),
        None => {}
    }
    for (probe, verdict) in &answers.asked {
        let what = match probe.ask {
            lab_workflow::Ask::Raft => "Raft",
            _ => "with",
        };
        let said = format!("{}: {}", probe.credential.describe(), outcome(verdict.accepted, &verdict.text));
        line(what, &said);
    }
    if answers.port == Port::Http && !answers.names.is_empty() {
        let names: Vec<String> = answers
            .names
            .iter()
            .map(|(name, is_good)| format!("{name} {}", if *is_good { "yes" } else { "no" }))
            .collect();
        line("names", &names.join(", "));
    }
    for remark in remarks {
        line(remark.severity.name(), &format!("{} (lab explain {})", remark.text, remark.code));
    }
    text
}

pub(super) fn document(answers: &Answers, remarks: &[Remark], now: OffsetDateTime) -> Value {
    let served = answers.served().map(|certificate| {
        json!({
            "subject": certificate.subject().to_string(),
            "names": certificate.dns_names(),
            "addresses": certificate.ip_addresses().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "issuer": certificate.issuer().to_string(),
            "serial": certificate.serial(),
            "not_before": lab_world::format_rfc3339(certificate.not_before()),
            "not_after": lab_world::format_rfc3339(certificate.not_after()),
            "days_left": (certificate.not_after() - now).whole_days(),
            "chain": answers.tls.as_ref().and_then(|tls| tls.as_ref().ok()).map_or(0, |served| served.chain.len()),
        })
    });
    json!({
        "address": answers.said,
        "port": answers.port.as_str(),
        "state": answers.state().name(),
        "error": answers.silent.as_ref().map(Silence::text),
        "plaintext": answers.plaintext.as_ref().map(|verdict| json!({ "accepted": verdict.accepted, "text": verdict.text })),
        "tls": answers.tls.as_ref().map(|tls| match tls {
            Ok(_) => json!({ "accepted": true, "versions": answers.versions.iter().map(|version| name_of(*version)).collect::<Vec<_>>() }),
            Err(why) => json!({ "accepted": false, "text": why }),
        }),
        "served": served,
        "wants_certificate": wants_certificate(answers),
        "asked": answers.asked.iter().map(|(probe, verdict)| json!({
            "probe": probe, "in_words": probe.to_string(), "accepted": verdict.accepted, "text": verdict.text,
        })).collect::<Vec<_>>(),
        "names": answers.names.iter().map(|(name, is_good)| json!({ "name": name, "valid": is_good })).collect::<Vec<_>>(),
        "remarks": remarks.iter().map(|remark| json!({
            "severity": remark.severity.name(), "code": remark.code, "text": remark.text,
        })).collect::<Vec<_>>(),
    })
}

/// Whether TLS without a certificate is refused; unknown where there is no TLS.
fn wants_certificate(answers: &Answers) -> Option<bool> {
    if matches!(answers.state(), State::Plaintext | State::Neither) {
        return None;
    }
    let bare = answers.asked.iter().find(|(probe, _)| probe.credential == Credential::None)?;
    Some(!bare.1.accepted)
}

fn outcome(accepted: bool, text: &str) -> String {
    if accepted { "accepted".to_owned() } else { format!("refused: {text}") }
}

fn describe(certificate: &Certificate, now: OffsetDateTime) -> String {
    let mut names = certificate.dns_names().to_vec();
    names.extend(certificate.ip_addresses().iter().map(ToString::to_string));
    let shown = if names.is_empty() { certificate.common_name().to_owned() } else { names.join(", ") };
    let shown: String = shown.chars().take(200).collect();
    let left = certificate.not_after() - now;
    let days = left.whole_days();
    let left = match days {
        ..0 => format!("over for {} days", -days),
        0..=1 => format!("{} h left", left.whole_hours()),
        _ => format!("{days} days left"),
    };
    format!("{shown}; by {:?}, {left}", certificate.issuer().common_name)
}

fn name_of(version: Version) -> &'static str {
    match version {
        Version::Tls12 => "1.2",
        Version::Tls13 => "1.3",
    }
}
