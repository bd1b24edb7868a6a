//! Rate limits: how many requests a client may make in a while.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::storage::{Record, Table};

/// Paths that are never limited where nothing else is said.
const EXEMPT: [&str; 7] = [
    "sys/generate-recovery-token/attempt",
    "sys/generate-recovery-token/update",
    "sys/generate-root/attempt",
    "sys/generate-root/update",
    "sys/health",
    "sys/seal-status",
    "sys/unseal",
];

/// A rate limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quota {
    /// Empty for every path; a mount, which ends in a slash; a path below it, or its beginning before a star.
    pub(crate) path: String,
    /// Whether `path` is a whole mount.
    pub(crate) mount: bool,
    pub(crate) rate: f64,
    pub(crate) interval: u64,
    pub(crate) block_interval: u64,
    pub(crate) inheritable: bool,
}

/// What holds for all limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuotaSettings {
    pub(crate) audit_logging: bool,
    pub(crate) response_headers: bool,
    pub(crate) exempt_paths: Vec<String>,
    /// `None` until the settings are written.
    pub(crate) absolute_exempt_paths: Option<Vec<String>>,
}

impl Default for QuotaSettings {
    fn default() -> Self {
        Self {
            audit_logging: false,
            response_headers: false,
            exempt_paths: EXEMPT.map(str::to_owned).into(),
            absolute_exempt_paths: None,
        }
    }
}

/// The limits by name, and what clients have used of them.
#[derive(Default)]
pub(crate) struct Quotas {
    pub(crate) rules: Table<Quota>,
    pub(crate) settings: Record<QuotaSettings>,
    used: BTreeMap<(String, IpAddr), Window>,
}

/// What a client has left in the present interval.
struct Window {
    since: OffsetDateTime,
    left: u64,
    blocked_until: Option<OffsetDateTime>,
}

/// Whether a request may go on, and what its answer says of the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) admitted: bool,
    pub(crate) limit: u64,
    pub(crate) left: u64,
    /// Seconds until the client has everything again.
    pub(crate) reset: u64,
    /// Whether the answer tells the client.
    pub(crate) told: bool,
}

impl Quotas {
    /// Counts a request of a client; `None` where nothing limits it.
    pub(crate) fn admit(&mut self, path: &str, client: IpAddr, now: OffsetDateTime) -> Option<Verdict> {
        if self.rules.len() == 0 || self.settings.get().exempts(path) {
            return None;
        }
        let (name, quota) =
            self.rules.iter().filter(|(_, quota)| quota.covers(path)).max_by_key(|(_, q)| q.precision())?;
        let (limit, interval) = (quota.tokens(), Duration::from_secs(quota.interval.max(1)));
        let block = Duration::from_secs(quota.block_interval);
        let fresh = || Window { since: now, left: limit, blocked_until: None };
        let window = self.used.entry((name.clone(), client)).or_insert_with(fresh);
        if now - window.since >= interval {
            let over = (now - window.since).whole_seconds().unsigned_abs() / interval.as_secs();
            window.since += interval * u32::try_from(over).unwrap_or(u32::MAX);
            window.left = limit;
        }
        let blocked = window.blocked_until.filter(|until| *until > now);
        let admitted = blocked.is_none() && window.left > 0;
        if admitted {
            window.left -= 1;
        } else if blocked.is_none() && !block.is_zero() {
            window.blocked_until = Some(now + block);
        }
        let until = window.blocked_until.filter(|until| *until > now).unwrap_or(window.since + interval);
        let reset = (until - now).as_seconds_f64().ceil().max(0.0) as u64;
        let told = self.settings.get().response_headers;
        Some(Verdict { admitted, limit, left: window.left, reset, told })
    }

    /// The name of another limit for the same requests.
    pub(crate) fn twin(&self, name: &str, path: &str) -> Option<&str> {
        let twin = self.rules.iter().find(|(other, quota)| *other != name && quota.path == path);
        twin.map(|(other, _)| other.as_str())
    }

    /// Forgets what was used of a limit, since it changed.
    pub(crate) fn forget(&mut self, name: &str) {
        self.used.retain(|(quota, _), _| quota != name);
    }
}

impl QuotaSettings {
    fn exempts(&self, path: &str) -> bool {
        let absolute = self.absolute_exempt_paths.iter().flatten();
        self.exempt_paths.iter().chain(absolute).any(|exempt| match exempt.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == exempt,
        })
    }
}

impl Quota {
    fn covers(&self, path: &str) -> bool {
        match self.path.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None if self.mount => path.starts_with(&self.path),
            None => self.path.is_empty() || path == self.path,
        }
    }

    /// The limit that says most about a path counts: a path before a beginning, a mount before everything.
    fn precision(&self) -> (u8, usize) {
        let rank = match self.path.as_str() {
            "" => 0,
            _ if self.mount => 1,
            path if path.ends_with('*') => 2,
            _ => 3,
        };
        (rank, self.path.len())
    }

    /// How many requests fit into an interval.
    fn tokens(&self) -> u64 {
        // A rate is above zero, and one beyond all numbers is no limit.
        self.rate.round().max(1.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

    fn quota(path: &str, mount: bool, rate: f64, block_interval: u64) -> Quota {
        Quota { path: path.into(), mount, rate, interval: 10, block_interval, inheritable: false }
    }

    #[test]
    fn a_client_has_so_many_requests_an_interval() {
        let client: IpAddr = "10.0.0.1".parse().expect("an address");
        let mut quotas = Quotas::default();
        quotas.rules.insert("all", quota("", false, 100.0, 0));
        quotas.rules.insert("kv", quota("secret/", true, 2.0, 0));
        let mut ask = |path: &str, seconds: i64| {
            let now = NOW + time::Duration::seconds(seconds);
            quotas.admit(path, client, now).map(|verdict| (verdict.admitted, verdict.left, verdict.reset))
        };
        assert_eq!(ask("secret/a", 0), Some((true, 1, 10)));
        assert_eq!(ask("secret/b", 1), Some((true, 0, 9)));
        assert_eq!(ask("secret/c", 2), Some((false, 0, 8)));
        assert_eq!(ask("other/c", 2), Some((true, 99, 10)));
        assert_eq!(ask("sys/health", 2), None);
        assert_eq!(ask("secret/c", 10), Some((true, 1, 10)));
    }

    #[test]
    fn who_asks_too_often_can_be_blocked_for_longer() {
        let client: IpAddr = "10.0.0.1".parse().expect("an address");
        let mut quotas = Quotas::default();
        quotas.rules.insert("one", quota("a/b", false, 1.0, 60));
        let mut ask = |seconds: i64| {
            let now = NOW + time::Duration::seconds(seconds);
            quotas.admit("a/b", client, now).is_some_and(|verdict| verdict.admitted)
        };
        assert_eq!([0, 1, 30, 60, 61].map(&mut ask), [true, false, false, false, true]);
    }
}
