//! How closely the cluster is looked at: each second around changes, rarely while nothing happens.

use std::sync::Mutex;
use std::time::Duration;

use lab_world::Clock;
use time::OffsetDateTime;
use tokio::sync::Notify;

/// The observer's pace. Anything that changes the cluster makes it hurry.
pub(crate) struct Pace {
    clock: Clock,
    last_change: Mutex<OffsetDateTime>,
    hurried: Notify,
    /// The time between two looks while much happens.
    shortest: Duration,
}

impl Pace {
    /// The pace for a cluster of so many machines. A large one changes for as long as it is rolled, and each look
    /// costs its size: it is looked at more rarely, lest the cost grow with the square.
    pub(crate) fn new(clock: &Clock, machines: usize) -> Self {
        let shortest = Duration::from_secs(1 + machines as u64 / 50);
        Self { clock: clock.clone(), last_change: Mutex::new(clock.now()), hurried: Notify::new(), shortest }
    }

    /// Something changed: look often for a while.
    pub(crate) fn hurry(&self) {
        *self.last_change.lock().expect("no panic while pacing") = self.clock.now();
        self.hurried.notify_one();
    }

    /// How long a blocking query may wait: a server that hangs is left soon where something is going on.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(match self.since_change().whole_seconds() {
            ..180 => 10,
            180..7200 => 60,
            _ => 300,
        })
    }

    /// Waits for some time.
    pub(crate) async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// Waits until it is time to look again.
    pub(crate) async fn next(&self) {
        tokio::select! {
            biased;
            () = self.hurried.notified() => self.clock.sleep(self.shortest).await,
            () = self.clock.sleep(interval(self.since_change()).max(self.shortest)) => {}
        }
    }

    fn since_change(&self) -> time::Duration {
        self.clock.now() - *self.last_change.lock().expect("no panic while pacing")
    }
}

/// The longer nothing has happened, the rarer.
fn interval(since_change: time::Duration) -> Duration {
    Duration::from_secs(match since_change.whole_seconds() {
        ..10 => 1,
        10..60 => 2,
        60..180 => 5,
        180..900 => 15,
        900..7200 => 60,
        _ => 600,
    })
}
