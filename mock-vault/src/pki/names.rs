//! Which names a role lets into a certificate.

use std::net::IpAddr;

use lab_pki::{Oid, OtherName};

use crate::logical::{Call, Refusal, glob};
use crate::pki::role::Role;
use crate::policy::expand;

/// The names that a certificate is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) common_name: String,
    pub(super) dns: Vec<String>,
    pub(super) emails: Vec<String>,
    pub(super) ips: Vec<IpAddr>,
    pub(super) uris: Vec<String>,
    pub(super) others: Vec<OtherName>,
}

/// Refuses names that the role does not allow, the first of them by name.
pub(super) fn check(role: &Role, names: &Names, from_csr: bool, call: &Call<'_>) -> Result<(), Refusal> {
    let refuse = |text: String| Err(Refusal::Invalid(text));
    if !names.common_name.is_empty() && !common_name_fits(role, &names.common_name, call) {
        return refuse(format!("common name {} not allowed by this role", names.common_name));
    }
    if let Some(name) = names.emails.iter().find(|name| !fits(role, name, call)) {
        return refuse(format!("email address {name} not allowed by this role"));
    }
    if let Some(name) = names.dns.iter().find(|name| !fits(role, name, call)) {
        return refuse(format!("subject alternate name {name} not allowed by this role"));
    }
    if !role.allow_ip_sans && !names.ips.is_empty() {
        let shown = names.ips.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" ");
        let given = if from_csr {
            "but was provided some via CSR".to_owned()
        } else {
            format!("but was provided [{shown}]")
        };
        return refuse(format!("IP Subject Alternative Names are not allowed in this role, {given}"));
    }
    check_uris(role, &names.uris, from_csr, call)?;
    check_others(role, &names.others)
}

fn check_uris(role: &Role, uris: &[String], from_csr: bool, call: &Call<'_>) -> Result<(), Refusal> {
    let way = if from_csr { "CSR" } else { "the API" };
    if uris.is_empty() {
        return Ok(());
    }
    if role.allowed_uri_sans.is_empty() {
        let way = if from_csr { "via CSR" } else { "via the API" };
        return Err(Refusal::Invalid(format!(
            "URI Subject Alternative Names are not allowed in this role, but were provided {way}"
        )));
    }
    let allowed = |uri: &String| {
        role.allowed_uri_sans.iter().any(|pattern| {
            match templated(pattern, role.allowed_uri_sans_template, call) {
                Some(pattern) => glob(&pattern, uri),
                None => false,
            }
        })
    };
    if uris.iter().all(allowed) {
        return Ok(());
    }
    Err(Refusal::Invalid(format!(
        "URI Subject Alternative Names were provided via {way} which are not valid for this role"
    )))
}

fn check_others(role: &Role, others: &[OtherName]) -> Result<(), Refusal> {
    if role.allowed_other_sans.iter().any(|allowed| allowed == "*") {
        return Ok(());
    }
    for other in others {
        let allowed: Vec<OtherName> = role
            .allowed_other_sans
            .iter()
            .filter_map(|allowed| other_san(allowed).ok())
            .filter(|allowed| allowed.oid == other.oid)
            .collect();
        if allowed.is_empty() {
            return Err(Refusal::Invalid(format!("other SAN OID {} not allowed by this role", other.oid)));
        }
        if !allowed.iter().any(|allowed| glob(&allowed.value, &other.value)) {
            return Err(Refusal::Invalid(format!(
                "other SAN {} not allowed for OID {} by this role",
                other.value, other.oid
            )));
        }
    }
    Ok(())
}

/// Reads `oid;UTF8:value`.
pub(super) fn other_san(text: &str) -> Result<OtherName, String> {
    let (oid, rest) =
        text.split_once(';').ok_or_else(|| format!("expected a semicolon in other SAN {text:?}"))?;
    let (kind, value) =
        rest.split_once(':').ok_or_else(|| format!("expected a colon in other SAN {text:?}"))?;
    if !["utf8", "utf-8"].contains(&kind.to_lowercase().as_str()) {
        return Err(format!(
            "only utf8 other SANs are supported; found non-supported type in other SAN {text:?}"
        ));
    }
    let oid: Oid =
        oid.trim().parse().map_err(|_| format!("could not determine OID for other SAN {text:?}"))?;
    Ok(OtherName { oid, value: value.to_owned() })
}

fn common_name_fits(role: &Role, name: &str, call: &Call<'_>) -> bool {
    if role.cn_validations.iter().any(|kind| kind == "disabled") {
        return true;
    }
    let kind = if name.contains('@') { "email" } else { "hostname" };
    role.cn_validations.iter().any(|allowed| allowed == kind) && fits(role, name, call)
}

