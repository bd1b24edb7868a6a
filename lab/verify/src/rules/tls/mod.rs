//! TLS001 to TLS012: the agents' `tls` block.

mod ciphers;
mod files;
mod gossip;
mod https_client;
mod mixed;
mod names_unchecked;
mod other_blocks;
mod plain_http;
mod region;
mod restart;
mod sticky;
mod upgrade_mode;

pub(super) use self::region::region_of;
use super::Check;

pub(super) const CHECKS: &[Check] = &[
    Check::Agent(files::check),
    Check::Agent(upgrade_mode::check),
    Check::Agent(names_unchecked::check),
    Check::Agent(sticky::check),
    Check::Cluster(restart::check),
    Check::Agent(https_client::check),
    Check::Agent(other_blocks::check),
    Check::Cluster(plain_http::check),
    Check::Agent(gossip::check),
    Check::Agent(ciphers::check),
    Check::Agent(region::check),
    Check::Cluster(mixed::check),
];
