//! TLS009: gossip in the clear.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let configuration = &subject.agent.configuration;
    if !configuration.is_server || !configuration.tls.rpc || !configuration.encrypt.is_empty() {
        return Vec::new();
    }
    let servers = subject.cluster.agents().filter(|(_, agent)| agent.configuration.is_server).count();
    let is_alone = servers == 1 && configuration.bootstrap_expect <= 1 && configuration.joins.is_empty();
    let place = subject.agent.block_place(&["server"], "no `encrypt` in it");
    let message = if is_alone {
        "server.encrypt is not set; one server alone gossips with nobody, but the port is open"
    } else {
        "server.encrypt is not set: the servers gossip in the clear, TLS or not"
    };
    let severity = if is_alone { Severity::Information } else { Severity::Warning };
    vec![subject.finding("TLS009", message).at(place).severity(severity)]
}
