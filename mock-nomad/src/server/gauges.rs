//! The figures of a server.

use std::collections::BTreeMap;

use super::Server;
use crate::structs::Gauge;

impl Server {
    /// What the server tells of its work: evaluations and nodes of a leader, jobs, and consensus.
    pub(crate) fn gauges(&self) -> Vec<Gauge> {
        let mut gauges = Vec::new();
        let mut plain = |name: &str, value: u64| gauges.push(Gauge::new(name, [], value));
        let (index, _) = self.raft.last_entry();
        plain("nomad.raft.appliedIndex", self.store.read(|tables| tables.index));
        plain("nomad.raft.lastIndex", index);
        if !self.is_leader() {
            return gauges;
        }
        let (waiting, blocked, alive) = self.store.read(|tables| {
            let with = |status: &str| {
                tables.evaluations.values().filter(|evaluation| evaluation.status == status).count() as u64
            };
            let alive = tables.nodes.values().filter(|node| node.status != "down").count() as u64;
            (with("pending"), with("blocked"), alive)
        });
        for name in ["total_quota_limit", "total_escaped"] {
            plain(&format!("nomad.nomad.blocked_evals.{name}"), 0);
        }
        plain("nomad.nomad.blocked_evals.total_blocked", blocked);
        for name in ["total_cancelable", "total_pending", "total_unacked", "total_waiting"] {
            plain(&format!("nomad.nomad.broker.{name}"), 0);
        }
        plain("nomad.nomad.broker.total_ready", waiting);
        plain("nomad.nomad.heartbeat.active", alive);
        plain("nomad.nomad.plan.queue_depth", 0);
        let healthy = self.parts.members.servers().iter().all(|member| member.alive);
        plain("nomad.nomad.autopilot.healthy", u64::from(healthy));
        gauges.extend(self.job_gauges());
        gauges
    }

    fn job_gauges(&self) -> Vec<Gauge> {
        self.store.read(|tables| {
            let mut statuses = BTreeMap::from([("dead", 0_u64), ("pending", 0), ("running", 0)]);
            let mut gauges = Vec::new();
            for job in tables.jobs.values() {
                if let Some(count) = statuses.get_mut(job.status.as_str()) {
                    *count += 1;
                }
                for (group, summary) in tables.summary_of(job).summary {
                    let labels =
                        [("job", job.id.as_str()), ("task_group", group), ("namespace", &job.namespace)];
                    for (name, value) in [
                        ("complete", summary.complete),
                        ("failed", summary.failed),
                        ("lost", summary.lost),
                        ("queued", summary.queued),
                        ("running", summary.running),
                        ("starting", summary.starting),
                        ("unknown", summary.unknown),
                    ] {
                        gauges.push(Gauge::new(&format!("nomad.nomad.job_summary.{name}"), labels, value));
                    }
                }
            }
            let statuses = statuses.into_iter();
            gauges.extend(
                statuses
                    .map(|(name, count)| Gauge::new(&format!("nomad.nomad.job_status.{name}"), [], count)),
            );
            gauges
        })
    }
}
