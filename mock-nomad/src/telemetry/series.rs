//! Sums of what was counted or measured.

use std::collections::VecDeque;

use time::{Duration, OffsetDateTime};

/// How long a series is remembered that nothing is added to.
const EXPIRY: Duration = Duration::seconds(60);
/// How old values may be that quantiles are taken of.
const RECENT: Duration = Duration::seconds(10);
/// How many of them are kept at most.
const MOST: usize = 500;

/// Everything of one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Aggregate {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    sum_of_squares: f64,
}

impl Aggregate {
    pub(super) fn add(&mut self, value: f64) {
        if self.count == 0 || value < self.min {
            self.min = value;
        }
        if self.count == 0 || value > self.max {
            self.max = value;
        }
        self.count += 1;
        self.sum += value;
        self.sum_of_squares += value * value;
    }

    #[expect(clippy::cast_precision_loss, reason = "nothing happens that often in ten seconds")]
    pub(crate) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }

    /// The deviation of what is taken for a part of everything; 0 of a single value.
    #[expect(clippy::cast_precision_loss, reason = "nothing happens that often in ten seconds")]
    pub(crate) fn deviation(&self) -> f64 {
        let count = self.count as f64;
        if self.count < 2 {
            return 0.0;
        }
        let spread = count * self.sum_of_squares - self.sum * self.sum;
        (spread.max(0.0) / (count * (count - 1.0))).sqrt()
    }

    /// How much of it there was a second.
    pub(crate) fn rate(&self) -> f64 {
        self.sum / 10.0
    }
}

/// Everything since the start.
#[derive(Clone, Debug)]
pub(crate) struct Total {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    recent: VecDeque<(OffsetDateTime, f64)>,
    heard: OffsetDateTime,
}

impl Default for Total {
    fn default() -> Self {
        Self { count: 0, sum: 0.0, recent: VecDeque::new(), heard: OffsetDateTime::UNIX_EPOCH }
    }
}

impl Total {
    pub(super) fn add(&mut self, now: OffsetDateTime, value: f64) {
        self.count += 1;
        self.sum += value;
        self.heard = now;
        while self.recent.len() >= MOST || self.recent.front().is_some_and(|(at, _)| now - *at > RECENT) {
            self.recent.pop_front();
        }
        self.recent.push_back((now, value));
    }

    pub(super) fn is_fresh(&self, now: OffsetDateTime) -> bool {
        now - self.heard <= EXPIRY
    }

    /// The value that this part of the last ones is not above; `None` where there are none.
    pub(super) fn quantile(&self, part: f64, now: OffsetDateTime) -> Option<f64> {
        let mut values: Vec<f64> =
            self.recent.iter().filter(|(at, _)| now - *at <= RECENT).map(|(_, value)| *value).collect();
        values.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place among few values"
        )]
        let place = (part * values.len() as f64).ceil() as usize;
        values.get(place.max(1) - 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_values_are_summed_up() {
        let mut aggregate = Aggregate::default();
        [2.0, 4.0, 9.0].into_iter().for_each(|value| aggregate.add(value));
        assert_eq!((aggregate.count, aggregate.min, aggregate.max), (3, 2.0, 9.0));
        assert_eq!((aggregate.mean(), aggregate.rate()), (5.0, 1.5));
        assert!((aggregate.deviation() - 13_f64.sqrt()).abs() < 1e-9, "{}", aggregate.deviation());
        let mut total = Total::default();
        let now = OffsetDateTime::UNIX_EPOCH;
        (1..=100).for_each(|value| total.add(now, f64::from(value)));
        assert_eq!(total.quantile(0.5, now), Some(50.0));
        assert_eq!(total.quantile(0.99, now), Some(99.0));
        assert_eq!(total.quantile(0.5, now + Duration::seconds(11)), None);
    }
}
