//! CERT101 to CERT112: the certificates that an agent's `tls` block names.

mod chain;
mod common_name;
mod hosts;
mod leftover;
mod order;
mod pair;
mod readable;
mod role;
mod server_name;
mod shared_key;
mod usage;
mod validity;

use super::Check;

pub(super) const CHECKS: &[Check] = &[
    Check::Agent(pair::check),
    Check::Agent(validity::check),
    Check::Agent(role::check),
    Check::Agent(server_name::check),
    Check::Agent(leftover::check),
    Check::Agent(usage::check),
    Check::Agent(hosts::check),
    Check::Agent(common_name::check),
    Check::Agent(chain::check),
    Check::Cluster(chain::check_trust),
    Check::Agent(readable::check),
    Check::Cluster(shared_key::check),
    Check::Agent(order::check),
];
