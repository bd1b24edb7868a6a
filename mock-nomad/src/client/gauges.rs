//! The figures of a client: what its node has, what of it is given away, and what runs.

use super::Client;
use crate::structs::Gauge;

impl Client {
    /// What the client tells of its node and its allocations.
    pub(crate) fn gauges(&self) -> Vec<Gauge> {
        let node = self.node();
        let class = if node.node_class.is_empty() { "none" } else { node.node_class.as_str() };
        let of_node = [
            ("node_id", self.node_id()),
            ("datacenter", node.datacenter.as_str()),
            ("node_class", class),
            ("node_pool", node.node_pool.as_str()),
            ("node_status", "ready"),
            ("node_scheduling_eligibility", "eligible"),
        ];
        let mut gauges = Vec::new();
        let (mut pending, mut running, mut terminal) = (0, 0, 0);
        let (mut tasks_running, mut tasks_pending, mut tasks_dead) = (0, 0, 0);
        let mut taken = [0_i64; 3];
        for runner in self.runners().values() {
            let state = runner.state().clone();
            let allocation = &state.allocation;
            let any = |wanted: &str| state.tasks.values().any(|task| task.state == wanted);
            match (runner.is_over(), any("running")) {
                (true, _) => terminal += 1,
                (false, true) => running += 1,
                (false, false) => pending += 1,
            }
            for task in state.tasks.values() {
                match task.state.as_str() {
                    "running" => tasks_running += 1,
                    "pending" => tasks_pending += 1,
                    _ => tasks_dead += 1,
                }
            }
            if runner.is_over() {
                continue;
            }
            taken.iter_mut().zip(allocation.allocated_resources.total()).for_each(|(sum, part)| *sum += part);
            for (task, resources) in &allocation.allocated_resources.tasks {
                let labels = [
                    ("alloc_id", allocation.id.as_str()),
                    ("job", allocation.job_id.as_str()),
                    ("namespace", allocation.namespace.as_str()),
                    ("task", task.as_str()),
                    ("task_group", allocation.task_group.as_str()),
                ];
                let memory = runner.process(task).map_or(0, |process| process.memory());
                gauges.extend([
                    Gauge::new("nomad.client.allocs.cpu.allocated", labels, whole(resources.cpu.cpu_shares)),
                    Gauge::new(
                        "nomad.client.allocs.memory.allocated",
                        labels,
                        bytes(resources.memory.memory_mb),
                    ),
                    Gauge::new("nomad.client.allocs.memory.rss", labels, memory),
                ]);
            }
        }
        let has = &node.node_resources;
        let total = [has.cpu.cpu_shares, has.memory.memory_mb, has.disk.disk_mb];
        let memory = bytes(has.memory.memory_mb);
        for (name, value) in [
            ("uptime", self.uptime().as_secs()),
            ("allocations.blocked", 0),
            ("allocations.migrating", 0),
            ("allocations.pending", pending),
            ("allocations.running", running),
            ("allocations.terminal", terminal),
            ("tasks.dead", tasks_dead),
            ("tasks.pending", tasks_pending),
            ("tasks.running", tasks_running),
            ("allocated.cpu", whole(taken[0])),
            ("allocated.memory", whole(taken[1])),
            ("allocated.max_memory", whole(taken[1])),
            ("allocated.disk", whole(taken[2])),
            ("unallocated.cpu", whole(total[0] - taken[0])),
            ("unallocated.memory", whole(total[1] - taken[1])),
            ("unallocated.disk", whole(total[2] - taken[2])),
            ("host.memory.total", memory),
            ("host.memory.available", memory),
            ("host.memory.free", memory),
            ("host.memory.used", 0),
        ] {
            gauges.push(Gauge::new(&format!("nomad.client.{name}"), of_node, value));
        }
        gauges
    }
}

fn whole(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn bytes(mebibytes: i64) -> u64 {
    whole(mebibytes) << 20
}
