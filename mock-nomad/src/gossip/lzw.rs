//! What memberlist compresses with: LZW with the low bits first and words of eight bits, as Go's `compress/lzw` has it.

const CLEAR: usize = 256;
const END: usize = 257;
/// Codes have at most twelve bits.
const CODES: usize = 1 << 12;
const FIRST_WIDTH: u32 = 9;

/// The text that `packed` stands for, of at most `limit` bytes; `None` where it is none.
pub(super) fn decompress(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut bits = Bits { bytes: packed, buffer: 0, count: 0 };
    let mut table = Table::new();
    let mut out = Vec::new();
    loop {
        match bits.next(table.width)? {
            CLEAR => table = Table::new(),
            END => return Some(out),
            code => table.expand(code, &mut out)?,
        }
        if out.len() > limit {
            return None;
        }
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    buffer: u32,
    count: u32,
}

impl Bits<'_> {
    fn next(&mut self, width: u32) -> Option<usize> {
        while self.count < width {
            let (byte, rest) = self.bytes.split_first()?;
            self.buffer |= u32::from(*byte) << self.count;
            self.bytes = rest;
            self.count += 8;
        }
        let code = self.buffer & ((1 << width) - 1);
        self.buffer >>= width;
        self.count -= width;
        Some(code as usize)
    }
}

/// What the codes stand for: each one for that of an earlier code and a byte more.
struct Table {
    prefix: Vec<usize>,
    suffix: Vec<u8>,
    /// The code that is next given a meaning.
    next: usize,
    width: u32,
    last: Option<usize>,
}

impl Table {
    fn new() -> Self {
        Self { prefix: vec![0; CODES], suffix: vec![0; CODES], next: END, width: FIRST_WIDTH, last: None }
    }

    fn expand(&mut self, code: usize, out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        match self.last {
            // The code that is only just being given its meaning: what came last, and its first byte again.
            Some(last) if code == self.next => {
                self.write(last, out);
                out.push(out[start]);
            }
            _ if code < self.next && code != CLEAR && code != END => self.write(code, out),
            _ => return None,
        }
        if let Some(last) = self.last {
            self.prefix[self.next] = last;
            self.suffix[self.next] = out[start];
        }
        (self.last, self.next) = (Some(code), self.next + 1);
        if self.next >= 1 << self.width {
            if self.width == CODES.trailing_zeros() {
                // Full: nothing more is learnt.
                (self.last, self.next) = (None, self.next - 1);
            } else {
                self.width += 1;
            }
        }
        Some(())
    }

    fn write(&self, mut code: usize, out: &mut Vec<u8>) {
        let start = out.len();
        while code > END {
            out.push(self.suffix[code]);
            code = self.prefix[code];
        }
        out.push(code as u8);
        out[start..].reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes of nine bits, as long as there are few of them.
    fn packed(codes: &[usize]) -> Vec<u8> {
        let (mut out, mut buffer, mut count) = (Vec::new(), 0_u32, 0);
        for code in codes {
            buffer |= (*code as u32) << count;
            count += 9;
            while count >= 8 {
                out.push(buffer as u8);
                buffer >>= 8;
                count -= 8;
            }
        }
        out.push(buffer as u8);
        out
    }

    #[test]
    fn repetitions_come_back() {
        let codes = [CLEAR, b'a'.into(), b'b'.into(), 258, 260, END];
        assert_eq!(decompress(&packed(&codes), 100).as_deref(), Some(&b"abababa"[..]));
        assert_eq!(decompress(&packed(&codes), 4), None, "longer than allowed");
    }

    #[test]
    fn garbage_is_refused() {
        assert_eq!(decompress(&packed(&[CLEAR, 300, END]), 100), None);
        assert_eq!(decompress(&packed(&[CLEAR, b'a'.into()]), 100), None, "no end");
        assert_eq!(decompress(&[], 100), None);
        for seed in 0..200_u32 {
            let noise: Vec<u8> =
                (0..4_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) ^ seed).to_be_bytes()[1]).collect();
            decompress(&noise, 1 << 20);
        }
    }
}
