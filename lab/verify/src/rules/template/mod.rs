//! CT201 to CT207: consul-template and Vault Agent.

mod chain;
mod command;
mod lifetime;
mod names;
mod pairs;
mod same_request;
mod self_contained;

use super::Check;

pub(super) const CHECKS: &[Check] = &[
    Check::Templates(pairs::check),
    Check::Templates(same_request::check),
    Check::Cluster(same_request::check_processes),
    Check::Templates(self_contained::check),
    Check::Templates(self_contained::check_mode),
    Check::Templates(chain::check),
    Check::Templates(command::check),
    Check::Templates(lifetime::check),
    Check::Templates(names::check),
];
