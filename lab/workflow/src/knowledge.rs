//! What a timeline says about the present.

use std::collections::{BTreeMap, BTreeSet};

use crate::fleet::Program;
use crate::probe::{Ask, Credential, Probe, Transport};
use crate::scenario::{Comparison, Condition, Fact};
use crate::timeline::{Entry, Event};

/// The newest state of everything that the timeline speaks of.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    /// Clients by name, with their status.
    pub(crate) clients: BTreeMap<String, String>,
    /// Allocations by id.
    pub(crate) allocations: BTreeMap<String, Allocation>,
    /// Who leads.
    pub(crate) leader: Option<String>,
    /// The machines whose ports could answer otherwise than when they were probed last.
    pub(crate) touched: BTreeSet<String>,
    probes: BTreeMap<(Probe, String), bool>,
    client_count: usize,
}

/// The newest state of an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allocation {
    pub(crate) job: String,
    pub(crate) desired: String,
    pub(crate) status: String,
}

impl Knowledge {
    /// Nothing, about a cluster with so many clients.
    pub(crate) fn new(client_count: usize) -> Self {
        Self { client_count, ..Self::default() }
    }

    /// Learns from an entry.
    pub(crate) fn learn(&mut self, entry: &Entry) {
        match &entry.event {
            Event::NodeStatus { node, status, .. } => {
                self.clients.insert(node.clone(), status.clone());
            }
            Event::Allocation { id, job, desired, status, .. } => {
                let allocation =
                    Allocation { job: job.clone(), desired: desired.clone(), status: status.clone() };
                self.allocations.insert(id.clone(), allocation);
            }
            Event::LeaderChanged { leader } => self.leader.clone_from(leader),
            Event::Probe { node, probe, verdict } => {
                self.probes.insert((*probe, node.clone()), verdict.accepted);
            }
            Event::ProgramChanged { node, program: Program::Nomad, .. }
            | Event::CertificateFiles { node, .. } => {
                self.touched.insert(node.clone());
            }
            _ => {}
        }
    }

    /// How many clients are ready.
    pub(crate) fn ready(&self) -> usize {
        self.clients.values().filter(|status| *status == "ready").count()
    }

    /// How many allocations have this status and are meant to run.
    pub(crate) fn allocations_with(&self, status: &str) -> usize {
        self.allocations.values().filter(|known| known.desired == "run" && known.status == status).count()
    }

    /// Whether a condition holds, and what was found where it does not.
    pub(crate) fn evaluate(&self, condition: &Condition) -> Result<(), String> {
        for comparison in &condition.comparisons {
            let Comparison { fact, is_equal, value } = comparison;
            let found = self.value(*fact);
            let wanted = match (fact, value.as_str()) {
                (Fact::ClientsReady, "all") => self.client_count.to_string(),
                (_, value) => value.to_owned(),
            };
            if (found == wanted) != *is_equal {
                return Err(format!("{} is {found}", fact.as_str()));
            }
        }
        Ok(())
    }

    fn value(&self, fact: Fact) -> String {
        let tls = |credential, ask| Probe::rpc(Transport::Tls, credential, ask);
        match fact {
            Fact::PlaintextRpc => self.verdicts(Probe::PLAINTEXT),
            Fact::PlaintextHttp => self.verdicts(Probe::http(Transport::Plaintext, Credential::None)),
            Fact::RpcWithoutCertificate => self.verdicts(tls(Credential::None, Ask::Ping)),
            Fact::HttpsWithoutCertificate => self.verdicts(Probe::http(Transport::Tls, Credential::None)),
            Fact::RaftAsClient => self.verdicts(tls(Credential::Client, Ask::Raft)),
            Fact::ClientsReady => self.ready().to_string(),
            Fact::AllocationsRunning => self.allocations_with("running").to_string(),
            Fact::AllocationsPending => self.allocations_with("pending").to_string(),
            Fact::Leader => if self.leader.is_some() { "present" } else { "absent" }.to_owned(),
        }
    }

    /// What all nodes say to a probe, in one word.
    fn verdicts(&self, probe: Probe) -> String {
        let verdicts: Vec<bool> = self
            .probes
            .iter()
            .filter(|((asked, _), _)| *asked == probe)
            .map(|(_, accepted)| *accepted)
            .collect();
        match (verdicts.iter().any(|accepted| *accepted), verdicts.iter().all(|accepted| *accepted)) {
            _ if verdicts.is_empty() => "not probed",
            (true, true) => "accepted",
            (false, _) => "refused",
            (true, false) => "mixed",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::entry;
    use crate::probe::Verdict;

    fn condition(fact: Fact, value: &str) -> Condition {
        Condition { comparisons: vec![Comparison { fact, is_equal: true, value: value.into() }] }
    }

    #[test]
    fn servers_that_differ_are_mixed() {
        let mut knowledge = Knowledge::new(1);
        assert_eq!(
            knowledge.evaluate(&condition(Fact::PlaintextRpc, "refused")),
            Err("plaintext_rpc is not probed".into())
        );
        for (node, accepted) in [("server-1", true), ("server-2", false)] {
            let verdict = Verdict { accepted, text: String::new() };
            knowledge.learn(&entry(
                0,
                "",
                Event::Probe { node: node.into(), probe: Probe::PLAINTEXT, verdict },
            ));
        }
        assert_eq!(knowledge.evaluate(&condition(Fact::PlaintextRpc, "mixed")), Ok(()));
    }

    #[test]
    fn all_clients_are_as_many_as_there_are() {
        let mut knowledge = Knowledge::new(1);
        assert_eq!(
            knowledge.evaluate(&condition(Fact::ClientsReady, "all")),
            Err("clients_ready is 0".into())
        );
        let ready = Event::NodeStatus { node: "client-1".into(), status: "ready".into(), was: None };
        knowledge.learn(&entry(0, "", ready));
        assert_eq!(knowledge.evaluate(&condition(Fact::ClientsReady, "all")), Ok(()));
    }
}
