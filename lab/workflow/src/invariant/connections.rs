//! No plaintext, and no connection that outlives its welcome.

use std::collections::{BTreeMap, BTreeSet};

use super::{After, Check, Invariant};
use crate::probe::{Port, Probe, Transport};
use crate::timeline::{Entry, Event};

/// A port that takes plaintext takes it from everybody.
pub(super) struct NoPlaintext {
    after: After,
    /// The servers that say of themselves that they take no plaintext.
    claim_closed: BTreeSet<String>,
}

impl NoPlaintext {
    pub(super) fn new(after: &str) -> Self {
        Self { after: After::new(after), claim_closed: BTreeSet::new() }
    }
}

impl Invariant for NoPlaintext {
    fn observe(&mut self, entry: &Entry) -> Check {
        let is_past = self.after.is_past(entry);
        match &entry.event {
            Event::Probe { node, probe, verdict } if is_past && probe.transport == Transport::Plaintext => {
                if !verdict.accepted {
                    return Check::Passed;
                }
                let claim = match self.claim_closed.contains(node) && probe.port == Port::Rpc {
                    true => ", while its agent says rpc_upgrade_mode = false",
                    false => "",
                };
                Check::Failed(format!("{node} still answers: {probe}{claim}"))
            }
            Event::AgentSays { node, rpc, rpc_upgrade_mode, .. } => {
                if *rpc && !*rpc_upgrade_mode {
                    self.claim_closed.insert(node.clone());
                } else {
                    self.claim_closed.remove(node);
                }
                Check::Nothing
            }
            _ => Check::Nothing,
        }
    }
}

/// A connection that was opened under older rules must not live on once a fresh one would be refused.
pub(super) struct NoStaleConnection {
    after: After,
    fresh: BTreeMap<(String, Probe), bool>,
}

impl NoStaleConnection {
    pub(super) fn new(after: &str) -> Self {
        Self { after: After::new(after), fresh: BTreeMap::new() }
    }
}

impl Invariant for NoStaleConnection {
    fn observe(&mut self, entry: &Entry) -> Check {
        let is_past = self.after.is_past(entry);
        let Event::Probe { node, probe, verdict } = &entry.event else { return Check::Nothing };
        let fresh = Probe { held: false, ..*probe };
        if !probe.held {
            self.fresh.insert((node.clone(), fresh), verdict.accepted);
            return Check::Nothing;
        }
        let is_refused = self.fresh.get(&(node.clone(), fresh)) == Some(&false);
        match (is_past, verdict.accepted && is_refused) {
            (false, _) => Check::Nothing,
            (true, true) => Check::Failed(format!("{node} refuses a fresh connection but answers: {probe}")),
            (true, false) => Check::Passed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{entry, finished};
    use super::*;
    use crate::probe::Verdict;

    fn probed(probe: Probe, accepted: bool) -> Event {
        let verdict = Verdict { accepted, text: String::new() };
        Event::Probe { node: "server-1".into(), probe, verdict }
    }

    #[test]
    fn plaintext_fails_only_after_the_step() {
        let mut invariant = NoPlaintext::new("close");
        assert_eq!(invariant.observe(&entry(0, "mixed", probed(Probe::PLAINTEXT, true))), Check::Nothing);
        invariant.observe(&finished(1, "close"));
        assert_eq!(invariant.observe(&entry(2, "close", probed(Probe::PLAINTEXT, false))), Check::Passed);
        let old = invariant.observe(&entry(3, "close", probed(Probe::PLAINTEXT.held(), true)));
        assert_eq!(old, Check::Failed("server-1 still answers: plaintext RPC on an old connection".into()));
    }

    #[test]
    fn a_step_that_was_left_out_counts_as_past() {
        let mut invariant = NoPlaintext::new("close");
        invariant.observe(&entry(1, "clients", Event::StepSkipped { skipped: "close".into() }));
        assert!(matches!(
            invariant.observe(&entry(2, "clients", probed(Probe::PLAINTEXT, true))),
            Check::Failed(_)
        ));
    }

    #[test]
    fn an_old_connection_may_live_only_while_a_fresh_one_would() {
        let mut invariant = NoStaleConnection::new("close");
        invariant.observe(&finished(1, "close"));
        invariant.observe(&entry(2, "close", probed(Probe::PLAINTEXT, true)));
        assert_eq!(
            invariant.observe(&entry(3, "close", probed(Probe::PLAINTEXT.held(), true))),
            Check::Passed
        );
        invariant.observe(&entry(4, "close", probed(Probe::PLAINTEXT, false)));
        assert!(matches!(
            invariant.observe(&entry(5, "close", probed(Probe::PLAINTEXT.held(), true))),
            Check::Failed(_)
        ));
        assert_eq!(
            invariant.observe(&entry(6, "close", probed(Probe::PLAINTEXT.held(), false))),
            Check::Passed
        );
    }
}
