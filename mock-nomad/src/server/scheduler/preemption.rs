//! What gives way to more important work: as little as can be, and the least important first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ports;
use crate::structs::Allocation;

/// By how much more important the new work must be.
const LEAD: i64 = 10;
/// How much further away an allocation seems for each one of its group beyond those that may move at once.
const CROWD_PENALTY: f64 = 50.0;

/// An allocation that may have to give way.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    allocation: Arc<Allocation>,
    priority: i64,
    /// Megahertz, mebibytes of memory, mebibytes of disk.
    takes: [i64; 3],
    /// How many of its group may move at once; 0 where that is not limited.
    max_parallel: i64,
}

impl Candidate {
    pub(super) fn of(allocation: &Arc<Allocation>) -> Self {
        let job = allocation.job.as_deref();
        let group = job.and_then(|job| job.group(&allocation.task_group));
        Self {
            allocation: Arc::clone(allocation),
            priority: job.map_or(i64::MAX, |job| job.priority),
            takes: allocation.allocated_resources.total(),
            max_parallel: group.and_then(|group| group.number("Migrate", "MaxParallel")).unwrap_or(0),
        }
    }

    fn may_give_way(&self, priority: i64) -> bool {
        priority.saturating_sub(self.priority) >= LEAD
    }
}

/// What holds one of the wanted ports, which is then no candidate any more; nothing where one of them cannot be had.
pub(super) fn for_ports(
    candidates: &mut Vec<Candidate>,
    priority: i64,
    wanted: &BTreeSet<i64>,
) -> Vec<Arc<Allocation>> {
    let holds =
        |candidate: &Candidate| !ports::taken(std::iter::once(&*candidate.allocation)).is_disjoint(wanted);
    if candidates.iter().any(|candidate| holds(candidate) && !candidate.may_give_way(priority)) {
        return Vec::new();
    }
    candidates.extract_if(.., |candidate| holds(candidate)).map(|gone| gone.allocation).collect()
}

/// What makes room for `asked` on a node of `room`; nothing where that cannot be made. `before`: how many allocations of
/// which groups give way already.
pub(super) fn for_room(
    candidates: &[Candidate],
    priority: i64,
    asked: [i64; 3],
    room: [i64; 3],
    before: &BTreeMap<(String, String, String), i64>,
) -> Vec<Arc<Allocation>> {
    let mut free = room;
    candidates.iter().for_each(|candidate| add(&mut free, candidate.takes, -1));
    let mut by_priority: BTreeMap<i64, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| candidate.may_give_way(priority)) {
        by_priority.entry(candidate.priority).or_default().push(candidate);
    }
    let (mut available, mut needed) = (free, asked);
    let mut chosen = Vec::new();
    for mut group in by_priority.into_values() {
        while !group.is_empty() && !fits(asked, available) {
            let apart = |candidate: &&Candidate| distance(needed, candidate.takes) + crowd(candidate, before);
            let closest =
                group.iter().enumerate().min_by(|(_, one), (_, other)| apart(one).total_cmp(&apart(other)));
            let Some((at, _)) = closest else { break };
            let candidate = group.swap_remove(at);
            add(&mut available, candidate.takes, 1);
            add(&mut needed, candidate.takes, -1);
            chosen.push(candidate);
        }
    }
    if !fits(asked, available) {
        return Vec::new();
    }
    // Those that take most like what is asked come last: others may be enough without them.
    chosen.sort_by(|one, other| distance(asked, other.takes).total_cmp(&distance(asked, one.takes)));
    let mut available = free;
    let mut gone = Vec::new();
    for candidate in chosen {
        add(&mut available, candidate.takes, 1);
        gone.push(Arc::clone(&candidate.allocation));
        if fits(asked, available) {
            break;
        }
    }
    gone
}

fn fits(asked: [i64; 3], available: [i64; 3]) -> bool {
    asked.iter().zip(available).all(|(asked, available)| *asked <= available)
}

fn add(sum: &mut [i64; 3], part: [i64; 3], sign: i64) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += sign * part);
}

/// How unlike two amounts are, seen from the first.
fn distance(asked: [i64; 3], takes: [i64; 3]) -> f64 {
    let part =
        |(asked, takes): (i64, i64)| if asked > 0 { (asked - takes) as f64 / asked as f64 } else { 0.0 };
    asked.into_iter().zip(takes).map(|pair| part(pair).powi(2)).sum::<f64>().sqrt()
}

fn crowd(candidate: &Candidate, before: &BTreeMap<(String, String, String), i64>) -> f64 {
    let found = &candidate.allocation;
    let key = (found.namespace.clone(), found.job_id.clone(), found.task_group.clone());
    let count = before.get(&key).copied().unwrap_or(0);
    let over = candidate.max_parallel > 0 && count >= candidate.max_parallel;
    if over { (count + 1 - candidate.max_parallel) as f64 * CROWD_PENALTY } else { 0.0 }
}
