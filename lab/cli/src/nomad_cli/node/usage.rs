//! What a node has and what of it is used.

use serde_json::Value as Json;

use crate::nomad_cli::api::Query;
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{bytes, mebibytes, pairs, table};

/// What a node has for tasks: MHz, MiB of memory, MiB of disk.
fn capacity(node: &Json) -> (i64, i64, i64) {
    let (has, kept) = (node.at("NodeResources"), node.at("ReservedResources"));
    let left = |group: &str, field: &str| has.at(group).number(field) - kept.at(group).number(field);
    (left("Cpu", "CpuShares"), left("Memory", "MemoryMB"), left("Disk", "DiskMB"))
}

fn is_live(allocation: &&Json) -> bool {
    !matches!(allocation.text("ClientStatus"), "complete" | "failed" | "lost")
}

/// Shows what allocations were promised.
pub(super) fn allocated(session: &Session<'_>, node: &Json, allocations: &[Json]) {
    let (mut cpu, mut memory, mut disk, mut count) = (0, 0, 0, 0);
    for allocation in allocations.iter().filter(is_live) {
        count += 1;
        let resources = allocation.at("AllocatedResources");
        for (_, task) in resources.entries("Tasks") {
            cpu += task.at("Cpu").number("CpuShares");
            memory += task.at("Memory").number("MemoryMB");
        }
        disk += resources.at("Shared").number("DiskMB");
    }
    let (all_cpu, all_memory, all_disk) = capacity(node);
    session.say(format!(
        "\n{}\n{}",
        session.bold("Allocated Resources"),
        table(&[
            "CPU|Memory|Disk|Alloc Count".to_owned(),
            format!(
                "{cpu}/{all_cpu} MHz|{}/{}|{}/{}|{count}",
                mebibytes(memory),
                mebibytes(all_memory),
                mebibytes(disk),
                mebibytes(all_disk)
            ),
        ])
    ));
}

/// Shows what allocations and the node use at present.
pub(super) fn used(session: &Session<'_>, node: &Json, allocations: &[Json], stats: &Result<Json, String>) {
    let Ok(stats) = stats else {
        let problem = stats.as_ref().err().map_or("", String::as_str);
        session.say("");
        session.warn(format!("error fetching node stats: {problem}"));
        return;
    };
    let (mut cpu, mut memory) = (0.0, 0);
    for allocation in allocations.iter().filter(|one| one.text("ClientStatus") == "running") {
        let path = format!("/v1/client/allocation/{}/stats", allocation.text("ID"));
        let query: Query<'_> = &[("namespace", allocation.text("Namespace"))];
        let Some(used) = session.api().ok().and_then(|api| api.get(&path, query).ok()) else { continue };
        let used = used.at("ResourceUsage");
        cpu += used.at("CpuStats").at("TotalTicks").as_f64().unwrap_or_default();
        memory += memory_of(used.at("MemoryStats"));
    }
    let (all_cpu, all_memory, _) = capacity(node);
    session.say(format!(
        "\n{}\n{}",
        session.bold("Allocation Resource Utilization"),
        table(&[
            "CPU|Memory".to_owned(),
            format!("{:.0}/{all_cpu} MHz|{}/{}", cpu.floor(), bytes(memory), mebibytes(all_memory)),
        ])
    ));
    host(session, node, stats);
}

/// The memory that counts: resident where it is measured, used in all otherwise.
pub(in crate::nomad_cli) fn memory_of(stats: &Json) -> u64 {
    let measured: Vec<&str> = stats.texts("Measured");
    let field = if measured.contains(&"RSS") || measured.is_empty() { "RSS" } else { "Usage" };
    stats.at(field).as_u64().unwrap_or_default()
}

fn host(session: &Session<'_>, node: &Json, stats: &Json) {
    let attributes = node.at("Attributes");
    let volume = attributes.text("unique.storage.volume");
    let disk = items(stats.at("DiskStats")).iter().find(|disk| disk.text("Device") == volume);
    let memory = stats.at("Memory");
    let count = |of: &Json, field: &str| of.at(field).as_u64().unwrap_or_default();
    let disk = disk.map_or_else(String::new, |disk| {
        format!("{}/{}", bytes(count(disk, "Used")), bytes(count(disk, "Size")))
    });
    let ticks = stats.at("CPUTicksConsumed").as_f64().unwrap_or_default();
    let total = node.at("NodeResources").at("Cpu").number("CpuShares");
    let mut heading = "CPU|Memory".to_owned();
    let mut line = format!(
        "{:.0}/{total} MHz|{}/{}",
        ticks.floor(),
        bytes(count(memory, "Used")),
        bytes(count(memory, "Total"))
    );
    if disk.is_empty() {
        line.push_str("|<none>");
        heading.push_str("|Disk");
    } else {
        heading.push_str("|Disk");
        line.push_str(&format!("|{disk}"));
    }
    session.say(format!("\n{}\n{}", session.bold("Host Resource Utilization"), table(&[heading, line])));
}

/// Shows each processor, the memory and each disk.
pub(super) fn detailed(session: &Session<'_>, stats: &Json) {
    session.say(format!("\n{}", session.bold("CPU Stats")));
    let cpus = stats.list("CPU");
    for (index, cpu) in cpus.iter().enumerate() {
        session.say(pairs(&[
            format!("CPU|{}", cpu.text("CPU")),
            format!("User|{}", percent(cpu, "User")),
            format!("System|{}", percent(cpu, "System")),
            format!("Idle|{}", percent(cpu, "Idle")),
        ]));
        if index + 1 < cpus.len() {
            session.say("");
        }
    }
    let size = |of: &Json, field: &str| bytes(of.at(field).as_u64().unwrap_or_default());
    let memory = stats.at("Memory");
    session.say(format!("\n{}", session.bold("Memory Stats")));
    let fields = ["Total", "Available", "Used", "Free"];
    session.say(pairs(&fields.map(|field| format!("{field}|{}", size(memory, field)))));
    session.say(format!("\n{}", session.bold("Disk Stats")));
    let disks = stats.list("DiskStats");
    for (index, disk) in disks.iter().enumerate() {
        session.say(pairs(&[
            format!("Device|{}", disk.text("Device")),
            format!("MountPoint|{}", disk.text("Mountpoint")),
            format!("Size|{}", size(disk, "Size")),
            format!("Used|{}", size(disk, "Used")),
            format!("Available|{}", size(disk, "Available")),
            format!("Used Percent|{}", percent(disk, "UsedPercent")),
            format!("Inodes Percent|{}", percent(disk, "InodesUsedPercent")),
        ]));
        if index + 1 < disks.len() {
            session.say("");
        }
    }
}

fn percent(of: &Json, field: &str) -> String {
    format!("{:.2}%", of.at(field).as_f64().unwrap_or_default())
}
