//! How long consensus waits.

use std::time::Duration;

use lab_world::Entropy;

/// The times of consensus.
///
/// On sockets they are those of the real program. In a simulated world a leader is heard every second and a half, not
/// seven times a second, so that an idle hour costs little, and a lost leader is noticed after two to four seconds, not
/// after one to two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    /// How long a follower waits for its leader; each wait is between this and twice this.
    pub(super) heartbeat_timeout: Duration,
    /// How long a candidate waits for votes; each wait is between this and twice this.
    pub(super) election_timeout: Duration,
    /// How long a leader leads without hearing from a quorum.
    pub(super) lease: Duration,
    /// How often a leader is heard.
    pub(super) heartbeat: Duration,
    /// How long a peer may take to answer.
    pub(super) answer: Duration,
}

impl Timing {
    pub(super) fn new(simulated: bool, multiplier: u32) -> Self {
        let scale = multiplier.max(1);
        let milliseconds = |value: u64| Duration::from_millis(value) * scale;
        let answer = Duration::from_secs(10);
        if simulated {
            Self {
                heartbeat_timeout: milliseconds(2000),
                election_timeout: milliseconds(1000),
                lease: milliseconds(1900),
                heartbeat: milliseconds(1500),
                answer,
            }
        } else {
            Self {
                heartbeat_timeout: milliseconds(1000),
                election_timeout: milliseconds(1000),
                lease: milliseconds(500),
                heartbeat: milliseconds(150),
                answer,
            }
        }
    }

    /// How long a leader waits after the `failures`th failure in a row before it tries a peer again.
    pub(super) fn backoff(&self, failures: u32) -> Duration {
        let backoff = Duration::from_millis(10) * 2_u32.pow(failures.min(12));
        backoff.min(self.heartbeat_timeout / 2)
    }
}

/// Between `least` and twice that.
pub(super) fn stretched(least: Duration, entropy: &Entropy) -> Duration {
    entropy.duration(least..least * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multiplier_scales_and_backoff_is_bounded() {
        let timing = Timing::new(false, 5);
        assert_eq!(timing.heartbeat_timeout, Duration::from_secs(5));
        assert_eq!(timing.backoff(0), Duration::from_millis(10));
        assert_eq!(timing.backoff(40), Duration::from_millis(2500));
        assert!(Timing::new(true, 0).lease > Timing::new(true, 1).heartbeat);
    }
}
