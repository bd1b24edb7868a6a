//! CERT107: the names by which people reach the HTTPS port.

use lab_pki::{Certificate, verify_hostname};

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let configuration = &subject.agent.configuration;
    let Some(leaf) = subject.leaf().filter(|_| configuration.tls.http) else { return Vec::new() };
    let local = ["localhost", "127.0.0.1", "::1"];
    if !local.iter().any(|name| is_for(leaf, name)) {
        let message = "the certificate is for neither localhost nor 127.0.0.1: `nomad` and curl on this machine refuse it";
        let fix = format!(
            "Issue it with alt_names=localhost ip_sans=127.0.0.1, or export NOMAD_TLS_SERVER_NAME={}",
            subject.agent.wanted_name()
        );
        return vec![
            subject.finding("CERT107", message).at(subject.leaf_place()).fix(fix).severity(Severity::Warning),
        ];
    }
    let advertised = host_of(&configuration.http.advertise);
    if advertised.is_empty() || advertised.contains("{{") || is_for(leaf, &advertised) {
        return Vec::new();
    }
    let message = format!("the certificate is not for {advertised}, which this agent advertises for HTTP");
    let other = subject.agent.place(&["advertise", "http"], "others reach it by this name");
    vec![subject.finding("CERT107", message).at(subject.leaf_place()).with(other)]
}

fn is_for(leaf: &Certificate, name: &str) -> bool {
    verify_hostname(leaf, name).is_ok()
}

/// The host of `host`, `host:port`, `[::1]:port` or `::1`.
fn host_of(text: &str) -> String {
    if let Some(inside) = text.strip_prefix('[') {
        return inside.split(']').next().unwrap_or_default().to_owned();
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|digit| digit.is_ascii_digit()) => {
            host.to_owned()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn hosts_are_told_from_ports() {
        for (text, host) in [
            ("10.0.0.1:4646", "10.0.0.1"),
            ("[::1]:4646", "::1"),
            ("fd00::1", "fd00::1"),
            ("web.example", "web.example"),
            ("", ""),
        ] {
            assert_eq!(host_of(text), host);
        }
    }
}
