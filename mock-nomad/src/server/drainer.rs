//! Empties nodes that are drained, for as long as this server leads.

use std::collections::BTreeMap;
use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Server;
use crate::hclog::pair;
use crate::seam::RpcError;
use crate::state::{Command, DrainChange, JobCommand, Tables, Topic};
use crate::structs::{Allocation, DesiredTransition, Node, NodeEvent, Opaque};

/// What is to be done about a draining node.
#[derive(Default)]
struct Work {
    /// Allocations that are to leave now.
    leave: Vec<Arc<Allocation>>,
    /// Nothing is left on it.
    done: bool,
    /// Its deadline, where it is still to come.
    deadline: Option<OffsetDateTime>,
}

/// Watches until it is dropped.
pub(super) async fn watch(server: &Server) {
    let mut nodes = server.store.subscribe(Topic::Nodes);
    let mut allocations = server.store.subscribe(Topic::Allocations);
    loop {
        nodes.borrow_and_update();
        allocations.borrow_and_update();
        let next = look(server).await;
        let draining = next.is_some();
        let deadline = async {
            match next.flatten() {
                Some(next) => server.parts.host.clock.sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = nodes.changed() => if changed.is_err() { return },
            changed = allocations.changed(), if draining => if changed.is_err() { return },
            () = deadline => {}
        }
    }
}

/// Looks at every draining node. `None`: there are none; otherwise when the first deadline is.
async fn look(server: &Server) -> Option<Option<OffsetDateTime>> {
    let now = server.parts.host.clock.now();
    let found: Vec<(String, Work)> = server.store.read(|tables| {
        let draining = tables.nodes.values().filter(|node| !node.drain_strategy.is_null());
        let mut taken = BTreeMap::new();
        draining.map(|node| (node.id.clone(), work(tables, node, now, &mut taken))).collect()
    });
    if found.is_empty() {
        return None;
    }
    let mut next = None;
    for (node, work) in found {
        next = work.deadline.into_iter().chain(next).min();
        let result = if work.done { finish(server, &node).await } else { migrate(server, work.leave).await };
        if let Err(error) = result {
            let text = format!("failed to drain node: node_id={node} {}", pair("error", &error));
            server.parts.host.log.error("nomad.drain", text);
        }
    }
    Some(next)
}

/// When a drain ends by force; `None`: never.
fn force_deadline(strategy: &Opaque) -> Option<OffsetDateTime> {
    let text = strategy["ForceDeadline"].as_str()?;
    OffsetDateTime::parse(text, &Rfc3339).ok().filter(|moment| moment.year() > 1)
}

/// `taken`: how many allocations of a group leave other nodes in the same look.
fn work(
    tables: &Tables,
    node: &Node,
    now: OffsetDateTime,
    taken: &mut BTreeMap<(String, String, String), i64>,
) -> Work {
    let ignores_system = node.drain_strategy["IgnoreSystemJobs"].as_bool().unwrap_or(false);
    let forced = node.drain_strategy["Deadline"].as_i64().unwrap_or(0) < 0;
    let deadline = force_deadline(&node.drain_strategy);
    let over = forced || deadline.is_some_and(|deadline| deadline <= now);
    let present: Vec<&Arc<Allocation>> = tables
        .allocations_of_node(&node.id)
        .filter(|found| !(found.is_client_terminal() || found.is_server_terminal() && node.is_down()))
        .collect();
    let kind = |found: &Allocation| found.job.as_ref().map_or("service", |job| job.kind.as_str()).to_owned();
    let (system, others): (Vec<_>, Vec<_>) =
        present.into_iter().partition(|found| matches!(kind(found).as_str(), "system" | "sysbatch"));
    let mut work = Work { deadline: deadline.filter(|deadline| *deadline > now), ..Work::default() };
    if over {
        let all = others.iter().chain(system.iter().filter(|_| !ignores_system));
        work.leave = all.filter(|found| can_be_asked(found)).map(|found| Arc::clone(found)).collect();
    } else if others.is_empty() {
        let all = system.iter().filter(|found| !ignores_system && can_be_asked(found));
        work.leave = all.map(|found| Arc::clone(found)).collect();
    } else {
        for found in others.iter().filter(|found| can_be_asked(found) && kind(found) == "service") {
            let key = (found.namespace.clone(), found.job_id.clone(), found.task_group.clone());
            let already = taken.entry(key).or_default();
            if *already < may_leave(tables, found) {
                *already += 1;
                work.leave.push(Arc::clone(found));
            }
        }
    }
    work.done = others.is_empty() && (ignores_system || system.is_empty());
    work
}

fn can_be_asked(found: &Allocation) -> bool {
    found.desired_transition.migrate != Some(true) && !found.is_server_terminal()
}

/// How many allocations of the group may leave now: as many as are well beyond what the `migrate` block keeps.
fn may_leave(tables: &Tables, found: &Allocation) -> i64 {
    let Some(job) = tables.job(&found.namespace, &found.job_id).filter(|job| !job.stop) else {
        return i64::MAX;
    };
    let Some(group) = job.group(&found.task_group) else { return i64::MAX };
    let parallel = group.number("Migrate", "MaxParallel").unwrap_or(1);
    let well = tables
        .allocations_of_job(&found.namespace, &found.job_id)
        .filter(|other| other.task_group == found.task_group && other.client_status == "running")
        .filter(|other| !other.is_server_terminal() && other.desired_transition.migrate != Some(true))
        .filter(|other| other.health() == Some(true) || other.id == found.id || is_settled(other))
        .count();
    i64::try_from(well).unwrap_or(0) - (group.count - parallel)
}

/// An allocation that nobody watches the health of: it runs, and that is all that is known.
fn is_settled(found: &Allocation) -> bool {
    found.deployment_status.is_none() && found.previous_allocation.is_empty()
}

async fn migrate(server: &Server, leave: Vec<Arc<Allocation>>) -> Result<(), RpcError> {
    if leave.is_empty() {
        return Ok(());
    }
    let now = server.now_nanos();
    let mut jobs = BTreeMap::new();
    server.store.read(|tables| {
        for found in &leave {
            let key = found.job_key();
            if let Some(job) = tables.jobs.get(&key) {
                jobs.insert(key, Arc::clone(job));
            }
        }
    });
    let transition = DesiredTransition { migrate: Some(true), ..DesiredTransition::default() };
    let transitions = leave.iter().map(|found| (found.id.clone(), transition.clone())).collect();
    let evaluations = jobs.values().map(|job| server.evaluation_of(job, "node-drain", now)).collect();
    server
        .apply(Command::Job(JobCommand::Transitions { transitions, evaluations, at: now }))
        .await
        .map(|_| ())
}

async fn finish(server: &Server, node: &str) -> Result<(), RpcError> {
    let now = server.parts.host.clock.now();
    let mut event = NodeEvent::cluster("Node drain complete", now);
    event.subsystem = "Drain".to_owned();
    let last = server.store.read(|tables| tables.nodes.get(node).map(|node| node.last_drain.clone()));
    let mut last_drain = last.unwrap_or_default();
    if last_drain.is_object() {
        last_drain["Status"] = "complete".into();
        last_drain["UpdatedAt"] = lab_world::format_rfc3339_nano(now).into();
    }
    let change = DrainChange {
        node_id: node.to_owned(),
        strategy: Opaque::Null,
        mark_eligible: false,
        last_drain,
        event: Some(event),
        at: server.parts.host.clock.unix(),
    };
    server.apply(Command::Job(JobCommand::Drain(Box::new(change)))).await.map(|_| ())
}
