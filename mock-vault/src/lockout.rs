//! Users who gave a wrong password too often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// When a user is locked out, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LockoutConfig {
    pub(crate) disabled: bool,
    /// After so many wrong passwords.
    pub(crate) threshold: u64,
    /// In seconds.
    pub(crate) duration: u64,
    /// Wrong passwords that lie so many seconds apart are not counted together.
    pub(crate) counter_reset: u64,
}

impl Default for LockoutConfig {
    fn default() -> Self {
        Self { disabled: false, threshold: 5, duration: 900, counter_reset: 900 }
    }
}

/// Failed logins by mount accessor and alias.
#[derive(Debug, Default)]
pub(crate) struct Lockouts {
    failed: BTreeMap<(String, String), Failed>,
}

#[derive(Clone, Copy, Debug)]
struct Failed {
    count: u64,
    last: OffsetDateTime,
    locked: bool,
}

impl Lockouts {
    /// Whether a user may not even try.
    pub(crate) fn is_locked(
        &mut self,
        accessor: &str,
        alias: &str,
        config: LockoutConfig,
        now: OffsetDateTime,
    ) -> bool {
        let key = (accessor.to_owned(), alias.to_owned());
        let Some(failed) = self.failed.get(&key).filter(|_| !config.disabled) else { return false };
        if failed.count < config.threshold {
            return false;
        }
        if now - failed.last >= seconds(config.duration) {
            self.failed.remove(&key);
            return false;
        }
        self.failed.entry(key).and_modify(|failed| failed.locked = true);
        true
    }

    /// Counts a wrong password.
    pub(crate) fn count(&mut self, accessor: &str, alias: &str, config: LockoutConfig, now: OffsetDateTime) {
        let key = (accessor.to_owned(), alias.to_owned());
        let failed = self.failed.entry(key).or_insert(Failed { count: 0, last: now, locked: false });
        if now - failed.last >= seconds(config.counter_reset) {
            failed.count = 0;
        }
        failed.count += 1;
        failed.last = now;
    }

    /// Forgets what a user did wrong.
    pub(crate) fn forget(&mut self, accessor: &str, alias: &str) {
        self.failed.remove(&(accessor.to_owned(), alias.to_owned()));
    }

    /// Who was turned away, by mount accessor.
    pub(crate) fn table(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut table: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for ((accessor, alias), _) in self.failed.iter().filter(|(_, failed)| failed.locked) {
            table.entry(accessor).or_default().push(alias);
        }
        table
    }

    /// How many were turned away.
    pub(crate) fn locked(&self) -> usize {
        self.failed.values().filter(|failed| failed.locked).count()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

    #[test]
    fn five_wrong_passwords_lock_a_user_out_for_a_while() {
        let config = LockoutConfig::default();
        let mut lockouts = Lockouts::default();
        for _ in 0..5 {
            assert!(!lockouts.is_locked("m", "ann", config, NOW));
            lockouts.count("m", "ann", config, NOW);
        }
        assert!(lockouts.is_locked("m", "ann", config, NOW));
        assert!(!lockouts.is_locked("m", "bob", config, NOW));
        assert_eq!(lockouts.table(), [("m", vec!["ann"])].into());
        assert!(!lockouts.is_locked("m", "ann", config, NOW + seconds(900)));
        assert_eq!(lockouts.locked(), 0);
    }

    #[test]
    fn old_failures_are_not_counted() {
        let config = LockoutConfig { threshold: 2, ..LockoutConfig::default() };
        let mut lockouts = Lockouts::default();
        lockouts.count("m", "ann", config, NOW);
        lockouts.count("m", "ann", config, NOW + seconds(1000));
        assert!(!lockouts.is_locked("m", "ann", config, NOW + seconds(1000)));
    }
}
