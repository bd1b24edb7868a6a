//! A scope for background work.

use std::sync::{Arc, Mutex};

use tokio::task::AbortHandle;

/// Tasks that end together: dropping the last clone aborts every one of them.
///
/// A program of the lab spawns only through one of these, so that stopping or crashing it leaves nothing behind.
#[derive(Clone, Default)]
pub struct Tasks(Arc<Scope>);

impl Tasks {
    /// An empty scope.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts `work` in this scope. After [`Tasks::abort`] nothing starts any more.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.0.running.lock().expect("no panic while spawning");
        let Some(running) = running.as_mut() else { return };
        #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
        let handle = tokio::spawn(work).abort_handle();
        if running.len() >= 64 && running.len().is_power_of_two() {
            running.retain(|task| !task.is_finished());
        }
        running.push(handle);
    }

    /// Ends every task at its next await and refuses new ones.
    pub fn abort(&self) {
        self.0.abort();
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tasks")
    }
}

struct Scope {
    running: Mutex<Option<Vec<AbortHandle>>>,
}

impl Default for Scope {
    fn default() -> Self {
        Self { running: Mutex::new(Some(Vec::new())) }
    }
}

impl Scope {
    fn abort(&self) {
        let tasks = self.running.lock().map(|mut running| running.take()).unwrap_or_default();
        tasks.into_iter().flatten().for_each(|task| task.abort());
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        self.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn dropping_the_scope_ends_its_tasks() {
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let tasks = Tasks::new();
        tasks.spawn(async move {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let _ = sender.send(());
        });
        drop(tasks);
        assert!(receiver.await.is_err(), "the task never got to send");
    }

    #[tokio::test(start_paused = true)]
    async fn an_aborted_scope_starts_nothing() {
        let tasks = Tasks::new();
        tasks.abort();
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        tasks.spawn(async move {
            let _ = sender.send(());
        });
        assert!(receiver.await.is_err());
    }
}
