//! New RSA keys.
//!
//! The library makes them too, but takes three times as long: a server that issues RSA certificates does little else.

mod montgomery;
mod numbers;
mod prime;

use aws_lc_rs::error::Unspecified;

use self::montgomery::Modulus;
use self::numbers::{add_product, add_small, bytes, product, quotient, remainder};

/// The public exponent; a prime.
const EXPONENT: u64 = 65_537;

/// A new key as PKCS #1 in DER, whose modulus has twice `N` limbs of 64 bits.
///
/// Errors: the system has no random numbers.
pub(super) fn generate<const N: usize>() -> Result<Vec<u8>, Unspecified> {
    let one = prime::random::<N>(EXPONENT)?;
    let other = prime::random::<N>(EXPONENT)?;
    // The greater comes first, so that the other is a number modulo it.
    let (p, q) = if one.iter().rev().gt(other.iter().rev()) { (one, other) } else { (other, one) };
    let less_one = |prime: &[u64; N]| {
        let mut number = *prime;
        number[0] -= 1;
        number
    };
    let (p1, q1) = (less_one(&p), less_one(&q));
    let modulus = Modulus::new(p);
    // The inverse of a number is its power to two less than the prime.
    let mut exponent = p1;
    exponent[0] -= 1;
    let coefficient = modulus.leave(&modulus.power(&modulus.enter(&q), &exponent));
    let numbers = [
        product(&p, &q),
        vec![EXPONENT],
        inverse_of_exponent(&product(&p1, &q1)),
        p.to_vec(),
        q.to_vec(),
        inverse_of_exponent(&p1),
        inverse_of_exponent(&q1),
        coefficient.to_vec(),
    ];
    Ok(yasna::construct_der(|w| {
        w.write_sequence(|w| {
            w.next().write_u8(0);
            numbers.iter().for_each(|number| w.next().write_bigint_bytes(&bytes(number), true));
        });
    }))
}

/// What gives 1 when it is multiplied by [`EXPONENT`], modulo a number that this prime does not divide.
fn inverse_of_exponent(modulus: &[u64]) -> Vec<u64> {
    // One more than a multiple of the modulus has to be a multiple of the exponent.
    let rest = remainder(modulus, EXPONENT);
    let inverse = (0..EXPONENT - 2).fold(1, |power, _| power * rest % EXPONENT);
    let mut sum = vec![0; modulus.len() + 1];
    sum[modulus.len()] = add_product(&mut sum[..modulus.len()], modulus, EXPONENT - inverse);
    add_small(&mut sum, 1);
    quotient(&sum, EXPONENT)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{KeyPair, RsaKeyPair};

    use super::*;
    use crate::key::rsa_bits;

    #[test]
    fn the_library_takes_new_keys() {
        // It checks how the numbers of a key hang together.
        for _ in 0..3 {
            let key = RsaKeyPair::from_der(&generate::<16>().expect("random numbers")).expect("a good key");
            assert_eq!(rsa_bits(key.public_key().as_ref()), Some(2048));
        }
    }

    #[test]
    fn inverses() {
        for modulus in [u64::MAX - 58, 1_000_000_008, 0x1234_5678_9abc_def0] {
            let inverse = inverse_of_exponent(&[modulus]);
            assert_eq!(u128::from(inverse[0]) * u128::from(EXPONENT) % u128::from(modulus), 1, "{modulus}");
        }
    }
}
