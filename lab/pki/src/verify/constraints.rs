//! Name constraints: which names an authority's certificates may have.

use std::net::IpAddr;

use crate::certificate::Subtrees;
use crate::domain::{self, Mailbox};
use crate::{Certificate, Url, quote};

/// Checks the names of every certificate of a chain against the constraints of those above it; the error is Go's
/// detail.
pub(super) fn check(chain: &[Certificate]) -> Result<(), String> {
    for (index, certificate) in chain.iter().enumerate().filter(|(_, one)| one.has_alternative_names()) {
        let above = &chain[index + 1..];
        let mut constraints = above.iter().filter_map(Certificate::name_constraints).peekable();
        if constraints.peek().is_none() {
            continue;
        }
        let names = Names::of(certificate)?;
        for (permitted, excluded) in constraints {
            names.check(permitted, excluded)?;
        }
    }
    Ok(())
}

/// The names of one certificate in the forms that constraints look at.
struct Names<'a> {
    dns: &'a [String],
    ip: &'a [IpAddr],
    emails: Vec<Mailbox>,
    /// Each with its host.
    uris: Vec<(&'a str, String)>,
}

impl<'a> Names<'a> {
    fn of(certificate: &'a Certificate) -> Result<Self, String> {
        let uris =
            certificate.uris().iter().map(|uri| constrained_host(uri).map(|host| (uri.as_str(), host)));
        let mailbox = |email: &String| {
            let parsed =
                Mailbox::parse(email).ok_or_else(|| format!("cannot parse rfc822Name {}", quote(email)))?;
            Ok(Mailbox { domain: parsed.domain.to_lowercase(), ..parsed })
        };
        Ok(Self {
            dns: certificate.dns_names(),
            ip: certificate.ip_addresses(),
            uris: uris.collect::<Result<_, String>>()?,
            emails: certificate.emails().iter().map(mailbox).collect::<Result<_, String>>()?,
        })
    }

    fn check(&self, permitted: &Subtrees, excluded: &Subtrees) -> Result<(), String> {
        for address in self.ip {
            let find = |list: &[(Vec<u8>, Vec<u8>)]| {
                list.iter().find(|network| contains(network, address)).map(cidr)
            };
            let text = address.to_canonical().to_string();
            decide("IP address", &text, &permitted.ip, find(&permitted.ip), find(&excluded.ip))?;
        }
        for name in self.dns {
            if !domain::is_valid(name, false) {
                return Err(format!("x509: cannot parse dnsName {}", quote(name)));
            }
            let (inside, outside) = (find_domain(&permitted.dns, name), find_excluded(&excluded.dns, name));
            decide("DNS name", name, &permitted.dns, inside, outside)?;
        }
        for (uri, host) in &self.uris {
            if !domain::is_valid(host, false) {
                return Err(format!("x509: internal error: URI SAN {} failed to parse", quote(uri)));
            }
            let (inside, outside) = (find_domain(&permitted.uris, host), find_excluded(&excluded.uris, host));
            decide("URI", uri, &permitted.uris, inside, outside)?;
        }
        for mailbox in &self.emails {
            if !domain::is_valid(&mailbox.domain, false) {
                return Err(format!("x509: cannot parse rfc822Name {}", quote(&mailbox.to_string())));
            }
            let inside = find_mailbox(&permitted.emails, mailbox, find_domain);
            let outside = find_mailbox(&excluded.emails, mailbox, find_excluded);
            decide("email address", &mailbox.to_string(), &permitted.emails, inside, outside)?;
        }
        Ok(())
    }
}

/// Permitted is what is inside a permitted subtree, where there are some, and in no excluded one.
fn decide<T>(
    kind: &str,
    name: &str,
    permitted: &[T],
    inside: Option<String>,
    outside: Option<String>,
) -> Result<(), String> {
    let name = quote(name);
    if !permitted.is_empty() && inside.is_none() {
        return Err(format!("{kind} {name} is not permitted by any constraint"));
    }
    match outside {
        Some(constraint) => Err(format!("{kind} {name} is excluded by constraint {}", quote(&constraint))),
        None => Ok(()),
    }
}

fn contains((network, mask): &(Vec<u8>, Vec<u8>), address: &IpAddr) -> bool {
    let bytes = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let mut pairs = bytes.iter().zip(network).zip(mask);
    bytes.len() == network.len() && pairs.all(|((byte, network), mask)| byte & mask == network & mask)
}

