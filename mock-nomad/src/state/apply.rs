//! Carries commands out.

use std::sync::Arc;

use crate::structs::{Allocation, Evaluation, Job, Node, NodeEvent};

use super::command::{Command, PlanResult, StatusChange, StopAllocation};
use super::tables::{JobKey, Tables};

impl Tables {
    /// Carries out the entry at `index`.
    pub(super) fn apply(&mut self, index: u64, command: Command) -> Result<(), String> {
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
            Command::Noop => {}
        }
        Ok(())
    }

    fn register_node(&mut self, mut node: Node, at: i64) {
        let index = self.index;
        let moment =
            time::OffsetDateTime::from_unix_timestamp(at).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        if let Some(known) = self.nodes.get(&node.id) {
            node.create_index = known.create_index;
            node.scheduling_eligibility.clone_from(&known.scheduling_eligibility);
            node.drain_strategy = known.drain_strategy.clone();
            node.last_drain = known.last_drain.clone();
            node.last_missed_heartbeat_index = known.last_missed_heartbeat_index;
            node.last_alloc_update_index = known.last_alloc_update_index;
            let came_back = known.is_down() && node.status != known.status;
            node.events.clone_from(&known.events);
            if came_back {
                node.add_event(NodeEvent {
                    create_index: index,
                    ..NodeEvent::cluster("Node re-registered", moment)
                });
            }
        } else {
            node.create_index = index;
            node.events = vec![NodeEvent::cluster("Node registered", moment)];
        }
        node.modify_index = index;
        node.status_updated_at = at;
        self.put_node(node);
    }

    fn update_status(&mut self, change: StatusChange) -> Result<(), String> {
        let index = self.index;
        let job_keys: Vec<JobKey> =
            self.allocations_of_node(&change.node_id).map(|allocation| key_of(allocation)).collect();
        self.change_node(&change.node_id, |node| {
            let unreachable = |status: &str| matches!(status, "down" | "disconnected");
            if unreachable(&change.status) && !unreachable(&node.status) {
                node.last_missed_heartbeat_index = index;
            }
            node.status = change.status;
            node.status_updated_at = change.at;
            if let Some(mut event) = change.event {
                event.create_index = index;
                node.add_event(event);
            }
        })?;
        job_keys.iter().for_each(|key| self.refresh_job_status(key));
        Ok(())
    }

    fn change_node(&mut self, id: &str, change: impl FnOnce(&mut Node)) -> Result<(), String> {
        let Some(node) = self.nodes.get(id) else { return Err("node not found".to_owned()) };
        let mut node = Node::clone(node);
        change(&mut node);
        node.modify_index = self.index;
        self.put_node(node);
        Ok(())
    }

    fn add_events(&mut self, events: Vec<(String, Vec<NodeEvent>)>) {
        let index = self.index;
        for (node, events) in events {
            // Events of a node that is gone in the meantime have no place.
            let _ = self.change_node(&node, |node| {
                events
                    .into_iter()
                    .for_each(|event| node.add_event(NodeEvent { create_index: index, ..event }));
            });
        }
    }

    fn register_job(&mut self, mut job: Job, evaluation: Option<Evaluation>) {
        let key = (job.namespace.clone(), job.id.clone());
        match self.jobs.get(&key) {
            Some(known) => {
                job.create_index = known.create_index;
                job.version = known.version + 1;
                job.status.clone_from(&known.status);
            }
            None => {
                job.create_index = self.index;
                job.version = 0;
                job.status = "pending".to_owned();
            }
        }
        job.modify_index = self.index;
        job.job_modify_index = self.index;
        self.put_job(job);
        self.upsert_evaluations(evaluation.into_iter().collect());
        self.refresh_job_status(&key);
    }

    fn deregister_job(&mut self, key: &JobKey, purge: bool, at: i64, evaluation: Option<Evaluation>) {
        if let Some(job) = self.jobs.get(key) {
            if purge {
                self.remove_job(key);
            } else {
                let stopped = Job {
                    stop: true,
                    version: job.version + 1,
                    submit_time: at,
                    modify_index: self.index,
                    job_modify_index: self.index,
                    ..Job::clone(job)
                };
                self.put_job(stopped);
            }
        }
        self.upsert_evaluations(evaluation.into_iter().collect());
        self.refresh_job_status(key);
    }

    fn upsert_evaluations(&mut self, evaluations: Vec<Evaluation>) {
        for mut evaluation in evaluations {
            let known = self.evaluations.get(&evaluation.id);
            evaluation.create_index = known.map_or(self.index, |known| known.create_index);
            evaluation.modify_index = self.index;
            if known.is_none()
                && evaluation.triggered_by == "job-register"
                && evaluation.job_modify_index == 0
            {
                evaluation.job_modify_index = self.index;
            }
            let key = (evaluation.namespace.clone(), evaluation.job_id.clone());
            if evaluation.status == "complete" {
                self.cancel_older_blocked(&evaluation);
            }
            self.put_evaluation(evaluation);
            self.refresh_job_status(&key);
        }
    }

    /// A finished evaluation makes older blocked ones of the same job pointless.
    fn cancel_older_blocked(&mut self, finished: &Evaluation) {
        let blocked: Vec<Evaluation> = self
            .evaluations_of_job(&finished.namespace, &finished.job_id)
            .filter(|other| {
                other.status == "blocked" && other.id != finished.id && other.previous_eval != finished.id
            })
            .map(|other| Evaluation::clone(other))
            .collect();
        for mut evaluation in blocked {
            evaluation.status = "canceled".to_owned();
            evaluation.status_description = format!("evaluation {:?} successful", finished.id);
            evaluation.modify_index = self.index;
            evaluation.modify_time = finished.modify_time;
            self.put_evaluation(evaluation);
        }
    }

    fn take_client_update(&mut self, update: Allocation, at: i64) {
        let Some(known) = self.allocations.get(&update.id) else { return };
        let mut allocation = Allocation::clone(known);
        allocation.client_status = update.client_status;
        allocation.client_description = update.client_description;
        allocation.task_states = update.task_states;
        allocation.network_status = update.network_status;
        if !update.deployment_status.is_null() {
            allocation.deployment_status = update.deployment_status;
        }
        allocation.modify_index = self.index;
        allocation.modify_time = at;
        let (key, node) = (key_of(&allocation), allocation.node_id.clone());
        self.put_allocation(allocation);
        let index = self.index;
        if let Some(known) = self.nodes.get(&node) {
            // Nobody waits for this number, so the node table's index stays.
            let node = Node { last_alloc_update_index: index, ..Node::clone(known) };
            self.nodes.insert(node.id.clone(), Arc::new(node));
        }
        self.refresh_job_status(&key);
    }

    fn apply_plan(&mut self, plan: PlanResult) {
        let job = plan.job.map(Arc::new);
        let mut keys: Vec<JobKey> = Vec::new();
        for stop in plan.stop {
            keys.extend(self.stop_allocation(stop, plan.at));
        }
        for id in plan.update {
            let Some(known) = self.allocations.get(&id) else { continue };
            let mut allocation = Allocation { job: job.clone(), ..Allocation::clone(known) };
            self.stamp(&mut allocation, plan.at);
            self.put_allocation(allocation);
        }
        for mut allocation in plan.place {
            allocation.job.clone_from(&job);
            allocation.create_index = self.index;
            allocation.create_time = plan.at;
            self.stamp(&mut allocation, plan.at);
            self.link_predecessor(&allocation);
            keys.push(key_of(&allocation));
            self.put_allocation(allocation);
        }
        keys.dedup();
        keys.iter().for_each(|key| self.refresh_job_status(key));
    }

    fn stop_allocation(&mut self, stop: StopAllocation, at: i64) -> Option<JobKey> {
        let mut allocation = Allocation::clone(self.allocations.get(&stop.id)?);
        allocation.desired_status = stop.desired_status;
        allocation.desired_description = stop.description;
        if let Some(status) = stop.client_status {
            allocation.client_status = status;
        }
        if let Some(followup) = stop.followup_eval_id {
            allocation.followup_eval_id = followup;
        }
        self.stamp(&mut allocation, at);
        let key = key_of(&allocation);
        self.put_allocation(allocation);
        Some(key)
    }

    fn stamp(&self, allocation: &mut Allocation, at: i64) {
        allocation.modify_index = self.index;
        allocation.alloc_modify_index = self.index;
        allocation.modify_time = at;
    }

    fn link_predecessor(&mut self, allocation: &Allocation) {
        if let Some(previous) = self.allocations.get(&allocation.previous_allocation) {
            let previous =
                Allocation { next_allocation: allocation.id.clone(), ..Allocation::clone(previous) };
            self.allocations.insert(previous.id.clone(), Arc::new(previous));
        }
    }
}

fn key_of(allocation: &Allocation) -> JobKey {
    (allocation.namespace.clone(), allocation.job_id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Store, Topic};

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
