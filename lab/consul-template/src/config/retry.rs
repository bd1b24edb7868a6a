//! How often and how fast something is tried again.

use std::time::Duration;

use super::decode::Decoder;

/// `retry { }`: exponential backoff with a limit of attempts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retry {
    enabled: bool,
    attempts: i64,
    backoff: Duration,
    max_backoff: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            enabled: true,
            attempts: 12,
            backoff: Duration::from_millis(250),
            max_backoff: Duration::from_secs(60),
        }
    }
}

impl Retry {
    pub(super) fn decode(&mut self, block: &mut Decoder<'_, '_>) {
        if let Some(enabled) = block.bool("enabled") {
            self.enabled = enabled;
        }
        if let Some(attempts) = block.integer("attempts", "Attempts") {
            self.attempts = attempts;
        }
        if let Some(backoff) = block.duration_shown("backoff", "Backoff") {
            self.backoff = backoff;
        }
        if let Some(longest) = block.duration("max_backoff") {
            self.max_backoff = longest;
        }
    }

    /// How long it is tried before it is given up; `None`: without end.
    pub(super) fn gives_up_after(&self) -> Option<Duration> {
        if self.enabled && self.attempts <= 0 {
            return None;
        }
        Some((0..).map_while(|failures| self.pause(failures)).sum())
    }

    /// How long to wait after `failures` failures before this one; `None` when it has been tried often enough. No
    /// attempts (0) means without end.
    pub(crate) fn pause(&self, failures: u32) -> Option<Duration> {
        if !self.enabled || self.attempts > 0 && i64::from(failures) > self.attempts - 1 {
            return None;
        }
        if !self.max_backoff.is_zero() {
            let steps = (self.max_backoff.as_secs_f64() / self.backoff.as_secs_f64()).log2();
            if f64::from(failures) > steps.trunc() {
                return Some(self.max_backoff);
            }
        }
        Some(self.backoff.saturating_mul(2_u32.saturating_pow(failures)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_backs_off_to_a_minute_and_gives_up_after_twelve() {
        let retry = Retry::default();
        let pauses: Vec<u128> =
            (0..20).map_while(|n| retry.pause(n)).map(|pause| pause.as_millis()).collect();
        assert_eq!(
            pauses,
            [250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]
        );
    }
}
