//! TLS002: the mode that accepts plaintext.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let configuration = &subject.agent.configuration;
    let tls = &configuration.tls;
    if !tls.rpc_upgrade_mode {
        return Vec::new();
    }
    let place = |label: &str| subject.agent.place(&["tls", "rpc_upgrade_mode"], label);
    if !configuration.is_server {
        let message = "rpc_upgrade_mode is on at a client, where it does nothing";
        return vec![
            subject.finding("TLS002", message).at(place("servers only")).severity(Severity::Information),
        ];
    }
    if !tls.rpc {
        let message = "rpc_upgrade_mode is on without tls.rpc: the port takes plaintext only";
        return vec![
            subject.finding("TLS002", message).at(place("does nothing")).severity(Severity::Warning),
        ];
    }
    if tls.verify_server_hostname {
        let message = "rpc_upgrade_mode with verify_server_hostname: this server answers plaintext RPC, and yet \
                       denies plaintext clients their heartbeats and allocations";
        let names = subject
            .agent
            .place(&["tls", "verify_server_hostname"], "this takes from the mode what it is for");
        let fix = "While clients are still plaintext:\n  rpc_upgrade_mode       = true\n  verify_server_hostname = false\n\
                   When all speak TLS, on one server after the other, leader last:\n  rpc_upgrade_mode       = false\n  \
                   verify_server_hostname = true\nand restart it: a reload alone does not close the port.";
        return vec![
            subject.finding("TLS002", message).at(place("the port answers plaintext")).with(names).fix(fix),
        ];
    }
    let message =
        "rpc_upgrade_mode is on: this server answers plaintext RPC and takes any certificate for Raft";
    vec![subject.finding("TLS002", message).at(place("the port answers plaintext"))]
}
