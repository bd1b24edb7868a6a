//! Wakes blocking queries when what they ask about changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What a blocking query waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Topic {
    /// Any node.
    Nodes,
    /// Any job.
    Jobs,
    /// Any allocation.
    Allocations,
    /// Any evaluation.
    Evaluations,
    /// Any ACL policy.
    Policies,
    /// Any ACL token.
    Tokens,
    /// Any ACL role.
    Roles,
    /// Any way to log in.
    AuthMethods,
    /// Any rule of what who logs in is given.
    BindingRules,
    /// Any key.
    Keyring,
    /// Any namespace.
    Namespaces,
    /// Any node pool.
    NodePools,
    /// Any service.
    Services,
    /// How the scheduler works.
    SchedulerConfiguration,
    /// Any variable.
    Variables,
    /// Any deployment.
    Deployments,
    /// The allocations of one node.
    NodeAllocations(String),
}

/// Who waits for what.
#[derive(Default)]
pub(super) struct Watches(Mutex<BTreeMap<Topic, watch::Sender<()>>>);

impl Watches {
    /// Wakes at the next change of `topic` after this call.
    pub(super) fn subscribe(&self, topic: Topic) -> watch::Receiver<()> {
        let mut watches = self.0.lock().expect("no panic while watching");
        watches.entry(topic).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// Wakes everyone who waits for one of `topics`.
    pub(super) fn notify(&self, topics: &BTreeSet<Topic>) {
        let mut watches = self.0.lock().expect("no panic while watching");
        for topic in topics {
            // Nobody left to tell: the topic is forgotten until somebody asks again.
            if watches.get(topic).is_some_and(|sender| sender.send(()).is_err()) {
                watches.remove(topic);
            }
        }
    }

    /// Wakes everyone.
    pub(super) fn notify_all(&self) {
        let mut watches = self.0.lock().expect("no panic while watching");
        watches.retain(|_, sender| sender.send(()).is_ok());
    }
}
