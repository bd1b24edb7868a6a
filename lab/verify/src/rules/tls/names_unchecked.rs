//! TLS003: TLS without a look at names.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let tls = &subject.agent.configuration.tls;
    if !tls.rpc || tls.verify_server_hostname {
        return Vec::new();
    }
    let place = subject.agent.place(&["tls", "verify_server_hostname"], "verify_server_hostname is not true");
    if tls.rpc_upgrade_mode {
        let message = "verify_server_hostname is off while rpc_upgrade_mode is on, which is the safe order; \
                       turn it on with the restart that closes the port";
        return vec![subject.finding("TLS003", message).at(place).severity(Severity::Information)];
    }
    let message = "tls.rpc without verify_server_hostname: any certificate of the CA can act as a server";
    vec![subject.finding("TLS003", message).at(place)]
}
