//! PKI301 to PKI304: Vault's PKI.

mod default_issuer;
mod issuer_chain;
mod names;
mod outlives;

use super::Check;

pub(super) const CHECKS: &[Check] = &[
    Check::Cluster(names::check),
    Check::Cluster(outlives::check),
    Check::Cluster(default_issuer::check),
    Check::Cluster(issuer_chain::check),
];
