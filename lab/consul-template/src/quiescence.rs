//! Holds a template's rendering back while its data still changes.

use time::OffsetDateTime;

use crate::config::Wait;

/// A template that waits before it is rendered again. The wait begins with the first change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quiescence {
    wait: Wait,
    /// When it is over, and when it is over at the latest.
    due: Option<(OffsetDateTime, OffsetDateTime)>,
}

impl Quiescence {
    pub(crate) fn new(wait: Wait) -> Self {
        Self { wait, due: None }
    }

    /// Something changed: waits for the shortest time from now on, but never longer than the longest.
    pub(crate) fn tick(&mut self, now: OffsetDateTime) {
        let deadline = self.due.map_or(now + self.wait.most, |(_, deadline)| deadline);
        let due = match self.due {
            None => now + self.wait.least,
            Some(_) => (now + self.wait.least).min(deadline),
        };
        self.due = Some((due, deadline));
    }

    /// When the wait is over; `None` while nothing has changed.
    pub(crate) fn due(&self) -> Option<OffsetDateTime> {
        self.due.map(|(due, _)| due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use time::macros::datetime;

    #[test]
    fn changes_put_it_off_up_to_the_longest_wait() {
        let start = datetime!(2026-01-05 09:00 UTC);
        let second = Duration::from_secs(1);
        let mut quiescence = Quiescence::new(Wait { enabled: true, least: 2 * second, most: 5 * second });
        assert_eq!(quiescence.due(), None);
        quiescence.tick(start);
        assert_eq!(quiescence.due(), Some(start + 2 * second));
        quiescence.tick(start + second);
        assert_eq!(quiescence.due(), Some(start + 3 * second));
        quiescence.tick(start + 4 * second);
        assert_eq!(quiescence.due(), Some(start + 5 * second));
    }
}
