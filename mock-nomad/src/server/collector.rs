//! Collects what is no longer of use: ended jobs, evaluations, allocations, deployments and nodes.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Server;
use crate::hclog::pair;
use crate::seam::RpcError;
use crate::state::{Command, Garbage, JobCommand, Tables};

/// How often a leader collects.
const INTERVAL: Duration = Duration::from_secs(300);
/// How old things must be, in seconds: jobs, evaluations and their allocations, deployments, nodes.
const AGES: Ages = Ages { jobs: 4 * 3600, evaluations: 3600, deployments: 3600, nodes: 24 * 3600 };

/// How old things must be to be collected, in seconds.
#[derive(Clone, Copy)]
struct Ages {
    jobs: i64,
    evaluations: i64,
    deployments: i64,
    nodes: i64,
}

/// Collects now and then until it is dropped.
pub(super) async fn watch(server: &Server) {
    loop {
        server.parts.host.clock.sleep(INTERVAL).await;
        if let Err(error) = collect(server, AGES).await {
            server
                .parts
                .host
                .log
                .error("core.sched", format!("failed to collect garbage: {}", pair("error", &error)));
        }
    }
}

/// Collects everything that is of no use, however old it is.
pub(super) async fn collect_all(server: &Server) -> Result<(), RpcError> {
    collect(server, Ages { jobs: 0, evaluations: 0, deployments: 0, nodes: 0 }).await
}

async fn collect(server: &Server, ages: Ages) -> Result<(), RpcError> {
    let now = server.parts.host.clock.unix();
    let (garbage, nodes) =
        server.store.read(|tables| (garbage(tables, now, ages), old_nodes(tables, now, ages)));
    if garbage != Garbage::default() {
        server.apply(Command::Job(JobCommand::Collect(Box::new(garbage)))).await?;
    }
    if !nodes.is_empty() {
        server.apply(Command::DeregisterNodes(nodes)).await?;
    }
    Ok(())
}

fn garbage(tables: &Tables, now: i64, ages: Ages) -> Garbage {
    const SECOND: i64 = 1_000_000_000;
    let old = |nanos: i64, age: i64| nanos / SECOND + age <= now;
    let mut garbage = Garbage::default();
    let mut gone = BTreeSet::new();
    for (key, job) in &tables.jobs {
        let waits = !job.stop && job.makes_others();
        let can_go =
            job.status == "dead" && !waits && (job.stop || job.is_batch()) && old(job.submit_time, ages.jobs);
        let mut evaluations = tables.evaluations_of_job(&key.0, &key.1);
        let mut allocations = tables.allocations_of_job(&key.0, &key.1);
        if can_go
            && evaluations.all(|found| found.is_terminal())
            && allocations.all(|found| found.is_client_terminal() || found.is_server_terminal())
        {
            gone.insert(key.clone());
            garbage.jobs.push(key.clone());
        }
    }
    for (id, evaluation) in &tables.evaluations {
        let key = (evaluation.namespace.clone(), evaluation.job_id.clone());
        let known = tables.jobs.get(&key).filter(|_| !gone.contains(&key));
        // What a batch job has done must be remembered as long as the job is, or it would be done again.
        let remembered = known.is_some_and(|job| job.is_batch() && !job.stop);
        let allocations: Vec<_> = tables.allocations_of_evaluation(id).collect();
        let ended = allocations.iter().all(|found| {
            found.is_client_terminal()
                && (known.is_none_or(|job| job.stop)
                    || found.is_server_terminal()
                    || !found.next_allocation.is_empty())
        });
        if evaluation.is_terminal() && !remembered && ended && old(evaluation.modify_time, ages.evaluations) {
            garbage.evaluations.push(id.clone());
            garbage.allocations.extend(allocations.iter().map(|found| found.id.clone()));
        }
    }
    for deployment in tables.work.deployments.values() {
        let id = &deployment.id;
        let used = tables
            .allocations_of_job(&deployment.namespace, &deployment.job_id)
            .any(|found| found.deployment_id == *id && !found.is_terminal());
        if !deployment.is_active() && !used && old(deployment.modify_time, ages.deployments) {
            garbage.deployments.push(id.clone());
        }
    }
    garbage
}

fn old_nodes(tables: &Tables, now: i64, ages: Ages) -> Vec<String> {
    let old =
        tables.nodes.values().filter(|node| node.is_down() && node.status_updated_at + ages.nodes <= now);
    let empty =
        old.filter(|node| tables.allocations_of_node(&node.id).all(|found| found.is_client_terminal()));
    empty.map(|node| node.id.clone()).collect()
}
