//! A WebSocket's client end (RFC 6455): whole messages in, masked ones out.

use std::io;

use base64::Engine;
use lab_wire::Io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};

/// How long a message may be, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The headers that ask for a WebSocket.
pub(super) fn headers() -> [(&'static str, String); 4] {
    let key = base64::engine::general_purpose::STANDARD.encode(lab_world::random_bytes::<16>());
    [
        ("Connection", "Upgrade".to_owned()),
        ("Upgrade", "websocket".to_owned()),
        ("Sec-WebSocket-Version", "13".to_owned()),
        ("Sec-WebSocket-Key", key),
    ]
}

/// Both ends of the talk on a connection that has switched to it.
pub(super) fn talk<S: Io>(io: S) -> (Reader<S>, Writer<S>) {
    let (input, output) = split(io);
    (Reader { input }, Writer { output })
}

/// What comes in.
pub(super) struct Reader<S> {
    input: ReadHalf<S>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// What was said.
    Data(Vec<u8>),
    /// A ping, to be answered with the same.
    Ping(Vec<u8>),
    /// The end, with its reason.
    Close(String),
}

impl<S: Io> Reader<S> {
    /// The next message. It must be waited for to its end.
    pub(super) async fn next(&mut self) -> io::Result<Message> {
        let mut whole = Vec::new();
        loop {
            let (is_last, code, payload) = self.frame().await?;
            match code {
                CLOSE => {
                    let reason = payload.get(2..).unwrap_or_default();
                    return Ok(Message::Close(String::from_utf8_lossy(reason).into_owned()));
                }
                PING => return Ok(Message::Ping(payload)),
                PONG => {}
                _ => {
                    whole.extend_from_slice(&payload);
                    if is_last {
                        return Ok(Message::Data(whole));
                    }
                }
            }
        }
    }

    async fn frame(&mut self) -> io::Result<(bool, u8, Vec<u8>)> {
        let first = self.input.read_u8().await?;
        let length = match self.input.read_u8().await? & 0x7f {
            126 => u64::from(self.input.read_u16().await?),
            127 => self.input.read_u64().await?,
            short => u64::from(short),
        };
        if length > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "websocket: read limit exceeded"));
        }
        let mut payload = vec![0; usize::try_from(length).unwrap_or_default()];
        self.input.read_exact(&mut payload).await?;
        Ok((first & 0x80 != 0, first & 0x0f, payload))
    }
}

/// What goes out.
pub(super) struct Writer<S> {
    output: WriteHalf<S>,
}

impl<S: Io> Writer<S> {
    /// Says something.
    pub(super) async fn say(&mut self, text: &str) -> io::Result<()> {
        self.frame(TEXT, text.as_bytes()).await
    }

    /// Answers a ping.
    pub(super) async fn pong(&mut self, payload: &[u8]) -> io::Result<()> {
        self.frame(PONG, payload).await
    }

    /// Ends the talk in peace.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.frame(CLOSE, &1000_u16.to_be_bytes()).await
    }

    async fn frame(&mut self, code: u8, payload: &[u8]) -> io::Result<()> {
        let mask = lab_world::random_bytes::<4>();
        let mut frame = vec![0x80 | code];
        match payload.len() {
            short @ ..=125 => frame.push(0x80 | short as u8),
            medium @ 126..=0xffff => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(medium as u16).to_be_bytes());
            }
            long => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.output.write_all(&frame).await?;
        self.output.flush().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_are_masked_and_read_whole() {
        let (near, mut far) = tokio::io::duplex(1 << 20);
        let (mut reader, mut writer) = talk(near);
        writer.say("hello").await.expect("room");
        let mut frame = [0; 11];
        far.read_exact(&mut frame).await.expect("a frame");
        assert_eq!((frame[0], frame[1]), (0x81, 0x85));
        let unmasked: Vec<u8> =
            frame[6..].iter().zip(frame[2..6].iter().cycle()).map(|(b, m)| b ^ m).collect();
        assert_eq!(unmasked, b"hello");
        far.write_all(&[0x01, 2, b'a', b'b', 0x80, 1, b'c', 0x89, 0]).await.expect("room");
        assert_eq!(reader.next().await.expect("whole"), Message::Data(b"abc".to_vec()));
        assert_eq!(reader.next().await.expect("a ping"), Message::Ping(Vec::new()));
        far.write_all(&[0x88, 4, 3, 232, b'o', b'k']).await.expect("room");
        assert_eq!(reader.next().await.expect("an end"), Message::Close("ok".to_owned()));
    }
}
