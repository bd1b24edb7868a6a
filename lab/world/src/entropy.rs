//! Randomness as a tree of named branches.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use ring::rand::{SecureRandom, SystemRandom};

/// A source of random numbers; clones share it.
///
/// Seeded: every branch is a generator of its own, derived from its parent's seed and its name, so that a new draw in
/// one place disturbs no other. System: the operating system's generator, for everything that listens on a socket.
#[derive(Clone)]
pub struct Entropy(Source);

impl Entropy {
    /// The root of a seeded tree.
    pub fn seeded(seed: u64) -> Self {
        Self::from_seed(digest(&[b"lab entropy", &seed.to_be_bytes()]))
    }

    /// The operating system's generator; branches of it are the same.
    pub fn system() -> Self {
        Self(Source::System)
    }

    fn from_seed(seed: [u8; 32]) -> Self {
        Self(Source::Seeded { seed, generator: Arc::new(Mutex::new(ChaCha12Rng::from_seed(seed))) })
    }

    /// The branch called `name`. The same name gives a generator that starts at the same place again, whatever was
    /// drawn before: give each user a name of its own.
    pub fn branch(&self, name: &str) -> Self {
        match &self.0 {
            Source::System => Self::system(),
            Source::Seeded { seed, .. } => Self::from_seed(digest(&[seed, name.as_bytes()])),
        }
    }

    /// Whether the numbers come from a seed, and are therefore worthless as secrets.
    pub fn is_seeded(&self) -> bool {
        matches!(self.0, Source::Seeded { .. })
    }

    /// Fills `buffer`.
    pub fn fill(&self, buffer: &mut [u8]) {
        match &self.0 {
            Source::System => fill_from_system(buffer),
            // A poisoned lock means a panic inside the generator, which has no code of ours.
            Source::Seeded { generator, .. } => {
                generator.lock().expect("no panic while drawing").fill_bytes(buffer)
            }
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut buffer = [0; N];
        self.fill(&mut buffer);
        buffer
    }

    /// A whole number below `end` (0 when `end` is 0).
    pub fn below(&self, end: u64) -> u64 {
        let wide = u128::from(u64::from_be_bytes(self.bytes())) * u128::from(end);
        (wide >> 64) as u64
    }

    /// A duration in `range`, with nanosecond steps.
    pub fn duration(&self, range: Range<Duration>) -> Duration {
        let width = range.end.saturating_sub(range.start).as_nanos().min(u128::from(u64::MAX)) as u64;
        range.start + Duration::from_nanos(self.below(width))
    }

    /// A random UUID in its usual form; the lab's ids have no version bits, as Nomad's and Vault's have none.
    pub fn uuid(&self) -> String {
        let hex: String = self.bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// `length` letters and digits, each equally likely.
    pub fn alphanumeric(&self, length: usize) -> String {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..length).map(|_| LETTERS[self.below(62) as usize] as char).collect()
    }

    /// Puts `items` in a random order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_seeded() { "Entropy(seeded)" } else { "Entropy(system)" })
    }
}

#[derive(Clone)]
enum Source {
    System,
    Seeded { seed: [u8; 32], generator: Arc<Mutex<ChaCha12Rng>> },
}

/// Bytes from the operating system, for secrets that must not come from a seed.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    fill_from_system(&mut buffer);
    buffer
}

fn fill_from_system(buffer: &mut [u8]) {
    // The system's generator fails only where there is none; nothing can be served there.
    SystemRandom::new().fill(buffer).expect("the operating system gives random bytes");
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_in_one_branch_disturbs_no_other() {
        let quiet = Entropy::seeded(7);
        let busy = Entropy::seeded(7);
        busy.branch("other").uuid();
        busy.uuid();
        assert_eq!(quiet.branch("server-1").uuid(), busy.branch("server-1").uuid());
        assert_ne!(quiet.branch("server-1").uuid(), quiet.branch("server-2").uuid());
    }

    #[test]
    fn numbers_stay_below_their_end() {
        let entropy = Entropy::seeded(1);
        let drawn: Vec<u64> = (0..2_000).map(|_| entropy.below(3)).collect();
        assert!(drawn.iter().all(|number| *number < 3));
        assert!((0..3).all(|number| drawn.contains(&number)));
        assert_eq!(entropy.below(0), 0);
        let jitter = entropy.duration(Duration::from_secs(10)..Duration::from_secs(20));
        assert!((10..20).contains(&jitter.as_secs()));
    }

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<u32> = (0..50).collect();
        Entropy::seeded(3).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
