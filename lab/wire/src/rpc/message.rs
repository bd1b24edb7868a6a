//! One msgpack value after another on a stream.

use std::io::{self, Cursor};

use bytes::{Buf, BytesMut};
use rmpv::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest value that is read, in bytes.
pub const MAX_MESSAGE: usize = 64 << 20;
/// How deep values may be nested.
const MAX_DEPTH: usize = 128;
const CHUNK: usize = 8 * 1024;

/// Why no value could be read; displays in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The stream ended before a value began.
    #[error("EOF")]
    Eof,
    /// The stream ended inside a value.
    #[error("unexpected EOF")]
    UnexpectedEof,
    /// What was read is not msgpack.
    #[error("msgpack decode error [pos {position}]: {problem}")]
    Malformed {
        /// Bytes into the value.
        position: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// The value is longer than [`MAX_MESSAGE`].
    #[error("msgpack decode error: value longer than {MAX_MESSAGE} bytes")]
    TooLong,
    /// The connection failed, in Go's words.
    #[error("{0}")]
    Connection(String),
}

impl MessageError {
    /// What an I/O error of a stream means to who reads from it.
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Eof,
            _ => Self::Connection(crate::tls::go_text(error)),
        }
    }
}

/// Reads values from a stream, keeping what comes behind one for the next.
#[derive(Debug, Default)]
pub struct MessageReader {
    buffer: BytesMut,
}

impl MessageReader {
    /// The next `length` bytes as they are, which a value before them announced.
    pub async fn bytes(
        &mut self,
        io: &mut (impl AsyncRead + Unpin + ?Sized),
        length: usize,
    ) -> Result<Vec<u8>, MessageError> {
        if length > MAX_MESSAGE {
            return Err(MessageError::TooLong);
        }
        while self.buffer.len() < length {
            self.buffer.reserve(CHUNK);
            match io.read_buf(&mut self.buffer).await {
                Ok(0) => return Err(MessageError::UnexpectedEof),
                Ok(_) => {}
                Err(error) => return Err(MessageError::of(&error)),
            }
        }
        Ok(self.buffer.split_to(length).to_vec())
    }

    /// The next byte as it is. Nothing is lost when this is cancelled.
    pub async fn byte(&mut self, io: &mut (impl AsyncRead + Unpin + ?Sized)) -> Result<u8, MessageError> {
        let byte = self.bytes(io, 1).await.map_err(|error| match error {
            MessageError::UnexpectedEof => MessageError::Eof,
            error => error,
        })?;
        Ok(byte[0])
    }

    /// The next value. Nothing is lost when this is cancelled.
    pub async fn next(&mut self, io: &mut (impl AsyncRead + Unpin + ?Sized)) -> Result<Value, MessageError> {
        let mut scan = Scan::default();
        loop {
            if scan.advance(&self.buffer)? {
                let length = scan.position;
                let value = rmpv::decode::read_value_with_max_depth(
                    &mut Cursor::new(&self.buffer[..length]),
                    MAX_DEPTH,
                );
                self.buffer.advance(length);
                return value.map_err(|_| malformed(length, "nested too deeply"));
            }
            if self.buffer.len() > MAX_MESSAGE || scan.position > MAX_MESSAGE {
                return Err(MessageError::TooLong);
            }
            self.buffer.reserve(CHUNK);
            match io.read_buf(&mut self.buffer).await {
                Ok(0) if self.buffer.is_empty() => return Err(MessageError::Eof),
                Ok(0) => return Err(MessageError::UnexpectedEof),
                Ok(_) => {}
                Err(error) => return Err(MessageError::of(&error)),
            }
        }
    }
}

/// The bytes of a value.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    // Writing into memory cannot fail.
    let _ = rmpv::encode::write_value(out, value);
}

/// Finds the end of a value without building it, so that a claimed length costs nothing until its bytes are there.
struct Scan {
    position: usize,
    /// How many values are still to come.
    open: u64,
}

impl Default for Scan {
    fn default() -> Self {
        Self { position: 0, open: 1 }
    }
}

impl Scan {
    /// Goes on over `bytes`, which begin where the value begins. Whether the value is whole.
    fn advance(&mut self, bytes: &[u8]) -> Result<bool, MessageError> {
        while self.open > 0 {
            if self.position > bytes.len() {
                return Ok(false);
            }
            let Some(item) = Item::at(bytes, self.position)? else { return Ok(false) };
            self.position = self.position.saturating_add(item.length);
            self.open = (self.open - 1).saturating_add(item.children);
            if self.open > MAX_MESSAGE as u64 || self.position > MAX_MESSAGE {
                return Err(MessageError::TooLong);
            }
        }
        Ok(self.position <= bytes.len())
    }
}

