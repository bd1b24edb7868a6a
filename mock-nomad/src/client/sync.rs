//! Tells the servers what became of allocations, several at once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lab_wire::rpc::to_value;
use rmpv::Value;
use tokio::sync::Notify;

use super::{Client, LOGGER};
use crate::hclog::pair;
use crate::server::Access;
use crate::structs::Allocation;

/// How long changes are gathered.
const BATCH: Duration = Duration::from_millis(200);
const RETRY: Duration = Duration::from_secs(5);

/// Allocations that the servers have yet to hear of.
#[derive(Default)]
pub(super) struct Unsent {
    ids: Mutex<BTreeSet<String>>,
    more: Notify,
}

impl Client {
    /// The servers shall hear of this allocation.
    pub(super) fn send(&self, id: &str) {
        self.unsent.ids.lock().expect("no panic while gathering").insert(id.to_owned());
        self.unsent.more.notify_one();
    }

    /// The servers shall hear of every allocation.
    pub(super) fn send_all(&self) {
        let ids: Vec<String> = self.runners().keys().cloned().collect();
        ids.iter().for_each(|id| self.send(id));
    }

    fn take_unsent(&self) -> Vec<Allocation> {
        let ids = std::mem::take(&mut *self.unsent.ids.lock().expect("no panic while gathering"));
        let runners = self.runners();
        ids.iter().filter_map(|id| runners.get(id)).map(|runner| runner.report()).collect()
    }
}

/// Sends what there is to send for as long as the client lives.
pub(super) async fn run(client: Arc<Client>) {
    let clock = &client.parts.host.clock;
    loop {
        client.unsent.more.notified().await;
        clock.sleep(BATCH).await;
        loop {
            let updates = client.take_unsent();
            if updates.is_empty() {
                break;
            }
            let encoded = updates.iter().map(|update| to_value(update).unwrap_or(Value::Nil)).collect();
            let body = client.request([("Alloc", Value::Array(encoded)), ("Evals", Value::Nil)]);
            let Err(error) = client.rpc("Node.UpdateAlloc", Access::Write, body).await else { break };
            client
                .parts
                .host
                .log
                .error(LOGGER, format!("error updating allocations: {}", pair("error", &error)));
            updates.iter().for_each(|update| client.send(&update.id));
            clock.sleep(client.retry_interval(RETRY)).await;
        }
    }
}
