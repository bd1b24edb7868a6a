//! The workers of this server's scheduler: how many there are, and on what.

use std::sync::Arc;

use futures::future::{join_all, pending};
use time::OffsetDateTime;
use tokio::sync::watch;

use super::{Server, worker};

/// The kinds of evaluation that there are; `_core` are the servers' own.
const KINDS: [&str; 5] = ["service", "batch", "system", "sysbatch", CORE];
const CORE: &str = "_core";

/// How many workers a server has, and on what they work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WorkerPool {
    /// How many.
    pub(crate) count: usize,
    /// The kinds of evaluation that they take.
    pub(crate) kinds: Vec<String>,
}

impl WorkerPool {
    /// A pool as the configuration has it: one worker where it says nothing, on everything. `_core` is always there.
    pub(crate) fn configured(count: Option<i64>, kinds: &[String]) -> Self {
        let mut kinds = kinds.to_vec();
        if kinds.is_empty() {
            kinds = KINDS.map(str::to_owned).to_vec();
        } else if !kinds.iter().any(|kind| kind == CORE) {
            kinds.push(CORE.to_owned());
        }
        Self { count: count.map_or(1, |count| usize::try_from(count).unwrap_or_default()), kinds }
    }

    /// Whether a server with so many cores takes it.
    pub(crate) fn is_valid(&self, cores: usize) -> bool {
        self.count <= cores
            && self.kinds.iter().any(|kind| kind == CORE)
            && self.kinds.iter().all(|kind| KINDS.contains(&kind.as_str()))
    }
}

/// One worker.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    /// Its id.
    pub(crate) id: String,
    /// When it was started.
    pub(crate) started: OffsetDateTime,
}

/// The workers of the moment.
pub(super) struct Workers {
    wanted: watch::Sender<WorkerPool>,
    present: watch::Sender<Vec<Worker>>,
}

impl Workers {
    pub(super) fn new(pool: WorkerPool) -> Self {
        Self { wanted: watch::Sender::new(pool), present: watch::Sender::default() }
    }
}

impl Server {
    /// How many workers it has, and on what.
    pub(crate) fn worker_pool(&self) -> WorkerPool {
        self.workers.wanted.borrow().clone()
    }

    /// The workers.
    pub(crate) fn workers(&self) -> Vec<Worker> {
        self.workers.present.borrow().clone()
    }

    /// Replaces the workers; what one is doing, it ends first.
    pub(crate) fn set_worker_pool(&self, pool: WorkerPool) {
        self.workers.wanted.send_replace(pool);
    }
}

/// Keeps as many workers as are wanted.
pub(super) async fn tend(server: Arc<Server>) {
    let ids = server.ids.branch("worker");
    let mut wanted = server.workers.wanted.subscribe();
    loop {
        let pool = wanted.borrow_and_update().clone();
        let started = server.parts.host.clock.now();
        let workers: Vec<Worker> = (0..pool.count).map(|_| Worker { id: ids.uuid(), started }).collect();
        server.workers.present.send_replace(workers.clone());
        let mut changed = wanted.clone();
        let all = workers.iter().map(|one| worker::run(&server, &one.id, &pool.kinds, wanted.clone()));
        tokio::join!(biased; join_all(all), async {
            if changed.changed().await.is_err() {
                pending::<()>().await;
            }
        });
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_pool_has_at_most_a_worker_a_core_and_takes_core_work() {
        let of = |count, kinds: &[&str]| {
            WorkerPool { count, kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect() }.is_valid(4)
        };
        assert!(of(0, &["_core"]) && of(4, &["service", "_core"]));
        assert!(!of(5, &["_core"]) && !of(1, &["service"]) && !of(1, &["_core", "other"]) && !of(1, &[]));
        let configured = WorkerPool::configured(Some(2), &["batch".to_owned()]);
        assert_eq!((configured.count, configured.kinds), (2, vec!["batch".to_owned(), "_core".to_owned()]));
        assert_eq!(WorkerPool::configured(None, &[]).kinds.len(), 5);
    }
}
