//! The ways to the goals.

mod mtls;
mod new_ca;
mod plaintext;
mod rotation;

use super::arguments::Goal;
use super::budget::Budget;
use super::shape::Shape;
use super::step::Step;

/// The steps to a goal.
pub(super) fn steps(goal: Goal, shape: &Shape, budget: &Budget) -> Vec<Step> {
    match goal {
        Goal::Mtls => mtls::steps(shape, budget),
        Goal::Rotation => rotation::steps(shape, budget),
        Goal::NewCa => new_ca::steps(shape, budget),
        Goal::Plaintext => plaintext::steps(shape, budget),
    }
}

/// What a cluster that speaks mutual TLS went through: the beginning of the other goals' scenarios.
pub(super) fn before(goal: Goal, shape: &Shape, budget: &Budget) -> Vec<Step> {
    if goal == Goal::Mtls { Vec::new() } else { mtls::steps(shape, budget) }
}

/// `servers, one at a time, the leader last`
pub(super) fn servers(shape: &Shape) -> String {
    match shape.servers.len() {
        1 => format!("the server {}", shape.servers[0]),
        _ => format!(
            "{}: one at a time, the leader last (nomad operator raft list-peers shows it)",
            list(&shape.servers)
        ),
    }
}

/// `clients, 100 at a time`
pub(super) fn clients(shape: &Shape, budget: &Budget) -> String {
    match (shape.clients.len(), budget.batch) {
        (0, _) => "no clients here".to_owned(),
        (_, 1) => format!("{}: one at a time", list(&shape.clients)),
        (_, batch) => format!("{}: {batch} at a time", list(&shape.clients)),
    }
}

/// `client-1, client-2, client-3 and 37 more`
fn list(names: &[String]) -> String {
    match names {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        names => names.join(", "),
    }
}

/// A `tls` block of a server or client.
pub(super) fn tls(shape: &Shape, is_server: bool, upgrade: bool, verify: bool) -> String {
    let https = shape.verifies_https(is_server);
    let mode = if is_server { format!("  rpc_upgrade_mode       = {upgrade}\n") } else { String::new() };
    format!(
        "tls {{\n  http = true\n  rpc  = true\n{}  verify_server_hostname = {verify}\n  verify_https_client    = {https}\n{mode}}}\n",
        shape.files(is_server)
    )
}

/// The probe of every server's RPC port.
pub(super) fn probe_servers(shape: &Shape, expect: &str) -> String {
    let ports: Vec<String> = shape.servers.iter().map(|server| format!("--rpc {server}:4647")).collect();
    format!("lab probe {} --expect {expect}", ports.join(" "))
}
