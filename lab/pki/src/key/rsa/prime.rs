//! Random primes.

use std::sync::OnceLock;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;

use super::montgomery::{Modulus, Number};
use super::numbers::{add_small, remainder};

/// Multiples of primes below this are sieved out. More would cost more than the tests that it saves.
const SIEVED: usize = 1 << 14;
/// How many odd numbers are looked at from a random one on: next to always there is a prime of 2048 bits among them.
const SPAN: usize = 1 << 12;
/// How often a number is tested with random bases: with random candidates of this size a composite number gets through
/// less often than once in 2^112.
const ROUNDS: usize = 5;

/// A random prime with its two highest bits set, and such that `exponent`, a prime, does not divide what is one less.
///
/// Errors: the system has no random numbers.
pub(super) fn random<const N: usize>(exponent: u64) -> Result<Number<N>, Unspecified> {
    loop {
        let mut start = draw()?;
        start[0] |= 1;
        start[N - 1] |= 0b11 << 62;
        for at in survivors(&start) {
            let mut candidate = start;
            add_small(&mut candidate, 2 * at);
            // It is below the start where the sum had no room.
            let whole = candidate[N - 1] >> 62 == 0b11;
            if whole && remainder(&candidate, exponent) != 1 && is_prime(&candidate)? {
                return Ok(candidate);
            }
        }
    }
}

/// Which of the odd numbers from `start` on have no small prime in them.
fn survivors(start: &[u64]) -> impl Iterator<Item = u64> {
    let mut composite = vec![false; SPAN];
    for &prime in small_primes() {
        // Half of the way to the next multiple, or of that to the one after it: every step is two.
        let way = (prime - remainder(start, prime)) % prime;
        let first = if way.is_multiple_of(2) { way / 2 } else { (way + prime) / 2 };
        for at in (first as usize..SPAN).step_by(prime as usize) {
            composite[at] = true;
        }
    }
    composite.into_iter().zip(0..).filter(|(composite, _)| !composite).map(|(_, at)| at)
}

/// The odd primes below [`SIEVED`].
fn small_primes() -> &'static [u64] {
    static PRIMES: OnceLock<Vec<u64>> = OnceLock::new();
    PRIMES.get_or_init(|| {
        let mut composite = vec![false; SIEVED];
        let mut primes = Vec::new();
        for number in (3..SIEVED).step_by(2) {
            if !composite[number] {
                primes.push(number as u64);
                (number * number..SIEVED).step_by(2 * number).for_each(|multiple| composite[multiple] = true);
            }
        }
        primes
    })
}

/// Miller and Rabin's test: with 2, which next to no composite number passes, and then with random bases.
fn is_prime<const N: usize>(candidate: &Number<N>) -> Result<bool, Unspecified> {
    let modulus = Modulus::new(*candidate);
    let mut odd = *candidate;
    odd[0] -= 1;
    let halvings = halve_to_odd(&mut odd);
    let passes = |power: Number<N>| {
        let minus_one = modulus.minus_one();
        let squares = std::iter::successors(Some(power), |power| Some(modulus.square(power)));
        power == *modulus.one() || squares.take(halvings).any(|power| power == minus_one)
    };
    if !passes(modulus.power_of_two(&odd)) {
        return Ok(false);
    }
    for _ in 0..ROUNDS {
        // Any number with a smaller highest bit is below the candidate, and stands for some base in Montgomery's form.
        let mut base: Number<N> = draw()?;
        base[N - 1] >>= 1;
        if !passes(modulus.power(&base, &odd)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Divides by 2 as often as that goes; tells how often.
fn halve_to_odd(number: &mut [u64]) -> usize {
    let mut halvings = 0;
    while number[0] & 1 == 0 {
        let mut carry = 0;
        for limb in number.iter_mut().rev() {
            (*limb, carry) = (*limb >> 1 | carry, *limb << 63);
        }
        halvings += 1;
    }
    halvings
}

fn draw<const N: usize>() -> Result<Number<N>, Unspecified> {
    let mut number = [[0u8; 8]; N];
    rand::fill(number.as_flattened_mut())?;
    Ok(number.map(u64::from_le_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(number: u128) -> Number<2> {
        [number as u64, (number >> 64) as u64]
    }

    #[test]
    fn primes_pass_and_composites_do_not() {
        for (below, expected) in [(158, true), (172, true), (156, false), (160, false), (170, false)] {
            assert_eq!(is_prime(&split(u128::MAX - below)), Ok(expected), "2^128 - {}", below + 1);
        }
        // A product of two primes, and a square.
        let (one, other) = (u128::from(u64::MAX - 58), u128::from(u64::MAX - 82));
        assert_eq!(is_prime(&split(one * other)), Ok(false));
        assert_eq!(is_prime(&split(one * one)), Ok(false));
    }

    #[test]
    fn the_sieve_leaves_what_no_small_prime_divides() {
        let start = [1_000_000_007, 0, 3];
        let left: Vec<u64> = survivors(&start).collect();
        for at in 0..SPAN as u64 {
            let mut number = start;
            add_small(&mut number, 2 * at);
            let divided = small_primes().iter().any(|&prime| remainder(&number, prime) == 0);
            assert_eq!(left.contains(&at), !divided, "{at}");
        }
    }

    #[test]
    fn small_primes_are_all_there() {
        assert_eq!(small_primes()[..6], [3, 5, 7, 11, 13, 17]);
        assert_eq!(small_primes().len(), 1899);
    }

    #[test]
    fn random_primes_have_their_highest_bits() {
        let prime: Number<4> = random(65_537).expect("random numbers");
        assert_eq!(prime[3] >> 62, 0b11);
        assert_ne!(remainder(&prime, 65_537), 1);
        assert_eq!(is_prime(&prime), Ok(true));
    }
}
