//! Powers modulo an odd number, by Montgomery's method: numbers are kept multiplied by 2^(64 N), so that no division is
//! needed.

use super::numbers::add_product;

/// A number below some modulus, in Montgomery's form where [`Modulus`] takes and gives it.
pub(super) type Number<const N: usize> = [u64; N];

/// How many bits of an exponent are taken at once.
const WINDOW: usize = 4;

/// An odd number to calculate by, with its highest bit set.
pub(super) struct Modulus<const N: usize> {
    modulus: Number<N>,
    /// What makes the lowest limb of a number vanish: -1 / modulus, modulo 2^64.
    negated_inverse: u64,
    /// 1 in Montgomery's form.
    one: Number<N>,
}

impl<const N: usize> Modulus<N> {
    pub(super) fn new(modulus: Number<N>) -> Self {
        // Newton's iteration: every round doubles the number of right bits, and one is right at first.
        let double =
            |inverse: u64, _| inverse.wrapping_mul(2u64.wrapping_sub(modulus[0].wrapping_mul(inverse)));
        let inverse = (0..6).fold(1, double);
        // With the highest bit set, 2^(64 N) is less than two moduli.
        let one = less(&[0; N], &modulus).0;
        Self { modulus, negated_inverse: inverse.wrapping_neg(), one }
    }

    pub(super) fn one(&self) -> &Number<N> {
        &self.one
    }

    /// The modulus less 1, in Montgomery's form.
    pub(super) fn minus_one(&self) -> Number<N> {
        less(&self.modulus, &self.one).0
    }

    /// A number below the modulus in Montgomery's form.
    pub(super) fn enter(&self, number: &Number<N>) -> Number<N> {
        (0..64 * N).fold(*number, |number, _| self.double(&number))
    }

    /// Back from Montgomery's form.
    pub(super) fn leave(&self, number: &Number<N>) -> Number<N> {
        let mut wide = [[0; N]; 2];
        wide[0] = *number;
        self.reduce(wide)
    }

    pub(super) fn double(&self, number: &Number<N>) -> Number<N> {
        let mut doubled = [0; N];
        let mut carry = 0;
        for (doubled, limb) in doubled.iter_mut().zip(number) {
            *doubled = limb << 1 | carry;
            carry = limb >> 63;
        }
        self.below(doubled, carry)
    }

    pub(super) fn square(&self, number: &Number<N>) -> Number<N> {
        let mut wide = [[0; N]; 2];
        let limbs = wide.as_flattened_mut();
        // Products of two different limbs come twice.
        for at in 0..N - 1 {
            limbs[at + N] = add_product(&mut limbs[2 * at + 1..at + N], &number[at + 1..], number[at]);
        }
        let (mut shifted, mut carry) = (0, 0);
        for (pair, limb) in limbs.chunks_exact_mut(2).zip(number) {
            let square = u128::from(*limb) * u128::from(*limb);
            let twice = [pair[0] << 1 | shifted, pair[1] << 1 | pair[0] >> 63];
            shifted = pair[1] >> 63;
            let low = u128::from(twice[0]) + u128::from(square as u64) + u128::from(carry);
            let high = u128::from(twice[1]) + (square >> 64) + (low >> 64);
            pair.copy_from_slice(&[low as u64, high as u64]);
            carry = (high >> 64) as u64;
        }
        self.reduce(wide)
    }

    pub(super) fn multiply(&self, one: &Number<N>, other: &Number<N>) -> Number<N> {
        let mut wide = [[0; N]; 2];
        let limbs = wide.as_flattened_mut();
        for (at, factor) in other.iter().enumerate() {
            limbs[at + N] = add_product(&mut limbs[at..at + N], one, *factor);
        }
        self.reduce(wide)
    }

    /// A power of a number.
    pub(super) fn power(&self, base: &Number<N>, exponent: &Number<N>) -> Number<N> {
        let mut powers = [self.one; 1 << WINDOW];
        for at in 1..powers.len() {
            powers[at] = self.multiply(&powers[at - 1], base);
        }
        let windows = exponent.iter().rev().flat_map(|limb| {
            (0..64 / WINDOW).rev().map(move |at| (limb >> (at * WINDOW)) as usize % (1 << WINDOW))
        });
        windows.fold(self.one, |power, window| {
            let power = (0..WINDOW).fold(power, |power, _| self.square(&power));
            if window == 0 { power } else { self.multiply(&power, &powers[window]) }
        })
    }