/// Whether a role allows a host name or a mail address.
pub(super) fn fits(role: &Role, name: &str, call: &Call<'_>) -> bool {
    let (is_email, host) = match name.split('@').collect::<Vec<_>>().as_slice() {
        [host] => (false, *host),
        [_, host] => (true, *host),
        _ => return false,
    };
    let (wildcard, reduced) = match split_wildcard(host) {
        None => (None, host),
        Some(Ok((label, rest))) if role.allow_wildcard_certificates && !is_email => (Some(label), rest),
        Some(_) => return false,
    };
    if role.enforce_hostnames {
        let bad_host = !reduced.is_empty() && !is_hostname(reduced);
        let bad_label = wildcard.is_some_and(|label| !is_wildcard_label(label));
        if bad_host || bad_label {
            return false;
        }
    }
    role.allow_any_name
        || is_local(role, reduced, wildcard.is_some())
        || in_domains(role, name, host, reduced, wildcard.is_some(), call)
}

fn is_local(role: &Role, reduced: &str, wildcard: bool) -> bool {
    const LOCAL: [&str; 2] = ["localhost", "localdomain"];
    role.allow_localhost
        && ((!wildcard && LOCAL.contains(&reduced))
            || (role.allow_subdomains
                && LOCAL.iter().any(|local| {
                    reduced.strip_suffix(local).is_some_and(|head| head.ends_with('.'))
                        || (wildcard && reduced == *local)
                })))
}

fn in_domains(role: &Role, name: &str, host: &str, reduced: &str, wildcard: bool, call: &Call<'_>) -> bool {
    role.allowed_domains.iter().filter(|domain| !domain.is_empty()).any(|domain| {
        let Some(domain) = templated(domain, role.allowed_domains_template, call) else { return false };
        let bare = role.allow_bare_domains
            && (name.eq_ignore_ascii_case(&domain) || host.eq_ignore_ascii_case(&domain));
        // The comparison with what is below a domain minds case, as the real server's does.
        let below = role.allow_subdomains
            && (reduced.strip_suffix(domain.as_str()).is_some_and(|head| head.ends_with('.'))
                || (wildcard && reduced.eq_ignore_ascii_case(&domain)));
        let like = role.allow_glob_domains
            && domain.contains('*')
            && glob(&domain.to_lowercase(), &name.to_lowercase());
        bare || below || like
    })
}

/// A pattern with its templates filled; `None` where one has no value.
fn templated(pattern: &str, allowed: bool, call: &Call<'_>) -> Option<String> {
    match call.caller.and_then(|caller| caller.subject.as_ref()) {
        Some(subject) if allowed && pattern.contains("{{") => expand(pattern, Some(subject), call.now()),
        _ => Some(pattern.to_owned()),
    }
}

/// The label with the star and what follows it; an error for a star anywhere else, or for several.
fn split_wildcard(host: &str) -> Option<Result<(&str, &str), ()>> {
    if !host.contains('*') {
        return None;
    }
    let (label, rest) = host.split_once('.').unwrap_or((host, ""));
    Some(if host.matches('*').count() == 1 && label.contains('*') { Ok((label, rest)) } else { Err(()) })
}

fn is_wildcard_label(label: &str) -> bool {
    let (head, tail) = label.split_once('*').unwrap_or((label, ""));
    let clean = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    clean(head) && clean(tail) && !head.starts_with('-') && !tail.ends_with('-')
}

/// Labels of letters, digits and inner dashes; a final dot is allowed.
pub(super) fn is_hostname(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// A host name that may begin with a wildcard label.
pub(super) fn is_hostname_or_wildcard(name: &str) -> bool {
    match split_wildcard(name) {
        None => is_hostname(name),
        Some(Ok((label, rest))) => is_wildcard_label(label) && !rest.is_empty() && is_hostname(rest),
        Some(Err(())) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names() {
        for (name, expected) in [
            ("a.b", true),
            ("localhost", true),
            ("10.0.0.1", true),
            ("a_b", false),
            ("a b", false),
            ("-a", false),
            ("a.", true),
            ("", false),
            ("a..b", false),
        ] {
            assert_eq!(is_hostname(name), expected, "{name}");
        }
        assert!(is_hostname_or_wildcard("*.a.b") && is_hostname_or_wildcard("x*.a.b"));
        assert!(!is_hostname_or_wildcard("a.*.b") && !is_hostname_or_wildcard("**.b"));
    }

    #[test]
    fn globs_match_in_the_middle() {
        for (pattern, text, expected) in [
            ("spiffe://*", "spiffe://x/y", true),
            ("a*c", "abc", true),
            ("a*c", "abd", false),
            ("*", "", true),
            ("a", "a", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn other_names_are_utf8_only() {
        assert_eq!(other_san("1.2.3;UTF8:x").map(|san| san.value), Ok("x".into()));
        assert_eq!(other_san("1.2.3"), Err("expected a semicolon in other SAN \"1.2.3\"".into()));
        assert_eq!(
            other_san("1.2.3;bmp:x"),
            Err("only utf8 other SANs are supported; found non-supported type in other SAN \"1.2.3;bmp:x\""
                .into())
        );
    }
}
