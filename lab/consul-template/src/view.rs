//! Watches one query: fetches it, hands its answers on, and tries again when it fails.

use std::time::Duration;

use lab_world::Clock;
use tokio::sync::mpsc::UnboundedSender;

use crate::query::{Answer, Context, Query};

/// The least time between two requests of one view.
const LEAST_DELAY: Duration = Duration::from_millis(100);
/// What is added to it by chance, at most.
const DITHER: Duration = Duration::from_millis(20);

/// What a view reports.
#[derive(Debug)]
pub(crate) enum Report {
    /// There is a new answer.
    Data {
        /// The query's name.
        name: String,
        /// What it fetched.
        answer: Answer,
    },
    /// A fetch failed; it may be tried again.
    Trouble,
    /// It failed for the last time.
    GaveUp(String),
}

/// A query with what it was answered last.
pub(crate) struct View {
    query: Query,
    context: Context,
    once: bool,
    last: Option<Answer>,
    last_index: i64,
    failures: u32,
}

impl View {
    pub(crate) fn new(query: Query, context: Context, once: bool) -> Self {
        Self { query, context, once, last: None, last_index: 0, failures: 0 }
    }

    /// Goes on until it gives up, or, if it runs once, until it has an answer.
    pub(crate) async fn run(mut self, reports: UnboundedSender<Report>) {
        let name = self.query.name();
        loop {
            match self.next().await {
                Ok(answer) => {
                    self.failures = 0;
                    if reports.send(Report::Data { name: name.clone(), answer }).is_err() || self.once {
                        return;
                    }
                }
                Err(error) => {
                    let Some(pause) = self.pause(&error, &reports) else {
                        let _ = reports.send(Report::GaveUp(error));
                        return;
                    };
                    self.context.host.clock.sleep(pause).await;
                }
            }
        }
    }

    /// How long to wait after a failure; `None` when that was the last.
    fn pause(&mut self, error: &str, reports: &UnboundedSender<Report>) -> Option<Duration> {
        if !self.query.is_retried() {
            return None;
        }
        let _ = reports.send(Report::Trouble);
        let journal = &self.context.journal;
        let retry =
            if self.query.is_nomad() { &self.context.nomad_retry } else { &self.context.config.retry };
        let pause = retry.pause(self.failures);
        self.failures += 1;
        match pause {
            Some(pause) => {
                let shown = lab_world::format_duration(pause);
                journal.warn(format!("(view) {error} (retry attempt {} after \"{shown}\")", self.failures));
            }
            None => journal.error(format!("(view) {error} (exceeded maximum retries)")),
        }
        pause
    }

    /// The next answer that differs from the last one.
    async fn next(&mut self) -> Result<Answer, String> {
        let clock: Clock = self.context.host.clock.clone();
        let mut first = true;
        loop {
            let start = clock.now();
            let answer = self.query.fetch(&self.context).await?;
            self.failures = 0;
            let taken = Duration::try_from(clock.now() - start).unwrap_or_default();
            if !first && let Some(left) = LEAST_DELAY.checked_sub(taken) {
                clock.sleep(left + self.context.entropy.duration(Duration::ZERO..DITHER)).await;
            }
            first = false;
            // Vault's answers are numbered by the second, and one of the same second counts as the same.
            let index = clock.unix();
            let is_known = index == self.last_index && !self.query.is_nomad();
            let is_same = is_known || self.last.as_ref() == Some(&answer);
            self.last_index = index;
            if !is_same {
                self.last = Some(answer.clone());
                return Ok(answer);
            }
        }
    }
}
