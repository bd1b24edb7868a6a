//! Watches the cluster while the steps go on: leader, clients, allocations, programs, files.

mod files;
mod programs;
mod table;

use std::convert::Infallible;

use self::files::Files;
use self::programs::Programs;
use self::table::Table;
use crate::fleet::{Fleet, Node, Role};
use crate::nomad::{AllocationStub, NodeStub, NomadApi};
use crate::run::{Pace, Recorder};
use crate::timeline::Event;

/// Looks at the cluster as its pace has it, and records what is new.
///
/// Clients and allocations are blocking queries, which answer when something changes; the leader, programs and files
/// can only be asked again and again.
pub(crate) struct Observer<'a> {
    fleet: &'a dyn Fleet,
    recorder: &'a Recorder<'a>,
    nomad: &'a NomadApi,
    pace: &'a Pace,
    files: Files,
    programs: Programs,
    clients: Table,
    allocations: Table,
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
            clients: Table::new("/v1/nodes?stale=true"),
            allocations: Table::new("/v1/allocations?stale=true&namespace=*"),
        }
    }

    /// Goes on for ever.
    pub(crate) async fn watch(&self) -> Infallible {
        let looking = async {
            loop {
                self.pace.next().await;
                self.look_around().await;
            }
        };
        tokio::select! {
            biased;
            never = Box::pin(looking) => never,
            never = Box::pin(self.watch_clients()) => never,
            never = Box::pin(self.watch_allocations()) => never,
        }
    }

    /// Looks once at everything.
    pub(crate) async fn poll(&self) {
        Box::pin(self.look_around()).await;
        if let Some(rows) = self.clients.read(self.fleet, self.nomad).await {
            self.record_clients(rows);
        }
        if let Some(rows) = self.allocations.read(self.fleet, self.nomad).await {
            self.record_allocations(rows);
        }
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

    async fn look_around(&self) {
        self.look_at_programs();
        self.files.look(self.fleet, self.recorder, self.nomad).await;
        let leader = self.find_leader().await;
        if self.recorder.know(|knowledge| knowledge.leader != leader) {
            self.recorder.record(Event::LeaderChanged { leader });
            self.pace.hurry();
        }
        self.recorder.tick();
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

    async fn watch_clients(&self) -> Infallible {
        loop {
            let rows = self.clients.changed(self.fleet, self.nomad, self.pace).await;
            self.record_clients(rows);
        }
    }

    async fn watch_allocations(&self) -> Infallible {
        loop {
            let rows = self.allocations.changed(self.fleet, self.nomad, self.pace).await;
            self.record_allocations(rows);
        }
    }

    fn record_clients(&self, nodes: Vec<NodeStub>) {
        for NodeStub { name, status } in nodes {
            let was = self.recorder.know(|knowledge| knowledge.clients.get(&name).cloned());
            if was.as_ref() != Some(&status) {
                self.recorder.record(Event::NodeStatus { node: name, status, was });
                self.pace.hurry();
            }
        }
    }

    fn record_allocations(&self, mut allocations: Vec<AllocationStub>) {
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
}
