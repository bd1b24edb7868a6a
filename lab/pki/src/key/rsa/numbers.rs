//! Whole numbers as limbs of 64 bits, the least significant first.

/// What is left of a number after division by a small one below 2^32.
pub(super) fn remainder(number: &[u64], divisor: u64) -> u64 {
    number.iter().rev().fold(0, |rest, limb| {
        let high = (rest << 32 | limb >> 32) % divisor;
        (high << 32 | limb & 0xffff_ffff) % divisor
    })
}

/// A number divided by a small one; what is left is dropped.
pub(super) fn quotient(number: &[u64], divisor: u64) -> Vec<u64> {
    let mut digits = number.to_vec();
    let mut rest = 0u128;
    for limb in digits.iter_mut().rev() {
        let dividend = rest << 64 | u128::from(*limb);
        *limb = (dividend / u128::from(divisor)) as u64;
        rest = dividend % u128::from(divisor);
    }
    digits
}

/// The product of two numbers.
pub(super) fn product(one: &[u64], other: &[u64]) -> Vec<u64> {
    let mut digits = vec![0; one.len() + other.len()];
    for (at, factor) in other.iter().enumerate() {
        let carry = add_product(&mut digits[at..], one, *factor);
        digits[at + one.len()] = carry;
    }
    digits
}

/// Adds `one` times `factor` to as many limbs of `sum`; gives what is carried over.
#[inline]
pub(super) fn add_product(sum: &mut [u64], one: &[u64], factor: u64) -> u64 {
    let mut carry = 0;
    for (sum, limb) in sum.iter_mut().zip(one) {
        let whole = u128::from(*limb) * u128::from(factor) + u128::from(*sum) + u128::from(carry);
        *sum = whole as u64;
        carry = (whole >> 64) as u64;
    }
    carry
}

/// Adds a small number; whoever calls leaves room for it.
pub(super) fn add_small(number: &mut [u64], small: u64) {
    let mut carry = small;
    for limb in number {
        let (sum, over) = limb.overflowing_add(carry);
        *limb = sum;
        carry = u64::from(over);
    }
}

/// The bytes of a number, the most significant first.
pub(super) fn bytes(number: &[u64]) -> Vec<u8> {
    number.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_undoes_multiplication() {
        let number = [0xdead_beef_0123_4567, u64::MAX, 7];
        let mut larger = product(&number, &[65_537]);
        add_small(&mut larger, 42);
        assert_eq!(remainder(&larger, 65_537), 42);
        assert_eq!(quotient(&larger, 65_537), [&number[..], &[0]].concat());
        assert_eq!(bytes(&[1, 2]), [0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn carries_go_all_the_way() {
        assert_eq!(product(&[u64::MAX, u64::MAX], &[u64::MAX]), [1, u64::MAX, u64::MAX - 1]);
        let mut number = [u64::MAX, u64::MAX, 1];
        add_small(&mut number, 1);
        assert_eq!(number, [0, 0, 2]);
    }
}
