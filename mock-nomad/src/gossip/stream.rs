//! What goes over a connection: one message each way, encrypted as a whole where there is a key.

use lab_wire::Io;
use lab_wire::rpc::{MessageError, MessageReader};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::keyring::Keyring;
use super::message::{COMPRESS, ENCRYPT, PUSH_PULL};
use super::packet::Compressed;
use super::{crypt, encoding};
use crate::octets;

/// The longest frame that is read, in bytes.
const LONGEST: u32 = 20 << 20;

/// What one server knows, for another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PushPull {
    /// Whether the sender only just came.
    pub(super) join: bool,
    pub(super) nodes: Vec<NodeState>,
    /// Serf's.
    pub(super) user_state: Vec<u8>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Header {
    nodes: usize,
    user_state_len: usize,
    join: bool,
}

/// A node as another one sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NodeState {
    pub(super) name: String,
    #[serde(with = "octets")]
    pub(super) addr: Vec<u8>,
    pub(super) port: u16,
    #[serde(with = "octets")]
    pub(super) meta: Vec<u8>,
    pub(super) incarnation: u32,
    /// 0 alive, 1 suspect, 2 dead, 3 left.
    pub(super) state: u8,
    #[serde(with = "octets")]
    pub(super) vsn: Vec<u8>,
}

impl PushPull {
    pub(super) fn encode(&self) -> Vec<u8> {
        let header =
            Header { nodes: self.nodes.len(), user_state_len: self.user_state.len(), join: self.join };
        let mut out = encoding::encode(PUSH_PULL, &header);
        self.nodes.iter().for_each(|node| encoding::append(node, &mut out));
        out.extend_from_slice(&self.user_state);
        out
    }
}

/// Why nothing was understood, in memberlist's words.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    #[error("{0}")]
    Io(String),
    #[error("{}", crypt::NO_KEY_FITS)]
    WrongKey,
    #[error("encryption is configured but remote state is not encrypted")]
    NotEncrypted,
    #[error("remote state is encrypted and encryption is not configured")]
    NoKey,
    #[error("remote node state is larger than limit ({0})")]
    TooLong(u32),
    #[error("{0}")]
    Malformed(String),
}

/// A message that comes in: its kind, and its body as far as it is read.
pub(super) struct Incoming<'io> {
    pub(super) kind: u8,
    body: Box<dyn AsyncRead + Send + Unpin + 'io>,
    reader: MessageReader,
}

/// Sends one message, which begins with its kind.
pub(super) async fn send(
    io: &mut (impl Io + ?Sized),
    keyring: &Keyring,
    message: Vec<u8>,
) -> Result<(), StreamError> {
    let frame = match keyring.primary() {
        None => message,
        Some(key) => {
            let length = u32::try_from(message.len() + crypt::GROWTH).unwrap_or(u32::MAX);
            let mut frame = vec![ENCRYPT];
            frame.extend_from_slice(&length.to_be_bytes());
            // The key was checked when it came into the keyring.
            let sealed = crypt::encrypt(&key, &frame, &message).unwrap_or_default();
            frame.extend_from_slice(&sealed);
            frame
        }
    };
    io.write_all(&frame).await.map_err(of_io)?;
    io.flush().await.map_err(of_io)
}

/// The next message.
pub(super) async fn receive<'io>(
    io: &'io mut (impl Io + ?Sized),
    keyring: &Keyring,
) -> Result<Incoming<'io>, StreamError> {
    let kind = io.read_u8().await.map_err(of_io)?;
    let is_encrypted = kind == ENCRYPT;
    match (is_encrypted, keyring.is_encrypted()) {
        (true, false) => return Err(StreamError::NoKey),
        (false, true) => return Err(StreamError::NotEncrypted),
        _ => {}
    }
    let mut incoming = if is_encrypted {
        Incoming::of(decrypted(io, keyring).await?)?
    } else {
        Incoming { kind, body: Box::new(io.take(LONGEST.into())), reader: MessageReader::default() }
    };
    if incoming.kind == COMPRESS {
        let packed: Compressed = incoming.next().await?;
        return Incoming::of(packed.open(LONGEST as usize).map_err(StreamError::Malformed)?);
    }
    Ok(incoming)
}

