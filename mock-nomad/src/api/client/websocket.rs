//! The part of WebSocket (RFC 6455) that remote execution needs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What RFC 6455 adds to a client's key.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The longest message that is taken.
const LONGEST: usize = 4 << 20;

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Message {
    Data(Vec<u8>),
    Ping(Vec<u8>),
    /// The end, with its code and reason.
    Close(u16, String),
}

/// What is answered to the client's key.
pub(in super::super) fn accept(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{MAGIC}").as_bytes()))
}

/// A message of text.
pub(in super::super) fn text(payload: &str) -> Vec<u8> {
    frame(1, payload.as_bytes())
}

/// A message of text as clients send it: masked, here by zeros.
pub(in super::super) fn masked(payload: &str) -> Vec<u8> {
    let mut frame = frame(1, b"");
    let length = payload.len() as u64;
    frame[1] = 0x80 | 127;
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(payload.as_bytes());
    frame
}

/// The answer to a ping.
pub(super) fn pong(payload: &[u8]) -> Vec<u8> {
    frame(10, payload)
}

/// The end, with its code and reason.
pub(in super::super) fn close(code: u16, reason: &str) -> Vec<u8> {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend(reason.bytes().take(120));
    frame(8, &payload)
}

/// The next whole message of a client; `None`: the connection ended, or what came is no WebSocket.
pub(in super::super) async fn read(io: &mut (impl AsyncRead + Unpin)) -> Option<Message> {
    message(io, true).await
}

/// The next whole message of a server.
pub(in super::super) async fn read_unmasked(io: &mut (impl AsyncRead + Unpin)) -> Option<Message> {
    message(io, false).await
}

async fn message(io: &mut (impl AsyncRead + Unpin), is_from_client: bool) -> Option<Message> {
    let mut whole = Vec::new();
    loop {
        let [first, second] = [io.read_u8().await.ok()?, io.read_u8().await.ok()?];
        let length = match second & 0x7f {
            126 => usize::from(io.read_u16().await.ok()?),
            127 => usize::try_from(io.read_u64().await.ok()?).ok()?,
            short => usize::from(short),
        };
        let is_masked = second & 0x80 != 0;
        if is_masked != is_from_client || whole.len().saturating_add(length) > LONGEST {
            return None;
        }
        let mut mask = [0; 4];
        if is_masked {
            io.read_exact(&mut mask).await.ok()?;
        }
        let mut payload = vec![0; length];
        io.read_exact(&mut payload).await.ok()?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        match first & 0x0f {
            8 => return Some(closed(&payload)),
            9 => return Some(Message::Ping(payload)),
            10 => continue,
            0..=2 => whole.extend(payload),
            _ => return None,
        }
        if first & 0x80 != 0 {
            return Some(Message::Data(whole));
        }
    }
}

fn closed(payload: &[u8]) -> Message {
    let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
    Message::Close(code, String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned())
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | kind];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if length < 126 => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_handshake_of_the_standard() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(text("Hello"), [0x81, 5, b'H', b'e', b'l', b'l', b'o']);
        assert_eq!(close(1000, ""), [0x88, 2, 3, 0xe8]);
        assert_eq!(text(&"x".repeat(300))[..4], [0x81, 126, 1, 44]);
    }

    #[tokio::test]
    async fn masked_messages_are_read() {
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(read(&mut &hello[..]).await, Some(Message::Data(b"Hello".to_vec())));
        let unmasked = [0x81, 0x05, b'H', b'e', b'l', b'l', b'o'];
        assert_eq!(read(&mut &unmasked[..]).await, None);
        assert_eq!(read_unmasked(&mut &unmasked[..]).await, Some(Message::Data(b"Hello".to_vec())));
        assert_eq!(read(&mut &masked("Hello")[..]).await, Some(Message::Data(b"Hello".to_vec())));
        let end = Message::Close(1011, "gone".into());
        assert_eq!(read_unmasked(&mut &close(1011, "gone")[..]).await, Some(end));
        assert_eq!(read(&mut &[0x81, 0xff, 0xff, 0xff][..]).await, None);
    }
}