/// `10.0.0.0/8`
fn cidr((network, mask): &(Vec<u8>, Vec<u8>)) -> String {
    let ones: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    let address = match <[u8; 4]>::try_from(network.as_slice()) {
        Ok(octets) => IpAddr::from(octets),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(network.as_slice()).unwrap_or_default()),
    };
    format!("{address}/{ones}")
}

/// The widest of the constraints that `name` is under.
fn find_domain(constraints: &[String], name: &str) -> Option<String> {
    let under = constraints.iter().filter(|constraint| is_under(constraint, name));
    under.min_by_key(|constraint| constraint.len()).cloned()
}

/// The same for excluded ones, which also exclude a `*` that could stand for them.
fn find_excluded(constraints: &[String], name: &str) -> Option<String> {
    let behind_star =
        name.strip_prefix('*').and_then(|rest| rest.find('.').map(|dot| rest[dot..].to_lowercase()));
    find_domain(constraints, name).or_else(|| {
        let behind_star = behind_star?;
        let lower = constraints.iter().map(|constraint| constraint.to_lowercase());
        let mut lower = lower
            .filter(|constraint| constraint.find('.').is_some_and(|dot| constraint[dot..] == behind_star));
        lower.next()
    })
}

/// Whether a name is the constraint's domain or below it; with a dot in front only below it.
fn is_under(constraint: &str, name: &str) -> bool {
    if constraint.is_empty() {
        return true;
    }
    let Some(at) = name.len().checked_sub(constraint.len()) else { return false };
    let (front, end) = name.as_bytes().split_at(at);
    let is_at_label = constraint.starts_with('.') || front.last().is_none_or(|&byte| byte == b'.');
    end.eq_ignore_ascii_case(constraint.as_bytes()) && is_at_label
}

fn find_mailbox(
    constraints: &[String],
    mailbox: &Mailbox,
    find: impl Fn(&[String], &str) -> Option<String>,
) -> Option<String> {
    let (whole, domains): (Vec<String>, Vec<String>) =
        constraints.iter().cloned().partition(|constraint| constraint.contains('@'));
    let is_it = |constraint: &Mailbox| {
        constraint.local == mailbox.local && constraint.domain.to_lowercase() == mailbox.domain
    };
    let exact = whole.iter().filter_map(|constraint| Mailbox::parse(constraint)).find(is_it);
    exact.map(|_| mailbox.to_string()).or_else(|| find(&domains, &mailbox.domain))
}

fn constrained_host(uri: &str) -> Result<String, String> {
    let host = Url::parse(uri).map(|url| url.authority.to_lowercase()).unwrap_or_default();
    let quoted = quote(uri);
    if host.is_empty() {
        return Err(format!("URI with empty host ({quoted}) cannot be matched against constraints"));
    }
    let host = match host.rsplit_once(':') {
        Some((name, _)) if !host.ends_with(']') => name.to_owned(),
        _ => host,
    };
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    if is_bracketed || host.parse::<IpAddr>().is_ok() {
        return Err(format!("URI with IP ({quoted}) cannot be matched against constraints"));
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_under_their_constraint() {
        assert!(is_under("nomad", "server.global.Nomad") && is_under("nomad", "nomad") && is_under("", "x"));
        assert!(is_under(".nomad", "server.nomad"));
        assert!(
            !is_under(".nomad", "nomad") && !is_under("nomad", "xnomad") && !is_under("a.nomad", "nomad")
        );
    }

    #[test]
    fn an_exclusion_covers_the_star_that_could_stand_for_it() {
        let excluded = ["bad.example.com".to_owned()];
        assert_eq!(find_excluded(&excluded, "*.example.com").as_deref(), Some("bad.example.com"));
        assert_eq!(find_excluded(&excluded, "good.example.com"), None);
        assert_eq!(find_excluded(&excluded, "x.bad.example.com").as_deref(), Some("bad.example.com"));
    }

    #[test]
    fn networks_contain_addresses() {
        let network = (vec![10, 0, 0, 0], vec![255, 0, 0, 0]);
        assert!(contains(&network, &IpAddr::from([10, 1, 2, 3])));
        assert!(!contains(&network, &IpAddr::from([11, 1, 2, 3])));
        assert_eq!(cidr(&network), "10.0.0.0/8");
    }
}
