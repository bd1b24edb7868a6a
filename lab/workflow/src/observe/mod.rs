//! Watches the cluster while the steps go on: leader, clients, allocations, programs, files.

mod files;
mod programs;

use std::collections::BTreeMap;
use std::sync::Mutex;

use self::files::Files;
use self::programs::Programs;
use crate::fleet::{Fleet, Node, Role};
use crate::nomad::{AllocationStub, NodeStub, NomadApi};
use crate::run::{Pace, Recorder};
use crate::timeline::Event;

/// Looks at the cluster as its pace has it, and records what is new.
pub(crate) struct Observer<'a> {
    fleet: &'a dyn Fleet,
    recorder: &'a Recorder<'a>,
    nomad: &'a NomadApi,
    pace: &'a Pace,
    files: Files,
    programs: Programs,
    /// The newest index of each table that was read: a server that lags behind tells nothing new.
    indexes: Mutex<BTreeMap<&'static str, u64>>,
    polling: tokio::sync::Mutex<()>,
}

impl<'a> Observer<'a> {
    pub(crate) fn new(
        fleet: &'a dyn Fleet,
        recorder: &'a Recorder<'a>,
        nomad: &'a NomadApi,
        pace: &'a Pace,
    ) -> Self {
        Self {
            fleet,
            recorder,
            nomad,
            pace,
            files: Files::default(),
            programs: Programs::default(),
            indexes: Mutex::default(),
            polling: tokio::sync::Mutex::default(),
        }
    }

    /// Goes on for ever.
    pub(crate) async fn watch(&self) -> std::convert::Infallible {
        loop {
            self.pace.next().await;
            self.poll().await;
        }
    }

    /// Looks once.
    pub(crate) async fn poll(&self) {
        let _alone = self.polling.lock().await;
        self.look_at_programs();
        self.files.look(self.fleet, self.recorder, self.nomad).await;
        self.look_at_leader().await;
        self.look_at_clients().await;
        self.look_at_allocations().await;
        self.recorder.tick();
    }

    /// Records programs that ended and what they complain of.
    pub(crate) fn look_at_programs(&self) {
        self.programs.look(self.fleet, self.recorder, self.pace);
    }

    /// Forgets which complaints were recorded already: in a new step they are news again.
    pub(crate) fn begin_step(&self) {
        self.programs.forget_complaints();
    }

    async fn look_at_leader(&self) {
        let leader = self.find_leader().await;
        if self.recorder.know(|knowledge| knowledge.leader != leader) {
            self.recorder.record(Event::LeaderChanged { leader });
            self.pace.hurry();
        }
    }

    /// The name of the server that any server says leads.
    async fn find_leader(&self) -> Option<String> {
        for server in self.fleet.with_role(Role::Server) {
            if let Ok((_, address)) = self.nomad.get::<String>(server, "/v1/status/leader").await
                && let Ok(address) = address.parse()
            {
                let leads = |node: &&Node| node.rpc == Some(address);
                return self.fleet.nodes().iter().find(leads).map(|node| node.name.clone());
            }
        }
        None
    }

    async fn look_at_clients(&self) {
        let Some(nodes) = self.read::<NodeStub>("nodes", "/v1/nodes?stale=true").await else { return };
        for NodeStub { name, status } in nodes {
            let was = self.recorder.know(|knowledge| knowledge.clients.get(&name).cloned());
            if was.as_ref() != Some(&status) {
                self.recorder.record(Event::NodeStatus { node: name, status, was });
                self.pace.hurry();
            }
        }
    }

    async fn look_at_allocations(&self) {
        let path = "/v1/allocations?stale=true&namespace=*";
        let Some(mut allocations) = self.read::<AllocationStub>("allocations", path).await else { return };
        allocations.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        for stub in allocations {
            let known = self.recorder.know(|knowledge| knowledge.allocations.get(&stub.id).cloned());
            let is_new = known.as_ref().is_none_or(|known| {
                known.status != stub.client_status || known.desired != stub.desired_status
            });
            if is_new {
                self.recorder.record(Event::Allocation {
                    id: stub.id,
                    job: stub.job,
                    name: stub.name,
                    node: stub.node_name,
                    desired: stub.desired_status,
                    status: stub.client_status,
                    was: known.map(|known| known.status),
                });
                self.pace.hurry();
            }
        }
    }

    /// A table from any server that answers, unless it is older than what was read before.
    async fn read<T: serde::de::DeserializeOwned>(&self, table: &'static str, path: &str) -> Option<Vec<T>> {
        for server in self.fleet.with_role(Role::Server) {
            let Ok((index, rows)) = self.nomad.get::<Vec<T>>(server, path).await else { continue };
            let mut indexes = self.indexes.lock().expect("no panic while reading");
            let newest = indexes.entry(table).or_default();
            if index >= *newest {
                *newest = index;
                return Some(rows);
            }
        }
        None
    }
}
