//! How long something may live.

use std::time::Duration;

use time::OffsetDateTime;

use crate::logical::{MountView, short_duration};

/// What limits a lifetime, beside the mount.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    /// What the client asked for; zero for nothing.
    pub(crate) increment: Duration,
    /// What the backend grants.
    pub(crate) ttl: Duration,
    /// What each renewal sets it back to; zero where it is not periodic.
    pub(crate) period: Duration,
    pub(crate) max_ttl: Duration,
    /// Holds for periodic ones too.
    pub(crate) explicit_max_ttl: Duration,
}

/// The maximum is already behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("past the max TTL, cannot renew")]
pub(crate) struct PastMaximum;

/// The time that is granted from `now` on, and warnings where it is less than what was asked.
pub(crate) fn calculate(
    mount: &MountView,
    terms: &Terms,
    issued: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(Duration, Vec<String>), PastMaximum> {
    let (issued, now) = (rounded(issued), rounded(now));
    let mut warnings = Vec::new();
    let limits = [mount.max_ttl, terms.max_ttl, terms.explicit_max_ttl];
    let max = limits.into_iter().filter(|limit| !limit.is_zero()).min().unwrap_or(mount.max_ttl);
    let (mut ttl, end) = if terms.period.is_zero() {
        let ttl =
            [terms.increment, terms.ttl].into_iter().find(|ttl| !ttl.is_zero()).unwrap_or(mount.default_ttl);
        (ttl, Some(issued + max))
    } else {
        if terms.period > max {
            warnings.push(format!(
                "period of {:?} exceeded the effective max_ttl of {:?}; period value is capped accordingly",
                short_duration(terms.period),
                short_duration(max)
            ));
        }
        let end = (!terms.explicit_max_ttl.is_zero()).then(|| issued + terms.explicit_max_ttl);
        (terms.period.min(max), end)
    };
    if let Some(end) = end {
        let left = end - now;
        if left.is_negative() {
            return Err(PastMaximum);
        }
        let left = Duration::from_secs(left.whole_seconds().unsigned_abs());
        if ttl > left {
            warnings.push(format!(
                "TTL of {:?} exceeded the effective max_ttl of {:?}; TTL value is capped accordingly",
                short_duration(ttl),
                short_duration(left)
            ));
            ttl = left;
        }
    }
    Ok((ttl, warnings))
}

/// To the nearest second, so that what was granted a moment ago can be granted again in full.
fn rounded(moment: OffsetDateTime) -> OffsetDateTime {
    let half = Duration::from_millis(500);
    (moment + half).replace_nanosecond(0).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const HOUR: Duration = Duration::from_secs(3600);
    const NOW: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

    fn mount() -> MountView {
        MountView { default_ttl: 768 * HOUR, max_ttl: 768 * HOUR, ..MountView::default() }
    }

    #[test]
    fn limits_cap_with_a_warning() {
        let terms = Terms { ttl: HOUR, explicit_max_ttl: HOUR / 2, ..Terms::default() };
        assert_eq!(
            calculate(&mount(), &terms, NOW, NOW),
            Ok((HOUR / 2, vec!["TTL of \"1h\" exceeded the effective max_ttl of \"30m\"; TTL value is capped accordingly".into()]))
        );
        let terms = Terms { period: 90_000 * HOUR, ..Terms::default() };
        assert_eq!(
            calculate(&mount(), &terms, NOW, NOW),
            Ok((768 * HOUR, vec!["period of \"90000h\" exceeded the effective max_ttl of \"768h\"; period value is capped accordingly".into()]))
        );
    }

    #[test]
    fn a_periodic_one_lives_on_and_another_does_not() {
        let later = NOW + 700 * HOUR;
        let periodic = Terms { period: 24 * HOUR, increment: HOUR, ..Terms::default() };
        assert_eq!(calculate(&mount(), &periodic, NOW, later), Ok((24 * HOUR, vec![])));
        let plain = Terms { ttl: 100 * HOUR, ..Terms::default() };
        assert_eq!(calculate(&mount(), &plain, NOW, later).map(|(ttl, _)| ttl), Ok(68 * HOUR));
        assert_eq!(calculate(&mount(), &plain, NOW, NOW + 769 * HOUR), Err(PastMaximum));
    }
}
