//! Shamir's secret sharing over GF(2^8) with the AES polynomial.

use std::collections::BTreeSet;

/// Why shares do not go together. Displays as the real server says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CombineError {
    /// Fewer than two shares.
    #[error("less than two parts cannot be used to reconstruct the secret")]
    TooFew,
    /// A share of a single byte, or of none.
    #[error("parts must be at least two bytes")]
    TooShort,
    /// Shares of different lengths.
    #[error("all parts must be the same length")]
    Lengths,
    /// Two shares of the same point.
    #[error("duplicate part detected")]
    Duplicate,
}

/// Splits `secret` into `shares` parts of which any `threshold` give it back. A part is a value for each byte of the
/// secret, and the point they were taken at.
pub(crate) fn split(
    secret: &[u8],
    shares: u8,
    threshold: u8,
    mut random: impl FnMut(&mut [u8]),
) -> Vec<Vec<u8>> {
    let points = distinct_points(shares, &mut random);
    let mut parts: Vec<Vec<u8>> = points.iter().map(|_| Vec::with_capacity(secret.len() + 1)).collect();
    let mut coefficients = vec![0; usize::from(threshold)];
    for &byte in secret {
        random(&mut coefficients[1..]);
        coefficients[0] = byte;
        for (part, &point) in parts.iter_mut().zip(&points) {
            part.push(evaluate(&coefficients, point));
        }
    }
    for (part, point) in parts.iter_mut().zip(points) {
        part.push(point);
    }
    parts
}

/// Gives the secret back from enough of its parts; too few, or parts of other secrets, give other bytes.
pub(crate) fn combine(parts: &[Vec<u8>]) -> Result<Vec<u8>, CombineError> {
    let [first, _, ..] = parts else { return Err(CombineError::TooFew) };
    if first.len() < 2 {
        return Err(CombineError::TooShort);
    }
    if parts.iter().any(|part| part.len() != first.len()) {
        return Err(CombineError::Lengths);
    }
    let last = first.len() - 1;
    let points: Vec<u8> = parts.iter().map(|part| part[last]).collect();
    if points.iter().collect::<BTreeSet<_>>().len() < points.len() {
        return Err(CombineError::Duplicate);
    }
    Ok((0..last).map(|at| interpolate_at_zero(&points, parts.iter().map(|part| part[at]))).collect())
}

fn distinct_points(count: u8, random: &mut impl FnMut(&mut [u8])) -> Vec<u8> {
    let mut points: Vec<u8> = (1..=255).collect();
    for at in 0..usize::from(count) {
        let mut draw = [0; 4];
        random(&mut draw);
        let left = points.len() - at;
        points.swap(at, at + u32::from_be_bytes(draw) as usize % left);
    }
    points.truncate(usize::from(count));
    points
}

fn evaluate(coefficients: &[u8], point: u8) -> u8 {
    coefficients.iter().rev().fold(0, |sum, &coefficient| multiply(sum, point) ^ coefficient)
}

fn interpolate_at_zero(points: &[u8], values: impl Iterator<Item = u8>) -> u8 {
    let weight =
        |at: usize| {
            points.iter().enumerate().filter(|(other, _)| *other != at).fold(1, |product, (_, &point)| {
                multiply(product, multiply(point, inverse(point ^ points[at])))
            })
        };
    values.enumerate().fold(0, |sum, (at, value)| sum ^ multiply(value, weight(at)))
}

fn multiply(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a = (a << 1) ^ if a & 0x80 == 0 { 0 } else { 0x1b };
        b >>= 1;
    }
    product
}

/// The 254th power, which is the inverse of everything but zero.
fn inverse(a: u8) -> u8 {
    let mut result = 1;
    for _ in 0..254 {
        result = multiply(result, a);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_world::Entropy;

    #[test]
    fn any_threshold_of_shares_gives_the_secret_back() {
        let entropy = Entropy::seeded(7);
        let secret: [u8; 32] = entropy.bytes();
        let parts = split(&secret, 5, 3, |buffer| entropy.fill(buffer));
        assert!(parts.iter().all(|part| part.len() == 33));
        for (a, b, c) in [(0, 1, 2), (4, 2, 0), (1, 3, 4)] {
            let chosen = [parts[a].clone(), parts[b].clone(), parts[c].clone()];
            assert_eq!(combine(&chosen).expect("three parts"), secret);
        }
        assert_ne!(combine(&parts[..2]).expect("two parts give something"), secret);
    }

    #[test]
    fn shares_that_cannot_go_together_say_why() {
        let part = vec![1, 2, 3];
        assert_eq!(combine(&[part.clone(), part.clone()]), Err(CombineError::Duplicate));
        assert_eq!(combine(std::slice::from_ref(&part)), Err(CombineError::TooFew));
        assert_eq!(combine(&[part, vec![1, 2]]), Err(CombineError::Lengths));
    }

    #[test]
    fn the_field_is_that_of_aes() {
        assert_eq!(multiply(0x53, 0xca), 1);
        assert_eq!(inverse(0x53), 0xca);
    }
}