/// One piece of a value: how long it is itself, and how many values belong into it.
struct Item {
    length: usize,
    children: u64,
}

impl Item {
    fn at(bytes: &[u8], position: usize) -> Result<Option<Self>, MessageError> {
        let rest = &bytes[position..];
        let Some(&marker) = rest.first() else { return Ok(None) };
        let number = |width: usize| -> Option<usize> {
            let digits = rest.get(1..=width)?;
            Some(digits.iter().fold(0_usize, |number, digit| number << 8 | usize::from(*digit)))
        };
        let plain = |length: usize| Some(Self { length, children: 0 });
        let counted = |width: usize, extra: usize| {
            number(width).map(|n| Self { length: 1 + width + extra + n, children: 0 })
        };
        let nested = |width: usize, each: u64| {
            number(width).map(|n| Self { length: 1 + width, children: n as u64 * each })
        };
        Ok(match marker {
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => plain(1),
            0x80..=0x8f => Some(Self { length: 1, children: u64::from(marker & 0x0f) * 2 }),
            0x90..=0x9f => Some(Self { length: 1, children: u64::from(marker & 0x0f) }),
            0xa0..=0xbf => plain(1 + usize::from(marker & 0x1f)),
            0xc4 | 0xd9 => counted(1, 0),
            0xc5 | 0xda => counted(2, 0),
            0xc6 | 0xdb => counted(4, 0),
            0xc7 => counted(1, 1),
            0xc8 => counted(2, 1),
            0xc9 => counted(4, 1),
            0xcc | 0xd0 => plain(2),
            0xcd | 0xd1 => plain(3),
            0xce | 0xd2 | 0xca => plain(5),
            0xcf | 0xd3 | 0xcb => plain(9),
            0xd4..=0xd8 => plain(2 + (1 << (marker - 0xd4))),
            0xdc => nested(2, 1),
            0xdd => nested(4, 1),
            0xde => nested(2, 2),
            0xdf => nested(4, 2),
            0xc1 => return Err(malformed(position, "unrecognized descriptor byte: hex: c1")),
        })
    }
}

fn malformed(position: usize, problem: &'static str) -> MessageError {
    MessageError::Malformed { position, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Value {
        Value::Map(vec![
            ("Text".into(), "ünïcode".into()),
            ("Bytes".into(), Value::Binary(vec![0; 300])),
            (
                "List".into(),
                Value::Array(vec![1.into(), (-70_000).into(), Value::F64(1.5), Value::Nil, true.into()]),
            ),
            ("Time".into(), Value::Ext(-1, vec![0; 8])),
            ("Long".into(), "x".repeat(70_000).into()),
        ])
    }

    #[tokio::test]
    async fn values_come_whole_however_they_are_cut() {
        let mut bytes = Vec::new();
        encode(&sample(), &mut bytes);
        encode(&7.into(), &mut bytes);
        for cut in [1, 2, 3, 5, 301, 8191, bytes.len() - 1] {
            let (one, other) = bytes.split_at(cut);
            let mut io = AsyncReadExt::chain(one, other);
            let mut reader = MessageReader::default();
            assert_eq!(reader.next(&mut io).await, Ok(sample()), "cut at {cut}");
            assert_eq!(reader.bytes(&mut io, 1).await, Ok(vec![7]));
            assert_eq!(reader.next(&mut io).await, Err(MessageError::Eof));
        }
    }

    #[tokio::test]
    async fn a_value_cut_anywhere_is_an_unexpected_end() {
        let mut bytes = Vec::new();
        encode(&sample(), &mut bytes);
        for end in (1..bytes.len()).step_by(97) {
            let read = MessageReader::default().next(&mut &bytes[..end]).await;
            assert_eq!(read, Err(MessageError::UnexpectedEof), "{end}");
        }
    }

    #[tokio::test]
    async fn claims_of_great_length_cost_nothing() {
        for bytes in [
            &[0xdd, 0xff, 0xff, 0xff, 0xff][..],
            &[0xdb, 0xff, 0xff, 0xff, 0xff],
            &[0xdf, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(MessageReader::default().next(&mut &bytes[..]).await, Err(MessageError::TooLong));
        }
        let deep = vec![0x91; 100_000];
        assert_eq!(MessageReader::default().next(&mut &deep[..]).await, Err(MessageError::UnexpectedEof));
        let mut deep = vec![0x91; 5_000];
        deep.push(0);
        let error = MessageReader::default().next(&mut &deep[..]).await.expect_err("too deep");
        assert_eq!(error, malformed(5_001, "nested too deeply"));
        let error = MessageReader::default().next(&mut &[0xc1][..]).await.expect_err("no such byte");
        assert_eq!(error.to_string(), "msgpack decode error [pos 0]: unrecognized descriptor byte: hex: c1");
    }
}
