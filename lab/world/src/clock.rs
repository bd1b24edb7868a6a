//! The only place where time is read.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::Instant;

/// A source of time that can be slept on; clones share it.
///
/// Simulated: an epoch plus tokio's paused clock. Served: the system's clock. Both have an offset, which
/// [`Clock::advance`] moves; sleepers wake at once when it moves past them.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    offset: Arc<watch::Sender<Duration>>,
}

impl Clock {
    /// A clock that shows `epoch` at this instant of tokio's clock and follows it from there.
    ///
    /// Must be called inside a tokio runtime; under a paused one time passes only when nothing else can run.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn simulated(epoch: OffsetDateTime) -> Self {
        Self::new(Source::Simulated { epoch, start: Instant::now() })
    }

    /// The system's clock.
    pub fn system() -> Self {
        Self::new(Source::System)
    }

    fn new(source: Source) -> Self {
        Self { source, offset: Arc::new(watch::Sender::new(Duration::ZERO)) }
    }

    /// The present, in UTC.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> OffsetDateTime {
        let base = match self.source {
            Source::Simulated { epoch, start } => epoch + start.elapsed(),
            Source::System => OffsetDateTime::now_utc(),
        };
        match *self.offset.borrow() {
            Duration::ZERO => base,
            offset => base + offset,
        }
    }

    /// Whether it shows a simulation's time rather than the system's.
    pub fn is_simulated(&self) -> bool {
        matches!(self.source, Source::Simulated { .. })
    }

    /// Whole seconds since 1970 at the present.
    pub fn unix(&self) -> i64 {
        self.now().unix_timestamp()
    }

    /// Waits until the clock shows `deadline`; returns at once when it already does.
    pub async fn sleep_until(&self, deadline: OffsetDateTime) {
        let mut moved = self.offset.subscribe();
        loop {
            moved.borrow_and_update();
            let left = deadline - self.now();
            if !left.is_positive() {
                return;
            }
            // A deadline centuries away must not overflow the timer; the loop comes round again.
            let left = left.unsigned_abs().min(Duration::from_secs(365 * 86_400));
            tokio::select! {
                biased;
                // The sender lives in `self`, so this cannot fail while we borrow it.
                _ = moved.changed() => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// Waits for `duration` of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + duration).await;
    }

    /// Runs `work` for at most `limit` of this clock's time; `None` when it did not finish.
    pub async fn timeout<F: Future>(&self, limit: Duration, work: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = work => Some(output),
            () = self.sleep(limit) => None,
        }
    }

    /// Moves the clock forward by `step` without waiting: what `lab clock +23h` does to served programs.
    pub fn advance(&self, step: Duration) {
        self.offset.send_modify(|offset| *offset += step);
    }

    /// A clock that follows this one's source from its present reading but is moved on its own: a node with a
    /// clock of its own.
    pub fn fork(&self) -> Self {
        Self { source: self.source, offset: Arc::new(watch::Sender::new(*self.offset.borrow())) }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", format_rfc3339(self.now()))
    }
}

#[derive(Clone, Copy)]
enum Source {
    Simulated { epoch: OffsetDateTime, start: Instant },
    System,
}

/// `2026-11-22T03:31:54Z`: RFC 3339 with whole seconds, as Go's `time.RFC3339` writes it.
pub fn format_rfc3339(moment: OffsetDateTime) -> String {
    let Some(mut text) = seconds(moment) else { return OUT_OF_RANGE.to_owned() };
    text.push('Z');
    text
}

/// `2026-11-22T03:31:54.25Z`: RFC 3339 with the fraction's trailing zeros cut, as Go's `time.RFC3339Nano` writes it.
pub fn format_rfc3339_nano(moment: OffsetDateTime) -> String {
    let Some(mut text) = seconds(moment) else { return OUT_OF_RANGE.to_owned() };
    let nanos = moment.nanosecond();
    if nanos != 0 {
        text.push('.');
        digits(&mut text, nanos, 9);
        text.truncate(text.trim_end_matches('0').len());
    }
    text.push('Z');
    text
}

/// What is written for a year that RFC 3339 has no digits for.
const OUT_OF_RANGE: &str = "out of range";

/// `2026-11-22T03:31:54`, in UTC. Most answers have some of these, so no description of the format is gone through.
fn seconds(moment: OffsetDateTime) -> Option<String> {
    let moment = moment.checked_to_offset(time::UtcOffset::UTC)?;
    let year = u32::try_from(moment.year()).ok().filter(|year| *year <= 9999)?;
    let mut text = String::with_capacity("2026-11-22T03:31:54.123456789Z".len());
    digits(&mut text, year, 4);
    for (before, number) in [
        ('-', u8::from(moment.month())),
        ('-', moment.day()),
        ('T', moment.hour()),
        (':', moment.minute()),
        (':', moment.second()),
    ] {
        text.push(before);
        digits(&mut text, u32::from(number), 2);
    }
    Some(text)
}

