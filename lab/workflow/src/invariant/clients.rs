//! No client is down.

use super::{Check, Invariant};
use crate::timeline::{Entry, Event};

/// A client that the servers believe dead has its allocations replaced, whether or not it is dead.
#[derive(Default)]
pub(super) struct NoClientDown {
    was_ready: bool,
}

impl Invariant for NoClientDown {
    fn observe(&mut self, entry: &Entry) -> Check {
        match &entry.event {
            Event::NodeStatus { node, status, .. } if status == "down" || status == "disconnected" => {
                Check::Failed(format!("{node} is {status}"))
            }
            Event::NodeStatus { .. } => {
                self.was_ready = true;
                Check::Passed
            }
            Event::StepFinished { .. } if self.was_ready => Check::Passed,
            _ => Check::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::entry;
    use super::*;

    #[test]
    fn down_and_disconnected_fail() {
        let status =
            |status: &str| Event::NodeStatus { node: "client-2".into(), status: status.into(), was: None };
        let mut invariant = NoClientDown::default();
        assert_eq!(invariant.observe(&entry(0, "", Event::StepFinished { took_ms: 1 })), Check::Nothing);
        assert_eq!(invariant.observe(&entry(0, "", status("ready"))), Check::Passed);
        assert_eq!(
            invariant.observe(&entry(9, "mixed", status("down"))),
            Check::Failed("client-2 is down".into())
        );
        let gone = invariant.observe(&entry(9, "mixed", status("disconnected")));
        assert_eq!(gone, Check::Failed("client-2 is disconnected".into()));
    }
}
