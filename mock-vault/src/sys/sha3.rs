//! SHA-3, which the cryptographic library of the lab does not have: FIPS 202.

/// How many bytes the state has.
const STATE: usize = 200;
const ROUNDS: usize = 24;

/// The SHA-3 hash of some bytes with this many bytes: 28, 32, 48 or 64.
pub(super) fn sha3(input: &[u8], length: usize) -> Vec<u8> {
    let rate = STATE - 2 * length;
    let mut state = [0_u64; 25];
    let mut blocks = input.chunks_exact(rate);
    for block in &mut blocks {
        absorb(&mut state, block);
    }
    let rest = blocks.remainder();
    let mut last = vec![0; rate];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] |= 0x06;
    last[rate - 1] |= 0x80;
    absorb(&mut state, &last);
    state.iter().flat_map(|lane| lane.to_le_bytes()).take(length).collect()
}

fn absorb(state: &mut [u64; 25], block: &[u8]) {
    for (lane, bytes) in state.iter_mut().zip(block.chunks_exact(8)) {
        *lane ^= bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
    }
    permute(state);
}

/// The permutation, with its round constants and rotations drawn as the standard defines them.
fn permute(lanes: &mut [u64; 25]) {
    let mut register = 1_u8;
    for _ in 0..ROUNDS {
        let column = |lanes: &[u64; 25], x: usize| (0..5).fold(0, |sum, y| sum ^ lanes[x + 5 * y]);
        let sums: [u64; 5] = std::array::from_fn(|x| column(lanes, x));
        for (at, lane) in lanes.iter_mut().enumerate() {
            *lane ^= sums[(at + 4) % 5] ^ sums[(at % 5 + 1) % 5].rotate_left(1);
        }
        let (mut x, mut y, mut moved) = (1, 0, lanes[1]);
        for step in 0..24_u32 {
            (x, y) = (y, (2 * x + 3 * y) % 5);
            let turned = moved.rotate_left((step + 1) * (step + 2) / 2 % 64);
            moved = std::mem::replace(&mut lanes[x + 5 * y], turned);
        }
        for row in lanes.chunks_exact_mut(5) {
            let before: [u64; 5] = std::array::from_fn(|x| row[x]);
            for (x, lane) in row.iter_mut().enumerate() {
                *lane = before[x] ^ (!before[(x + 1) % 5] & before[(x + 2) % 5]);
            }
        }
        for power in 0..7 {
            let bit = u64::from(register & 1);
            lanes[0] ^= bit << ((1_u32 << power) - 1);
            register = (register << 1) ^ ((register >> 7) * 0x71);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        for (length, hash) in [
            (28, "6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7"),
            (32, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"),
        ] {
            assert_eq!(hex::encode(sha3(b"", length)), hash);
        }
        assert_eq!(
            hex::encode(sha3(b"abc", 32)),
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"
        );
        let long = hex::encode(sha3(&[0xa3; 200], 64));
        assert!(long.starts_with("e76dfad22084a8b1"), "{long}");
    }
}