    /// A power of 2, for which doubling is enough.
    pub(super) fn power_of_two(&self, exponent: &Number<N>) -> Number<N> {
        let bits = exponent.iter().rev().flat_map(|limb| (0..64).rev().map(move |at| limb >> at & 1));
        bits.fold(self.one, |power, bit| {
            let power = self.square(&power);
            if bit == 1 { self.double(&power) } else { power }
        })
    }

    /// Divides by 2^(64 N).
    fn reduce(&self, mut wide: [Number<N>; 2]) -> Number<N> {
        let limbs = wide.as_flattened_mut();
        let mut carry = false;
        for at in 0..N {
            let factor = limbs[at].wrapping_mul(self.negated_inverse);
            let over = add_product(&mut limbs[at..at + N], &self.modulus, factor);
            let (sum, first) = limbs[at + N].overflowing_add(over);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            limbs[at + N] = sum;
            carry = first || second;
        }
        self.below(wide[1], u64::from(carry))
    }

    /// Takes the modulus off a number that is less than two of it.
    fn below(&self, number: Number<N>, carry: u64) -> Number<N> {
        let (reduced, is_less) = less(&number, &self.modulus);
        if carry == 0 && is_less { number } else { reduced }
    }
}

/// A difference, modulo 2^(64 N), and whether it is below zero.
fn less<const N: usize>(number: &Number<N>, other: &Number<N>) -> (Number<N>, bool) {
    let mut difference = [0; N];
    let mut borrow = false;
    for (difference, (limb, other)) in difference.iter_mut().zip(number.iter().zip(other)) {
        let (first, one) = limb.overflowing_sub(*other);
        let (second, two) = first.overflowing_sub(u64::from(borrow));
        *difference = second;
        borrow = one || two;
    }
    (difference, borrow)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2^128 - 159, the greatest prime of 128 bits.
    const PRIME: u128 = u128::MAX - 158;

    fn split(number: u128) -> Number<2> {
        [number as u64, (number >> 64) as u64]
    }

    fn joined(number: Number<2>) -> u128 {
        u128::from(number[1]) << 64 | u128::from(number[0])
    }

    /// Multiplication by adding, which cannot be wrong in the same way.
    fn slow(one: u128, other: u128) -> u128 {
        let add = |a: u128, b: u128| {
            let (sum, over) = a.overflowing_add(b);
            if over || sum >= PRIME { sum.wrapping_sub(PRIME) } else { sum }
        };
        (0..128).rev().fold(0, |sum, at| {
            let sum = add(sum, sum);
            if other >> at & 1 == 1 { add(sum, one) } else { sum }
        })
    }

    #[test]
    fn products_are_those_of_repeated_addition() {
        let modulus = Modulus::new(split(PRIME));
        let numbers =
            [1, 2, 3, PRIME - 1, PRIME / 2, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210, u128::from(u64::MAX)];
        for one in numbers {
            let entered = modulus.enter(&split(one));
            assert_eq!(joined(modulus.leave(&entered)), one);
            assert_eq!(joined(modulus.leave(&modulus.square(&entered))), slow(one, one), "{one}");
            for other in numbers {
                let product = modulus.multiply(&entered, &modulus.enter(&split(other)));
                assert_eq!(joined(modulus.leave(&product)), slow(one, other), "{one} {other}");
            }
        }
    }

    #[test]
    fn powers_to_one_less_than_a_prime_are_one() {
        let modulus = Modulus::new(split(PRIME));
        let exponent = split(PRIME - 1);
        for base in [2, 3, PRIME - 2, PRIME / 3] {
            assert_eq!(modulus.power(&modulus.enter(&split(base)), &exponent), *modulus.one(), "{base}");
        }
        assert_eq!(modulus.power_of_two(&exponent), *modulus.one());
        let two = modulus.enter(&split(2));
        assert_eq!(modulus.power_of_two(&split(1_000_003)), modulus.power(&two, &split(1_000_003)));
        assert_eq!(modulus.enter(&split(PRIME - 1)), modulus.minus_one());
    }
}
