//! Which names a role lets into a certificate.

use std::net::IpAddr;

use lab_pki::CertificateBuilder;

use crate::logical::{Call, Refusal, glob};
use crate::pki::idna;
use crate::pki::other_names::{self, AskedName};
use crate::pki::role::Role;
use crate::policy::expand;

/// The names that a certificate is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) dns: Vec<String>,
    pub(super) emails: Vec<String>,
    pub(super) ips: Vec<IpAddr>,
    pub(super) uris: Vec<String>,
    pub(super) others: Vec<AskedName>,
}

impl Names {
    /// Puts them into a certificate.
    ///
    /// Errors: an identifier of another name that is none.
    pub(super) fn apply(self, builder: &mut CertificateBuilder) -> Result<(), Refusal> {
        builder.dns_names = self.dns;
        builder.emails = self.emails;
        builder.ip_addresses = self.ips;
        builder.uris = self.uris;
        builder.other_names = other_names::encodable(&self.others)?;
        Ok(())
    }
}

/// Refuses a common name that the role does not allow.
pub(super) fn check_common_name(role: &Role, name: &str, call: &Call<'_>) -> Result<(), Refusal> {
    if name.is_empty() || common_name_fits(role, name, call) {
        return Ok(());
    }
    Err(Refusal::Invalid(format!("common name {name} not allowed by this role")))
}

/// Refuses the first name that the role does not allow; `kind` as in `subject alternate name`.
pub(super) fn check(role: &Role, kind: &str, names: &[String], call: &Call<'_>) -> Result<(), Refusal> {
    match names.iter().find(|name| !fits(role, name, call)) {
        Some(name) => Err(Refusal::Invalid(format!("{kind} {name} not allowed by this role"))),
        None => Ok(()),
    }
}

/// Whether a role allows a URI.
pub(super) fn uri_fits(role: &Role, uri: &str, call: &Call<'_>) -> bool {
    role.allowed_uri_sans.iter().any(|pattern| {
        let pattern = templated(pattern, role.allowed_uri_sans_template, call);
        pattern.is_some_and(|pattern| glob(&pattern, uri))
    })
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
        let bad_host = !reduced.is_empty() && !idna::to_ascii(reduced).is_ok_and(|name| is_hostname(&name));
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
    [head, tail].into_iter().all(|part| part.is_empty() || is_label(part))
}

/// Labels of letters, digits and inner dashes, perhaps behind `*.`; a final dot is allowed.
pub(super) fn is_hostname(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    name.strip_suffix('.').unwrap_or(name).split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
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
            ("*.a.b", true),
            ("a*.b", false),
        ] {
            assert_eq!(is_hostname(name), expected, "{name}");
        }
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
}
