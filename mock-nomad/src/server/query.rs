//! Blocking queries.

use std::time::Duration;

use rmpv::Value;

use super::Server;
use crate::state::{Tables, Topic};
use crate::structs::{QueryMeta, QueryOptions};

/// How long a query waits unless it says otherwise, and at most.
const MAX_WAIT: Duration = Duration::from_secs(300);

impl Server {
    /// Reads until the answer is newer than the asker's, or the time is up. `look` gives the answer's index and fields.
    pub(super) async fn blocking<const N: usize>(
        &self,
        options: &QueryOptions,
        topic: Topic,
        look: impl Fn(&Tables) -> (u64, [(&'static str, Value); N]),
    ) -> Value {
        let clock = &self.parts.host.clock;
        let deadline = (options.min_query_index > 0).then(|| {
            let wait = match options.max_query_time {
                Duration::ZERO => MAX_WAIT,
                asked => asked.min(MAX_WAIT),
            };
            clock.now() + wait + self.jitter.duration(Duration::ZERO..wait / 16)
        });
        let mut changed = self.store.subscribe(topic);
        loop {
            changed.borrow_and_update();
            let (index, fields) = self.store.read(&look);
            let Some(deadline) = deadline.filter(|_| index <= options.min_query_index) else {
                return self.meta(index).reply(fields);
            };
            tokio::select! {
                biased;
                _ = changed.changed() => {}
                () = clock.sleep_until(deadline) => {
                    let (index, fields) = self.store.read(&look);
                    return self.meta(index).reply(fields);
                }
            }
        }
    }

    /// What a reply says of the state it was read from.
    pub(super) fn meta(&self, index: u64) -> QueryMeta {
        QueryMeta {
            index: index.max(1),
            last_contact: self.raft.last_contact().unwrap_or_default(),
            known_leader: self.raft.leader().is_some(),
        }
    }
}
