//! Where new keys come from.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lab_world::{Entropy, Host};

use super::reserve::Reserve;
use super::{KeyKind, KeyPair, pool};
use crate::Error;

/// A source of new keys; clones share it.
#[derive(Clone)]
pub struct KeySource(Source);

#[derive(Clone)]
enum Source {
    Generated,
    Reserve(Reserve),
    Simulated { order: Arc<Vec<usize>>, next: Arc<AtomicUsize> },
}

impl KeySource {
    /// Makes each key when it is asked for.
    pub fn generated() -> Self {
        Self(Source::Generated)
    }

    /// The same, with `size` RSA-2048 keys made ahead on a thread of their own: for servers that run for long.
    pub fn with_reserve(size: usize) -> Self {
        Self(Source::Reserve(Reserve::new(size)))
    }

    /// Draws RSA-2048 keys from the embedded pool, in an order that `entropy` decides; other kinds are made.
    ///
    /// The pool is in the source of this program: its keys are public and worthless. So this needs a seeded entropy,
    /// which only a simulated world has; with the system's entropy every key is made. TLS refuses the pool's keys on
    /// streams that leave the process, whichever way they got there.
    pub fn simulated(entropy: &Entropy) -> Self {
        if !entropy.is_seeded() {
            return Self::generated();
        }
        let mut order: Vec<usize> = (0..pool::size()).collect();
        entropy.branch("key pool").shuffle(&mut order);
        Self(Source::Simulated { order: Arc::new(order), next: Arc::new(AtomicUsize::new(0)) })
    }

    /// The source that fits a host: the pool in a simulated world, a reserve on a host that others can reach.
    pub fn for_host(host: &Host) -> Self {
        if host.net.is_simulated() { Self::simulated(&host.entropy) } else { Self::with_reserve(16) }
    }

    /// Whether it may draw from the pool.
    pub fn is_simulated(&self) -> bool {
        matches!(self.0, Source::Simulated { .. })
    }

    /// Refuses the pool to a host that others can reach. Servers that make keys call this when they start.
    pub fn check_host(&self, host: &Host) -> Result<(), Error> {
        if self.is_simulated() && !host.net.is_simulated() {
            return Err(Error::PublicKeyOutsideSimulation);
        }
        Ok(())
    }

    /// A new key. From the pool each is another one until all were drawn, and then they come again.
    ///
    /// Errors: the system has no random numbers.
    pub fn key(&self, kind: KeyKind) -> Result<KeyPair, Error> {
        self.finished(kind).map_or_else(|| KeyPair::generate(kind), Ok)
    }

    /// A new key that is there at once; `None`: making it takes long, see [`KeySource::make`]. In a simulation nothing
    /// takes long, since its clock stands still meanwhile.
    ///
    /// Errors: the system has no random numbers.
    pub fn ready(&self, kind: KeyKind) -> Result<Option<KeyPair>, Error> {
        match self.finished(kind) {
            Some(key) => Ok(Some(key)),
            None if kind.algorithm() == "rsa" && !self.is_simulated() => Ok(None),
            None => KeyPair::generate(kind).map(Some),
        }
    }

    /// Makes a key on a thread of its own and hands it to `done`, which is dropped where no thread can be had.
    pub fn make(&self, kind: KeyKind, done: impl FnOnce(Result<KeyPair, Error>) + Send + 'static) {
        let work = move || done(KeyPair::generate(kind));
        // Without the thread `done` is dropped, which its owner sees.
        let _ = std::thread::Builder::new().name("make-key".to_owned()).spawn(work);
    }

    /// A key that was made before.
    fn finished(&self, kind: KeyKind) -> Option<KeyPair> {
        match &self.0 {
            Source::Reserve(reserve) if kind == KeyKind::Rsa2048 => reserve.take(),
            Source::Simulated { order, next } if kind == KeyKind::Rsa2048 => {
                let drawn = next.fetch_add(1, Ordering::Relaxed);
                order.get(drawn % order.len().max(1)).and_then(|&index| pool::key(index))
            }
            _ => None,
        }
    }
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Source::Generated => "KeySource(generated)",
            Source::Reserve(_) => "KeySource(reserve)",
            Source::Simulated { .. } => "KeySource(simulated)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(seed: u64) -> Vec<Vec<u8>> {
        let source = KeySource::simulated(&Entropy::seeded(seed));
        (0..8).map(|_| source.key(KeyKind::Rsa2048).expect("a key").public_key_der().to_vec()).collect()
    }

    #[test]
    fn a_seed_decides_which_keys_are_drawn() {
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        let distinct: std::collections::BTreeSet<_> = draws(1).into_iter().collect();
        assert_eq!(distinct.len(), 8);
    }

    #[test]
    fn nothing_that_others_can_reach_uses_the_pool() {
        let outside = KeySource::simulated(&Entropy::system());
        assert!(!outside.is_simulated());
        let host = Host::loopback("vault", "unused");
        assert!(!KeySource::for_host(&host).is_simulated());
        let smuggled = KeySource::simulated(&Entropy::seeded(1));
        assert_eq!(smuggled.check_host(&host), Err(Error::PublicKeyOutsideSimulation));
    }

    #[test]
    fn other_kinds_are_made_even_in_a_simulation() {
        let source = KeySource::simulated(&Entropy::seeded(1));
        for kind in [KeyKind::EcP256, KeyKind::EcP384, KeyKind::EcP521, KeyKind::Ed25519] {
            let (one, two) = (source.key(kind).expect("a key"), source.key(kind).expect("a key"));
            assert_eq!((one.kind(), two.kind()), (kind, kind));
            assert_ne!(one, two);
        }
    }
}
