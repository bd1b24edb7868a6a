//! The names in certificates that Nomad gives a meaning: `server.<region>.nomad` and `client.<region>.nomad`.

use lab_pki::Certificate;

/// What an incoming RPC connection's certificate must say where `verify_server_hostname` is set.
///
/// The DNS names are tried first and the common name where none will do. A server of any region passes; a client only
/// of this one.
pub(super) fn check_role_and_region(certificate: &Certificate, region: &str) -> Result<(), String> {
    let own_client = format!("client.{region}.nomad");
    let is_accepted = |name: &str| {
        let labels: Vec<&str> = name.split('.').collect();
        match labels.as_slice() {
            ["client", _, .., "nomad"] => name == own_client,
            ["server", _, .., "nomad"] => true,
            _ => false,
        }
    };
    let mut names = certificate.dns_names().iter().map(String::as_str).chain([certificate.common_name()]);
    if names.any(is_accepted) { Ok(()) } else { Err("invalid role or region for certificate".into()) }
}

/// The common name, where there is one, and the DNS names: what the checks of single calls compare.
pub(crate) fn names_of(certificate: &Certificate) -> Vec<String> {
    let common_name = Some(certificate.common_name().to_owned()).filter(|name| !name.is_empty());
    common_name.into_iter().chain(certificate.dns_names().iter().cloned()).collect()
}