/// Writes a number with at least `width` digits, at most nine.
fn digits(text: &mut String, number: u32, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10u32.pow(place) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

/// A text that is not a duration; displays as Go says it: `time: invalid duration "abc"`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseDurationError {
    /// Nothing that could be a number, a lone dot, or an empty text.
    #[error("time: invalid duration {0:?}")]
    Invalid(String),
    /// A number without a unit behind it.
    #[error("time: missing unit in duration {0:?}")]
    MissingUnit(String),
    /// A unit that is not one of ns, us, ms, s, m, h.
    #[error("time: unknown unit {unit:?} in duration {text:?}")]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The whole text.
        text: String,
    },
}

/// Reads a duration as Go's `time.ParseDuration` does: `24h`, `1h30m`, `1.5s`, `250ms`. Negative ones are refused.
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    let invalid = || ParseDurationError::Invalid(text.to_owned());
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let count = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let whole = count(rest);
        let digits = rest[whole..].strip_prefix('.').map_or(whole, |fraction| whole + 1 + count(fraction));
        let number: f64 = rest[..digits].parse().map_err(|_| invalid())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let (unit, after) = rest.split_at(letters);
        let seconds = match unit {
            "" => return Err(ParseDurationError::MissingUnit(text.to_owned())),
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            unit => {
                return Err(ParseDurationError::UnknownUnit { unit: unit.to_owned(), text: text.to_owned() });
            }
        };
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| invalid())?;
        total = total.checked_add(part).ok_or_else(invalid)?;
        rest = after;
    }
    // Go's durations are 64-bit nanoseconds.
    if total.as_nanos() > i64::MAX as u128 { Err(invalid()) } else { Ok(total) }
}

/// Writes a duration as Go's `Duration.String` does: `24h0m0s`, `1m30s`, `250ms`, `0s`.
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let fraction = |value: u128, unit: u128, name: &str| {
        let digits = format!("{:0width$}", value % unit, width = unit.ilog10() as usize);
        let digits = digits.trim_end_matches('0');
        if unit == 1 || digits.is_empty() {
            format!("{}{name}", value / unit)
        } else {
            format!("{}.{digits}{name}", value / unit)
        }
    };
    match nanos {
        ..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => fraction(nanos, 1_000, "µs"),
        1_000_000..1_000_000_000 => fraction(nanos, 1_000_000, "ms"),
        _ => {
            let seconds = fraction(nanos % 60_000_000_000, 1_000_000_000, "s");
            let minutes = nanos / 60_000_000_000;
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const EPOCH: OffsetDateTime = datetime!(2026-11-22 03:00 UTC);

    #[tokio::test(start_paused = true)]
    async fn simulated_time_jumps_to_the_next_timer() {
        let clock = Clock::simulated(EPOCH);
        clock.sleep(Duration::from_secs(86_400)).await;
        assert_eq!(clock.now(), EPOCH + Duration::from_secs(86_400));
    }

    #[tokio::test(start_paused = true)]
    async fn moving_the_clock_wakes_a_sleeper() {
        let clock = Clock::simulated(EPOCH);
        let hour = Duration::from_secs(3600);
        tokio::join!(clock.sleep(hour), async { clock.advance(hour) });
        assert_eq!(clock.now(), EPOCH + hour);
    }

    #[tokio::test(start_paused = true)]
    async fn a_forked_clock_moves_on_its_own() {
        let clock = Clock::simulated(EPOCH);
        let fast = clock.fork();
        fast.advance(Duration::from_secs(60));
        assert_eq!(clock.now(), EPOCH);
        assert_eq!(fast.now(), EPOCH + Duration::from_secs(60));
    }

    #[test]
    fn durations_read_and_write_as_go_does() {
        for (text, written) in [
            ("24h", "24h0m0s"),
            ("87600h", "87600h0m0s"),
            ("1h30m", "1h30m0s"),
            ("90s", "1m30s"),
            ("1.5s", "1.5s"),
            ("250ms", "250ms"),
            ("10us", "10µs"),
            ("0", "0s"),
            ("2m0.25s", "2m0.25s"),
        ] {
            assert_eq!(format_duration(parse_duration(text).expect(text)), written, "{text}");
        }
        for (text, message) in [
            ("", "time: invalid duration \"\""),
            ("abc", "time: invalid duration \"abc\""),
            ("3", "time: missing unit in duration \"3\""),
            (".", "time: invalid duration \".\""),
            ("3x", "time: unknown unit \"x\" in duration \"3x\""),
            ("99999999999999h", "time: invalid duration \"99999999999999h\""),
        ] {
            assert_eq!(parse_duration(text).expect_err(text).to_string(), message);
        }
    }

    #[test]
    fn moments_are_written_as_go_writes_them() {
        let moment = datetime!(2026-11-22 03:31:54.250 UTC);
        assert_eq!(format_rfc3339(moment), "2026-11-22T03:31:54Z");
        assert_eq!(format_rfc3339_nano(moment), "2026-11-22T03:31:54.25Z");
        assert_eq!(format_rfc3339_nano(EPOCH), "2026-11-22T03:00:00Z");
    }
}
