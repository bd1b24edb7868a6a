//! Only the right role and region gets through.

use super::{After, Check, Invariant};
use crate::probe::{Ask, Credential, Probe, Transport};
use crate::timeline::{Entry, Event};

/// Whoever gets an answer had a certificate that entitles to it.
pub(super) struct RoleAndRegion {
    after: After,
}

impl RoleAndRegion {
    pub(super) fn new(after: &str) -> Self {
        Self { after: After::new(after) }
    }
}

impl Invariant for RoleAndRegion {
    fn observe(&mut self, entry: &Entry) -> Check {
        let is_past = self.after.is_past(entry);
        let Event::Probe { node, probe, verdict } = &entry.event else { return Check::Nothing };
        // On an old connection the certificate was checked by older rules, and in plaintext nobody shows one: those
        // are other invariants' matters.
        let is_plaintext = probe.transport == Transport::Plaintext;
        if !is_past || probe.held || is_plaintext || is_entitled(probe) {
            return Check::Nothing;
        }
        match verdict.accepted {
            true => Check::Failed(format!("{node} accepts {probe}")),
            false => Check::Passed,
        }
    }
}

/// Whether Nomad means this caller to get an answer.
///
/// The handshake lets servers of every region in, since regions forward calls to each other; Raft and the calls for
/// servers want a server of the own region. HTTP asks for a certificate of the authority and for no name.
fn is_entitled(probe: &Probe) -> bool {
    use Credential::{Cli, Client, ClientOfOtherRegion, Server, ServerOfOtherRegion};
    match probe.ask {
        Ask::Raft | Ask::ServerOnly => probe.credential == Server,
        Ask::Ping | Ask::MultiplexedPing => matches!(probe.credential, Server | Client | ServerOfOtherRegion),
        Ask::Http => {
            matches!(probe.credential, Server | Client | Cli | ServerOfOtherRegion | ClientOfOtherRegion)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{entry, finished};
    use super::*;
    use crate::probe::Verdict;

    #[test]
    fn a_client_in_raft_fails_and_a_server_does_not() {
        let mut invariant = RoleAndRegion::new("close");
        invariant.observe(&finished(1, "close"));
        let mut observe = |credential, ask, accepted| {
            let probe = Probe::rpc(Transport::Tls, credential, ask);
            let verdict = Verdict { accepted, text: String::new() };
            invariant.observe(&entry(2, "close", Event::Probe { node: "server-1".into(), probe, verdict }))
        };
        assert_eq!(observe(Credential::Server, Ask::Raft, true), Check::Nothing);
        assert_eq!(observe(Credential::ServerOfOtherRegion, Ask::Ping, true), Check::Nothing);
        assert_eq!(observe(Credential::Cli, Ask::Ping, false), Check::Passed);
        let failed = Check::Failed("server-1 accepts Raft over TLS with a client's certificate".into());
        assert_eq!(observe(Credential::Client, Ask::Raft, true), failed);
    }
}
