//! What an agent counts and measures while it works, as `/v1/metrics` tells it: counters and samples of the last ten
//! seconds that are over, and everything since the start in Prometheus' form. Times are those of the agent's clock.

mod methods;
mod prometheus;
mod series;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lab_world::Clock;
use time::OffsetDateTime;

pub(crate) use self::methods::measured;
pub(crate) use self::prometheus::exposition;
pub(crate) use self::series::{Aggregate, Total};

/// How long one window is, in seconds.
const WINDOW: i64 = 10;

/// The name of a series, without the program's own in front, and what it is about.
pub(crate) type Series = (String, Labels);

/// What a series is about.
pub(crate) type Labels = BTreeMap<String, String>;

/// The figures of one agent.
#[derive(Debug)]
pub(crate) struct Telemetry {
    clock: Clock,
    /// The window in which the agent began.
    first: i64,
    figures: Mutex<Figures>,
}

#[derive(Debug, Default)]
struct Figures {
    /// The number of the present window since 1970.
    present: i64,
    window: Window,
    last: Window,
    counters: BTreeMap<Series, Total>,
    samples: BTreeMap<Series, Total>,
}

/// What was counted and measured in one window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    /// When it begins, in seconds since 1970.
    pub(crate) begin: i64,
    pub(crate) counters: BTreeMap<Series, Aggregate>,
    pub(crate) samples: BTreeMap<Series, Aggregate>,
}

impl Telemetry {
    /// Nothing counted yet.
    pub(crate) fn new(clock: &Clock) -> Self {
        let first = clock.unix().div_euclid(WINDOW);
        let window = Window { begin: first * WINDOW, ..Window::default() };
        let figures = Figures { present: first, window, ..Figures::default() };
        Self { clock: clock.clone(), first, figures: Mutex::new(figures) }
    }

    /// Counts one.
    pub(crate) fn count(&self, name: &str) {
        self.count_of(name, &[], 1.0);
    }

    /// Counts so many, of something.
    pub(crate) fn count_of(&self, name: &str, labels: &[(&str, &str)], many: f64) {
        let (series, now) = (series_of(name, labels), self.clock.now());
        let mut figures = self.figures();
        figures.window.counters.entry(series.clone()).or_default().add(many);
        figures.counters.entry(series).or_default().add(now, many);
    }

    /// Measures how long something took that began at `began`, in milliseconds.
    pub(crate) fn since(&self, name: &str, began: OffsetDateTime) {
        self.since_of(name, &[], began);
    }

    /// The same, of something.
    pub(crate) fn since_of(&self, name: &str, labels: &[(&str, &str)], began: OffsetDateTime) {
        let (series, now) = (series_of(name, labels), self.clock.now());
        let took = (now - began).as_seconds_f64().max(0.0) * 1000.0;
        let mut figures = self.figures();
        figures.window.samples.entry(series.clone()).or_default().add(took);
        figures.samples.entry(series).or_default().add(now, took);
    }

    /// The present moment, from which [`since`](Self::since) measures.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// The last window that is over; the present one while it is the agent's first.
    pub(crate) fn shown(&self) -> Window {
        let figures = self.figures();
        if figures.present == self.first { figures.window.clone() } else { figures.last.clone() }
    }

    /// All counters and all samples since the start, but for those of which nothing was heard for a minute.
    pub(crate) fn totals(&self) -> (BTreeMap<Series, Total>, BTreeMap<Series, Total>) {
        let now = self.clock.now();
        let mut figures = self.figures();
        figures.counters.retain(|_, total| total.is_fresh(now));
        figures.samples.retain(|_, total| total.is_fresh(now));
        (figures.counters.clone(), figures.samples.clone())
    }

    /// The figures with the window turned to the present one.
    fn figures(&self) -> MutexGuard<'_, Figures> {
        let present = self.clock.unix().div_euclid(WINDOW);
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        if figures.present != present {
            let next = Window { begin: present * WINDOW, ..Window::default() };
            let over = std::mem::replace(&mut figures.window, next);
            let before = (present - 1) * WINDOW;
            figures.last =
                if over.begin == before { over } else { Window { begin: before, ..Window::default() } };
            figures.present = present;
        }
        figures
    }
}

fn series_of(name: &str, labels: &[(&str, &str)]) -> Series {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    (format!("nomad.{name}"), labels.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_world::{DEFAULT_EPOCH, Simulation};
    use std::time::Duration;

    #[test]
    fn the_window_that_is_over_is_shown() {
        Simulation::run(1, DEFAULT_EPOCH, async |world| {
            let clock = world.host("vm").clock;
            let telemetry = Telemetry::new(&clock);
            telemetry.count("raft.apply");
            let sum = |window: &Window| window.counters.values().map(|one| one.sum).sum::<f64>();
            assert_eq!(sum(&telemetry.shown()), 1.0, "the first window is shown while it lasts");
            let left = WINDOW - clock.unix().rem_euclid(WINDOW);
            clock.sleep(Duration::from_secs(left.unsigned_abs())).await;
            telemetry.count_of("raft.apply", &[], 4.0);
            let began = telemetry.now();
            clock.sleep(Duration::from_millis(250)).await;
            telemetry.since("raft.commitTime", began);
            assert_eq!(sum(&telemetry.shown()), 1.0);
            clock.sleep(Duration::from_secs(10)).await;
            let shown = telemetry.shown();
            assert_eq!((sum(&shown), shown.samples.len()), (4.0, 1));
            let sample = shown.samples.values().next().expect("one");
            assert!((sample.sum - 250.0).abs() < 1.0 && sample.count == 1, "{sample:?}");
            clock.sleep(Duration::from_secs(20)).await;
            assert_eq!(sum(&telemetry.shown()), 0.0);
            let (counters, _) = telemetry.totals();
            assert_eq!(counters.values().map(|total| total.sum).collect::<Vec<_>>(), [5.0]);
            clock.sleep(Duration::from_secs(61)).await;
            assert!(telemetry.totals().0.is_empty(), "what nobody adds to is forgotten");
        });
    }
}
