//! Comparing names with certificates.

use std::net::IpAddr;

use super::VerifyError;
use crate::Certificate;

/// How many names an error message lists; from there on it only says how many there are.
const MOST_LISTED: usize = 100;

/// Whether a certificate is valid for a name, or for an address, which may stand in brackets: Go's `VerifyHostname`.
///
/// Only alternative names count, not the common name. A `*` may be the whole first label of a certificate's name.
/// Letters compare without case, and a name may end with a dot.
pub fn verify_hostname(certificate: &Certificate, name: &str) -> Result<(), VerifyError> {
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|bare| !bare.is_empty());
    let bare = bare.unwrap_or(name);
    if let Ok(address) = bare.parse::<IpAddr>() {
        let is_it = |known: &IpAddr| known.to_canonical() == address.to_canonical();
        let found = certificate.ip_addresses().iter().any(is_it);
        return if found { Ok(()) } else { Err(mismatch(certificate, bare, true)) };
    }
    let wanted = name.to_ascii_lowercase();
    let is_valid = is_valid_host(&wanted, false);
    let labels = labels(&wanted);
    let is_it = |known: &String| {
        if is_valid && is_valid_host(known, true) {
            matches(known, &labels)
        } else {
            is_exactly(known, &wanted)
        }
    };
    if certificate.dns_names().iter().any(is_it) { Ok(()) } else { Err(mismatch(certificate, name, false)) }
}

fn mismatch(certificate: &Certificate, name: &str, is_address: bool) -> VerifyError {
    VerifyError::Hostname(explain(certificate, name, is_address))
}

fn explain(certificate: &Certificate, name: &str, is_address: bool) -> String {
    let labels = labels(&name.to_ascii_lowercase());
    if !certificate.has_alternative_names() && matches(certificate.common_name(), &labels) {
        return "certificate relies on legacy Common Name field, use SANs instead".to_owned();
    }
    let (addresses, names) = (certificate.ip_addresses(), certificate.dns_names());
    let list = if is_address {
        if addresses.is_empty() {
            return format!("cannot validate certificate for {name} because it doesn't contain any IP SANs");
        }
        if addresses.len() >= MOST_LISTED {
            let count = addresses.len();
            return format!("certificate is valid for {count} IP SANs, but none matched {name}");
        }
        addresses.iter().map(|address| address.to_canonical().to_string()).collect::<Vec<_>>().join(", ")
    } else {
        if names.len() >= MOST_LISTED {
            return format!("certificate is valid for {} names, but none matched {name}", names.len());
        }
        names.join(", ")
    };
    if list.is_empty() {
        return format!("certificate is not valid for any names, but wanted to match {name}");
    }
    format!("certificate is valid for {list}, not {name}")
}

fn labels(name: &str) -> Vec<String> {
    name.strip_suffix('.').unwrap_or(name).split('.').map(str::to_owned).collect()
}

fn matches(pattern: &str, labels: &[String]) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let parts: Vec<&str> = pattern.split('.').collect();
    let is_same = |(index, part): (usize, &&str)| index == 0 && *part == "*" || labels[index] == **part;
    !pattern.is_empty() && parts.len() == labels.len() && parts.iter().enumerate().all(is_same)
}

fn is_exactly(one: &str, other: &str) -> bool {
    let is_something = |name: &str| !name.is_empty() && name != ".";
    is_something(one) && is_something(other) && one.eq_ignore_ascii_case(other)
}

/// Whether a name is one that patterns are applied to. Others only match themselves.
fn is_valid_host(name: &str, is_pattern: bool) -> bool {
    let name = if is_pattern { name } else { name.strip_suffix('.').unwrap_or(name) };
    let is_label = |(index, label): (usize, &str)| {
        is_pattern && index == 0 && label == "*"
            || !label.is_empty()
                && !label.starts_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    name != "*" && name.split('.').enumerate().all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches_name(pattern: &str, name: &str) -> bool {
        matches(pattern, &labels(&name.to_ascii_lowercase()))
    }

    #[test]
    fn a_star_stands_for_one_whole_label() {
        assert!(matches_name("*.global.nomad", "server.global.nomad"));
        assert!(matches_name("*.Global.nomad", "SERVER.global.nomad."));
        assert!(!matches_name("*.nomad", "server.global.nomad"));
        assert!(!matches_name("s*.global.nomad", "server.global.nomad"));
        assert!(!matches_name("server.*.nomad", "server.global.nomad"));
        assert!(!matches_name("", ""));
    }

    #[test]
    fn only_sound_names_are_patterns() {
        for name in ["a.b", "a_b", "a-b", "1.2"] {
            assert!(is_valid_host(name, true), "{name}");
        }
        assert!(is_valid_host("*.b", true) && !is_valid_host("*.b", false) && !is_valid_host("*", true));
        assert!(is_valid_host("a.", false) && !is_valid_host("a.", true));
        for name in ["", "-a", "a..b", "a:b", "é"] {
            assert!(!is_valid_host(name, false), "{name}");
        }
    }
}
