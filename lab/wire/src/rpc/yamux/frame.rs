//! Frames: 12 bytes of header in big endian, then data where the type says so.

use bytes::{BufMut, Bytes, BytesMut};

/// How long a header is, in bytes.
pub(super) const HEADER: usize = 12;
/// What a stream may send before the receiver allows more, in bytes.
pub(super) const WINDOW: u32 = 256 * 1024;

pub(super) const SYN: u16 = 1;
pub(super) const ACK: u16 = 2;
pub(super) const FIN: u16 = 4;
pub(super) const RST: u16 = 8;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    WindowUpdate,
    Ping,
    GoAway,
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) flags: u16,
    /// 0 for the session itself; odd for the dialler's streams, even for the acceptor's.
    pub(super) stream: u32,
    /// Bytes of data, or of more window, or a ping's number, or why the other goes away.
    pub(super) length: u32,
}

/// A header that means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadHeader {
    Version(u8),
    Kind(u8),
}

impl Header {
    pub(super) fn new(kind: Kind, flags: u16, stream: u32, length: u32) -> Self {
        Self { kind, flags, stream, length }
    }

    pub(super) fn parse(bytes: &[u8; HEADER]) -> Result<Self, BadHeader> {
        let [version, kind, f0, f1, s0, s1, s2, s3, l0, l1, l2, l3] = *bytes;
        if version != 0 {
            return Err(BadHeader::Version(version));
        }
        let kind = match kind {
            0 => Kind::Data,
            1 => Kind::WindowUpdate,
            2 => Kind::Ping,
            3 => Kind::GoAway,
            other => return Err(BadHeader::Kind(other)),
        };
        let flags = u16::from_be_bytes([f0, f1]);
        let (stream, length) = (u32::from_be_bytes([s0, s1, s2, s3]), u32::from_be_bytes([l0, l1, l2, l3]));
        Ok(Self { kind, flags, stream, length })
    }

    pub(super) fn put(self, out: &mut BytesMut) {
        out.put_u8(0);
        out.put_u8(match self.kind {
            Kind::Data => 0,
            Kind::WindowUpdate => 1,
            Kind::Ping => 2,
            Kind::GoAway => 3,
        });
        out.put_u16(self.flags);
        out.put_u32(self.stream);
        out.put_u32(self.length);
    }

    pub(super) fn has(self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

/// A frame with its data.
pub(super) fn put_data(out: &mut BytesMut, flags: u16, stream: u32, data: &Bytes) {
    // The caller cuts data to the window, which fits 32 bits.
    Header::new(Kind::Data, flags, stream, data.len() as u32).put(out);
    out.put_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_twelve_bytes_in_big_endian() {
        let header = Header::new(Kind::WindowUpdate, SYN | ACK, 3, 0x0102_0304);
        let mut out = BytesMut::new();
        header.put(&mut out);
        assert_eq!(&out[..], [0, 1, 0, 3, 0, 0, 0, 3, 1, 2, 3, 4]);
        let bytes: [u8; HEADER] = out[..].try_into().expect("twelve bytes");
        assert_eq!(Header::parse(&bytes), Ok(header));
    }

    #[test]
    fn unknown_versions_and_kinds_are_refused() {
        assert_eq!(Header::parse(&[7; HEADER]), Err(BadHeader::Version(7)));
        assert_eq!(Header::parse(&[0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Err(BadHeader::Kind(9)));
    }
}
