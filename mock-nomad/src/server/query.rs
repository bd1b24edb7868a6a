//! Blocking queries.

use std::time::Duration;

use rmpv::Value;

use super::Server;
use super::page::Page;
use crate::seam::{RpcError, RpcResult};
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
        let wanted = |tables: &Tables| Ok::<_, std::convert::Infallible>(look(tables));
        match self.blocking_on(options, topic, wanted, |meta, fields| meta.reply(fields)).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }

    /// The same for a list in pages, which is the field `field`.
    pub(super) async fn listing(
        &self,
        options: &QueryOptions,
        topic: Topic,
        field: &'static str,
        look: impl Fn(&Tables, &Page<'_>) -> Result<(Value, String), RpcError>,
    ) -> RpcResult {
        let page = Page::of(options)?;
        let index = topic.clone();
        let wanted = |tables: &Tables| Ok::<_, RpcError>((tables.index_of(&index), look(tables, &page)?));
        let reply = |meta: QueryMeta, (found, next_token): (Value, String)| {
            QueryMeta { next_token, ..meta }.reply([(field, found)])
        };
        self.blocking_on(options, topic, wanted, reply).await
    }

    async fn blocking_on<T, E>(
        &self,
        options: &QueryOptions,
        topic: Topic,
        look: impl Fn(&Tables) -> Result<(u64, T), E>,
        reply: impl Fn(QueryMeta, T) -> Value,
    ) -> Result<Value, E> {
        self.parts.telemetry.count("nomad.rpc.query");
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
            let (index, found) = self.store.read(&look)?;
            let Some(deadline) = deadline.filter(|_| index <= options.min_query_index) else {
                return Ok(reply(self.meta(index), found));
            };
            tokio::select! {
                biased;
                _ = changed.changed() => {}
                () = clock.sleep_until(deadline) => {
                    let (index, found) = self.store.read(&look)?;
                    return Ok(reply(self.meta(index), found));
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
            next_token: String::new(),
        }
    }
}
