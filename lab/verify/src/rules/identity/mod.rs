//! WID401 to WID406: workload identity between Nomad and Vault.

mod audience;
mod claims;
mod jwks;
mod names;
mod readiness;
mod tokens;

use super::Check;

pub(super) const CHECKS: &[Check] = &[
    Check::Cluster(audience::check),
    Check::Cluster(jwks::check),
    Check::Cluster(names::check),
    Check::Cluster(claims::check),
    Check::Cluster(tokens::check),
    Check::Cluster(readiness::check),
];
