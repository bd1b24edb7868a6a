//! The servers keep a leader.

use std::time::Duration;

use time::OffsetDateTime;

use super::{Check, Invariant};
use crate::timeline::{Entry, Event};

/// Elections happen; they must not last.
pub(super) struct Quorum {
    longest: Duration,
    leaderless_since: Option<OffsetDateTime>,
}

impl Quorum {
    pub(super) fn new(longest: Duration) -> Self {
        Self { longest, leaderless_since: None }
    }

    fn check(&self, now: OffsetDateTime) -> Check {
        match self.leaderless_since {
            Some(since) if now - since > self.longest => {
                let seconds = (now - since).whole_seconds();
                Check::Failed(format!("no server has led for {seconds} s"))
            }
            _ => Check::Passed,
        }
    }
}

impl Invariant for Quorum {
    fn observe(&mut self, entry: &Entry) -> Check {
        let Event::LeaderChanged { leader } = &entry.event else { return Check::Nothing };
        let check = self.check(entry.at);
        self.leaderless_since = leader.is_none().then_some(entry.at);
        check
    }

    fn tick(&mut self, now: OffsetDateTime) -> Check {
        if self.leaderless_since.is_some() { self.check(now) } else { Check::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::entry;
    use super::*;

    #[test]
    fn a_short_election_passes_and_a_long_one_fails() {
        let mut quorum = Quorum::new(Duration::from_secs(20));
        let leader = |name: Option<&str>| Event::LeaderChanged { leader: name.map(str::to_owned) };
        assert_eq!(quorum.observe(&entry(0, "close", leader(Some("server-1")))), Check::Passed);
        assert_eq!(quorum.observe(&entry(5, "close", leader(None))), Check::Passed);
        assert_eq!(quorum.tick(entry(20, "close", leader(None)).at), Check::Passed);
        assert_eq!(quorum.observe(&entry(24, "close", leader(Some("server-2")))), Check::Passed);
        assert_eq!(quorum.observe(&entry(30, "close", leader(None))), Check::Passed);
        let late = quorum.tick(entry(51, "close", leader(None)).at);
        assert_eq!(late, Check::Failed("no server has led for 21 s".into()));
    }
}
