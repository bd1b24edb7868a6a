//! Randomness as a tree of named branches.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
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
        Self(Source::System(Arc::default()))
    }

    fn from_seed(seed: [u8; 32]) -> Self {
        Self(Source::Seeded { seed, generator: Arc::new(Mutex::new(ChaCha12Rng::from_seed(seed))) })
    }

    /// The branch called `name`. The same name gives a generator that starts at the same place again, whatever was
    /// drawn before: give each user a name of its own.
    pub fn branch(&self, name: &str) -> Self {
        match &self.0 {
            Source::System(stock) => Self(Source::System(Arc::clone(stock))),
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
            // Nothing of ours can panic while the stock is held, and it is good whatever happened.
            Source::System(stock) => stock.lock().unwrap_or_else(PoisonError::into_inner).take(buffer),
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
        scale(&self.bytes::<8>(), end)
    }

    /// A duration in `range`, with nanosecond steps.
    pub fn duration(&self, range: Range<Duration>) -> Duration {
        let width = range.end.saturating_sub(range.start).as_nanos().min(u128::from(u64::MAX)) as u64;
        range.start + Duration::from_nanos(self.below(width))
    }

    /// A random UUID in its usual form; the lab's ids have no version bits, as Nomad's and Vault's have none.
    pub fn uuid(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(36);
        for (at, byte) in self.bytes::<16>().into_iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.extend([byte >> 4, byte & 0xf].map(|digit| char::from(DIGITS[usize::from(digit)])));
        }
        text
    }

    /// `length` letters and digits, each equally likely.
    pub fn alphanumeric(&self, length: usize) -> String {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut drawn = vec![0; length * 8];
        self.fill(&mut drawn);
        let letter = |bytes: &[u8]| LETTERS[scale(bytes, 62) as usize] as char;
        drawn.chunks_exact(8).map(letter).collect()
    }

    /// Puts `items` in a random order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// Eight random bytes as a whole number below `end`.
fn scale(bytes: &[u8], end: u64) -> u64 {
    let drawn = bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    ((u128::from(drawn) * u128::from(end)) >> 64) as u64
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_seeded() { "Entropy(seeded)" } else { "Entropy(system)" })
    }
}

#[derive(Clone)]
enum Source {
    System(Arc<Mutex<Stock>>),
    Seeded { seed: [u8; 32], generator: Arc<Mutex<ChaCha12Rng>> },
}

/// Bytes that were asked of the operating system together, since each asking is a system call. What is handed out is wiped.
struct Stock {
    bytes: [u8; 512],
    /// How many at the beginning were handed out.
    used: usize,
}

impl Default for Stock {
    fn default() -> Self {
        Self { bytes: [0; 512], used: 512 }
    }
}

impl Stock {
    fn take(&mut self, buffer: &mut [u8]) {
        if buffer.len() > self.bytes.len() {
            return fill_from_system(buffer);
        }
        if buffer.len() > self.bytes.len() - self.used {
            fill_from_system(&mut self.bytes);
            self.used = 0;
        }
        let taken = &mut self.bytes[self.used..self.used + buffer.len()];
        buffer.copy_from_slice(taken);
        taken.fill(0);
        self.used += buffer.len();
    }
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
    fn no_byte_of_the_systems_is_handed_out_twice() {
        let entropy = Entropy::system();
        let clone = entropy.branch("other");
        let drawn: std::collections::BTreeSet<[u8; 16]> =
            (0..200).map(|at| if at % 2 == 0 { entropy.bytes() } else { clone.bytes() }).collect();
        assert_eq!(drawn.len(), 200);
        for length in [0, 1, 511, 512, 513, 4096] {
            let mut buffer = vec![0; length];
            entropy.fill(&mut buffer);
            assert!(length < 100 || buffer.iter().any(|byte| *byte != 0), "{length}");
        }
        let uuid = entropy.uuid();
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{uuid}");
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
