//! A table of Nomad's, read from whichever server answers, and again when it changes.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::fleet::{Fleet, Node, Role};
use crate::nomad::{Answer, NomadApi};
use crate::run::Pace;

/// How long to wait after an answer with nothing new.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait before servers that all refused are asked again.
const RETRY: Duration = Duration::from_secs(1);

/// What was read of a table so far.
pub(super) struct Table {
    path: &'static str,
    /// The newest index that was read: a server that lags behind tells nothing new.
    index: AtomicU64,
    /// The server that is asked, by its place among them.
    server: AtomicUsize,
}

impl Table {
    pub(super) fn new(path: &'static str) -> Self {
        Self { path, index: AtomicU64::new(0), server: AtomicUsize::new(0) }
    }

    /// The table as it is now, unless no server answers with anything as new as what was read before.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        fleet: &dyn Fleet,
        nomad: &NomadApi,
    ) -> Option<Vec<T>> {
        for _ in fleet.with_role(Role::Server) {
            match nomad.ask(self.server(fleet)?, self.path, None).await {
                Ok(answer) => {
                    if let Some(rows) = self.take(answer) {
                        return Some(rows);
                    }
                }
                Err(_) => self.turn(),
            }
        }
        None
    }

    /// The table when it is another than what was read last.
    pub(super) async fn changed<T: DeserializeOwned>(
        &self,
        fleet: &dyn Fleet,
        nomad: &NomadApi,
        pace: &Pace,
    ) -> Vec<T> {
        loop {
            let Some(server) = self.server(fleet) else {
                pace.sleep(RETRY).await;
                continue;
            };
            let before = self.index.load(Ordering::Relaxed);
            let wait = pace.patience();
            let path = format!("{}&index={before}&wait={}s", self.path, wait.as_secs());
            match nomad.ask(server, &path, Some(wait)).await {
                Ok(answer) => {
                    let is_new = answer.index > before;
                    match self.take(answer) {
                        Some(rows) if is_new => return rows,
                        // A server that does not wait must not be asked without end.
                        _ => pace.sleep(PAUSE).await,
                    }
                }
                Err(_) => {
                    self.turn();
                    pace.sleep(RETRY).await;
                }
            }
        }
    }

    fn server<'f>(&self, fleet: &'f dyn Fleet) -> Option<&'f Node> {
        let count = fleet.with_role(Role::Server).count().max(1);
        fleet.with_role(Role::Server).nth(self.server.load(Ordering::Relaxed) % count)
    }

    /// Another server is asked next.
    fn turn(&self) {
        self.server.fetch_add(1, Ordering::Relaxed);
    }

    /// The rows, unless they are older than what is known. A server that knows no leader may be cut off.
    fn take<T>(&self, answer: Answer<Vec<T>>) -> Option<Vec<T>> {
        if !answer.knows_leader {
            self.turn();
        }
        let newest = self.index.fetch_max(answer.index, Ordering::Relaxed);
        (answer.index >= newest).then_some(answer.value)
    }
}
