//! Answers that go out together.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// How often it is looked for more requests before answers go out.
const ROUNDS: usize = 4;

/// Holds answers back until the requests that came with theirs have been answered, too.
///
/// Where few connections are busy, whoever asks sleeps until an answer comes, and is woken by it. Waking a process on
/// another core costs the server about as much as serving a request; sent together, several answers wake it once. When
/// nothing else has come, an answer waits for one look at the sockets.
#[derive(Clone, Debug, Default)]
pub struct Together(Arc<Mutex<Waiting>>);

/// The answers that are held back.
#[derive(Debug, Default)]
struct Waiting {
    wakers: Vec<Waker>,
    /// Whether somebody watches for more.
    is_watched: bool,
    /// How often the answers went out.
    gone: u64,
}

impl Together {
    /// Waits until an answer that is ready now may go.
    pub async fn pass(&self) {
        let turn = self.turn();
        match turn {
            Some(turn) => self.follow(turn).await,
            None => self.watch().await,
        }
    }

    /// The turn that somebody watches over, where one does.
    fn turn(&self) -> Option<u64> {
        let waiting = self.lock();
        waiting.is_watched.then_some(waiting.gone)
    }

    /// Lets all of them go when no more come.
    async fn watch(&self) {
        self.lock().is_watched = true;
        // Whoever watches may go away with its connection.
        let _release = Release(self);
        let mut known = 0;
        for _ in 0..ROUNDS {
            tokio::task::yield_now().await;
            let now = self.lock().wakers.len();
            if now == known {
                break;
            }
            known = now;
        }
    }

    async fn follow(&self, turn: u64) {
        let mut is_listed = false;
        poll_fn(|context| {
            let mut waiting = self.lock();
            if waiting.gone != turn {
                return Poll::Ready(());
            }
            // A connection's task is polled by other things as well; its waker stays the same.
            if !is_listed {
                waiting.wakers.push(context.waker().clone());
                is_listed = true;
            }
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the answers go.
struct Release<'a>(&'a Together);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        let wakers = {
            let mut waiting = self.0.lock();
            waiting.is_watched = false;
            waiting.gone += 1;
            std::mem::take(&mut waiting.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn answers_wait_for_those_that_come_with_them() {
        let together = Together::default();
        let order = Arc::new(Mutex::new(Vec::new()));
        let answer = |name: &'static str| {
            let (together, order) = (together.clone(), Arc::clone(&order));
            async move {
                order.lock().expect("no panic").push(format!("{name} is ready"));
                together.pass().await;
                order.lock().expect("no panic").push(format!("{name} goes"));
            }
        };
        tokio::join!(answer("a"), answer("b"), answer("c"));
        let order = order.lock().expect("no panic").clone();
        assert_eq!(order[..3], ["a is ready", "b is ready", "c is ready"]);
        assert_eq!(order.len(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_an_answer_that_is_given_up() {
        let together = Together::default();
        let mut first = Box::pin(together.pass());
        assert!(first.as_mut().now_or_never().is_none());
        let mut second = Box::pin(together.pass());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.as_mut().now_or_never().is_some());
        tokio::time::timeout(std::time::Duration::from_secs(1), together.pass()).await.expect("it passes");
    }
}
