//! Carries commands out, one file a family.

mod allocations;
mod evaluations;
mod jobs;
mod nodes;
mod versions;
mod work;

pub(in crate::state) use self::versions::trim;

use super::command::Command;
use super::tables::Tables;

impl Tables {
    /// Carries out the entry at `index`.
    pub(in crate::state) fn apply(&mut self, index: u64, command: Command) -> Result<(), String> {
        self.index = index;
        match command {
            Command::RegisterNode { node, at } => self.register_node(*node, at),
            Command::DeregisterNodes(ids) => ids.iter().for_each(|id| self.remove_node(id)),
            Command::UpdateNodeStatus(change) => return self.update_status(change),
            Command::UpdateNodeEligibility { node_id, eligibility, event } => {
                return self.change_node(&node_id, |node| {
                    node.scheduling_eligibility = eligibility;
                    event.into_iter().for_each(|event| node.add_event(event));
                });
            }
            Command::AddNodeEvents(events) => self.add_events(events),
            Command::RegisterJob { job, evaluation } => {
                self.register_job(*job, evaluation.map(|boxed| *boxed))
            }
            Command::DeregisterJob { namespace, job_id, purge, at, evaluation } => {
                self.deregister_job(&(namespace, job_id), purge, at, evaluation.map(|boxed| *boxed));
            }
            Command::UpdateEvaluations(evaluations) => self.upsert_evaluations(evaluations),
            Command::UpdateAllocations { allocations, evaluations, at } => {
                allocations.into_iter().for_each(|allocation| self.take_client_update(allocation, at));
                self.upsert_evaluations(evaluations);
            }
            Command::ApplyPlan(plan) => self.apply_plan(*plan),
            Command::Access(command) => return self.apply_access(command),
            Command::Keyring(command) => return self.apply_keyring(command),
            Command::Registry(command) => return self.apply_registry(command),
            Command::Settings(command) => return self.apply_settings(command),
            Command::Variables(command) => return self.apply_variables(command),
            Command::Restore(snapshot) => return self.become_as(index, &snapshot),
            Command::Job(command) => return self.apply_job(command),
            Command::Noop => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{PlanResult, StatusChange, Store, Topic};
    use crate::structs::{Allocation, Job, Node};

    fn node(id: &str, status: &str) -> Command {
        let node = Node {
            id: id.into(),
            status: status.into(),
            scheduling_eligibility: "eligible".into(),
            ..Node::default()
        };
        Command::RegisterNode { node: Box::new(node), at: 1000 }
    }

    fn status(id: &str, status: &str) -> Command {
        Command::UpdateNodeStatus(StatusChange {
            node_id: id.into(),
            status: status.into(),
            at: 2000,
            event: None,
        })
    }

    fn job(id: &str) -> Job {
        Job { id: id.into(), namespace: "default".into(), kind: "service".into(), ..Job::default() }
    }

    fn place(id: &str, job: &Job) -> Command {
        let allocation = Allocation {
            id: id.into(),
            namespace: "default".into(),
            job_id: job.id.clone(),
            node_id: "n".into(),
            desired_status: "run".into(),
            client_status: "pending".into(),
            ..Allocation::default()
        };
        Command::ApplyPlan(Box::new(PlanResult {
            job: Some(job.clone()),
            place: vec![allocation],
            ..PlanResult::default()
        }))
    }

    #[test]
    fn a_node_keeps_its_history_when_it_registers_again() {
        let store = Store::default();
        store.apply(5, node("n", "initializing")).expect("applies");
        store.apply(6, status("n", "down")).expect("applies");
        store.apply(7, node("n", "initializing")).expect("applies");
        store.read(|tables| {
            let node = &tables.nodes["n"];
            assert_eq!((node.create_index, node.modify_index, node.last_missed_heartbeat_index), (5, 7, 6));
            let events: Vec<&str> = node.events.iter().map(|event| event.message.as_str()).collect();
            assert_eq!(events, ["Node registered", "Node re-registered"]);
        });
        assert_eq!(store.apply(8, status("x", "down")), Err("node not found".to_owned()));
        assert_eq!(store.read(|tables| (tables.index, tables.index_of(&Topic::Nodes))), (8, 7));
    }

    #[test]
    fn periodic_jobs_are_at_hand_among_many_others() {
        let store = Store::default();
        let register = |index: u64, job: Job| {
            let command = Command::RegisterJob { job: Box::new(job), evaluation: None };
            store.apply(index, command).expect("applies");
        };
        (1..50).for_each(|number| register(number, job(&format!("other-{number}"))));
        let periodic = |id: &str| {
            let rest = [("Periodic".to_owned(), serde_json::json!({"Spec": "* * * * *"}))].into();
            Job { rest, ..job(id) }
        };
        (50..).zip(["a", "b", "c"]).for_each(|(index, id)| register(index, periodic(id)));
        register(60, job("b"));
        let ids = |store: &Store| {
            store.read(|tables| tables.periodic_jobs().map(|(key, _)| key.1.clone()).collect::<Vec<_>>())
        };
        assert_eq!(ids(&store), ["a", "c"], "one that is no longer periodic is not looked at");
        let copy = Store::default();
        copy.restore(&store.snapshot()).expect("restores");
        assert_eq!(ids(&copy), ["a", "c"]);
        let purge = Command::DeregisterJob {
            namespace: "default".into(),
            job_id: "a".into(),
            purge: true,
            at: 1,
            evaluation: None,
        };
        store.apply(100, purge).expect("applies");
        assert_eq!(ids(&store), ["c"]);
    }

    #[test]
    fn a_jobs_status_follows_its_allocations() {
        let store = Store::default();
        let job = job("app");
        store
            .apply(1, Command::RegisterJob { job: Box::new(job.clone()), evaluation: None })
            .expect("applies");
        let status =
            |store: &Store| store.read(|tables| tables.job("default", "app").map(|job| job.status.clone()));
        assert_eq!(status(&store).as_deref(), Some("pending"));
        store.apply(2, place("a", &job)).expect("applies");
        assert_eq!(status(&store).as_deref(), Some("running"));
        let update = Allocation { id: "a".into(), client_status: "complete".into(), ..Allocation::default() };
        let update = Command::UpdateAllocations { allocations: vec![update], evaluations: vec![], at: 9 };
        store.apply(3, update).expect("applies");
        assert_eq!(status(&store).as_deref(), Some("dead"));
        store.read(|tables| {
            let allocation = &tables.allocations["a"];
            assert_eq!((allocation.modify_index, allocation.alloc_modify_index), (3, 2));
            assert_eq!(allocation.job_id, "app");
        });
    }

    #[test]
    fn a_snapshot_is_the_whole_state() {
        let store = Store::default();
        store.apply(1, node("n", "ready")).expect("applies");
        store
            .apply(2, Command::RegisterJob { job: Box::new(job("app")), evaluation: None })
            .expect("applies");
        store.apply(3, place("a", &job("app"))).expect("applies");
        let copy = Store::default();
        copy.restore(&store.snapshot()).expect("a snapshot");
        assert_eq!(copy.snapshot(), store.snapshot());
        assert_eq!(copy.read(|tables| tables.allocations_of_node("n").count()), 1);
        assert!(copy.restore(b"garbage").is_err());
        assert_eq!(copy.read(|tables| tables.index), 3);
    }

    #[tokio::test]
    async fn only_those_who_ask_about_it_are_woken() {
        let store = Store::default();
        let mut nodes = store.subscribe(Topic::Nodes);
        let mut other = store.subscribe(Topic::NodeAllocations("other".into()));
        let mut own = store.subscribe(Topic::NodeAllocations("n".into()));
        store.apply(1, place("a", &job("app"))).expect("applies");
        assert!(own.has_changed().expect("alive"));
        assert!(!nodes.has_changed().expect("alive") && !other.has_changed().expect("alive"));
        store.apply(2, node("n", "ready")).expect("applies");
        nodes.changed().await.expect("woken");
        own.borrow_and_update();
        other.borrow_and_update();
    }

    #[test]
    fn commands_survive_the_log() {
        let command = place("a", &job("app"));
        assert_eq!(Command::decode(&command.encode()).expect("a command"), command);
        assert!(Command::decode(b"\xc1").is_err());
    }
}