async fn decrypted(io: &mut (impl Io + ?Sized), keyring: &Keyring) -> Result<Vec<u8>, StreamError> {
    let length = io.read_u32().await.map_err(of_io)?;
    if length > LONGEST {
        return Err(StreamError::TooLong(length));
    }
    // A claimed length costs nothing until its bytes are there.
    let mut sealed = Vec::new();
    io.take(length.into()).read_to_end(&mut sealed).await.map_err(of_io)?;
    if sealed.len() < length as usize {
        return Err(StreamError::Io("unexpected EOF".into()));
    }
    let head = [&[ENCRYPT], &length.to_be_bytes()[..]].concat();
    crypt::decrypt(&keyring.keys(), &head, &sealed).ok_or(StreamError::WrongKey)
}

impl Incoming<'_> {
    fn of(message: Vec<u8>) -> Result<Self, StreamError> {
        let kind =
            *message.first().ok_or_else(|| StreamError::Malformed("missing message type byte".into()))?;
        let mut body = std::io::Cursor::new(message);
        body.set_position(1);
        Ok(Self { kind, body: Box::new(body), reader: MessageReader::default() })
    }

    /// The next value of the body.
    pub(super) async fn next<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, StreamError> {
        let value = self.reader.next(&mut self.body).await.map_err(of_message)?;
        encoding::typed(value).map_err(StreamError::Malformed)
    }

    /// The next `length` bytes.
    pub(super) async fn bytes(&mut self, length: usize) -> Result<Vec<u8>, StreamError> {
        self.reader.bytes(&mut self.body, length).await.map_err(of_message)
    }

    /// The body of a push/pull.
    pub(super) async fn push_pull(&mut self) -> Result<PushPull, StreamError> {
        let header: Header = self.next().await?;
        let mut nodes = Vec::new();
        for _ in 0..header.nodes {
            nodes.push(self.next().await?);
        }
        let user_state = self.bytes(header.user_state_len).await?;
        Ok(PushPull { join: header.join, nodes, user_state })
    }
}

fn of_io(error: std::io::Error) -> StreamError {
    StreamError::Io(lab_wire::tls::go_text(&error))
}

fn of_message(error: MessageError) -> StreamError {
    match error {
        MessageError::Connection(text) => StreamError::Io(text),
        other => StreamError::Malformed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> PushPull {
        let node = NodeState { name: "server-1.global".into(), meta: vec![255; 200], ..NodeState::default() };
        PushPull { join: true, nodes: vec![node.clone(), node], user_state: vec![9; 50] }
    }

    async fn passed(near: &Keyring, far: &Keyring) -> Result<PushPull, StreamError> {
        let (mut one, mut other) = tokio::io::duplex(1 << 16);
        send(&mut one, near, sample().encode()).await?;
        receive(&mut other, far).await?.push_pull().await
    }

    #[tokio::test]
    async fn states_pass_between_those_who_share_a_key() {
        let key = |byte| Keyring::of(vec![vec![byte; 24]]).expect("a key");
        let plain = Keyring::default();
        assert_eq!(passed(&plain, &plain).await.expect("plain"), sample());
        assert_eq!(passed(&key(1), &key(1)).await.expect("the same key"), sample());
        let error = async |near: &Keyring, far: &Keyring| {
            passed(near, far).await.expect_err("not understood").to_string()
        };
        let (one, other) = (key(1), key(2));
        assert_eq!(error(&one, &other).await, "no installed keys could decrypt the message");
        assert_eq!(error(&plain, &other).await, "encryption is configured but remote state is not encrypted");
        assert_eq!(error(&one, &plain).await, "remote state is encrypted and encryption is not configured");
    }

    #[tokio::test]
    async fn claims_of_great_length_cost_nothing() {
        let key = Keyring::of(vec![vec![1; 24]]).expect("a key");
        let read = async |mut bytes: &'static [u8], keyring: &Keyring| {
            let (mut one, mut other) = tokio::io::duplex(64);
            tokio::io::copy(&mut bytes, &mut one).await.expect("room");
            drop(one);
            let mut incoming = receive(&mut other, keyring).await?;
            incoming.push_pull().await
        };
        let error = read(&[ENCRYPT, 0xff, 0xff, 0xff, 0xff], &key).await.expect_err("too long");
        assert_eq!(error.to_string(), "remote node state is larger than limit (4294967295)");
        let error = read(&[ENCRYPT, 0, 0xff, 0xff, 0xff, 1], &key).await.expect_err("cut off");
        assert_eq!(error.to_string(), "unexpected EOF");
        let error = read(&[PUSH_PULL, 0xdf, 0xff, 0xff, 0xff, 0xff], &Keyring::default()).await;
        assert!(error.is_err());
    }
}
