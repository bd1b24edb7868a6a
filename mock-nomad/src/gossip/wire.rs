//! Frames of gossip: what kind, how long, and the list of members, encrypted where there is a key.

use std::io;

use lab_wire::Io;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::crypt;
use super::keyring::Keyring;
use super::member::Member;

/// A list of members in plain.
const PUSH_PULL: u8 = 6;
/// An encrypted frame.
const ENCRYPTED: u8 = 10;
/// The longest frame that is read, in bytes.
const MAX_FRAME: usize = 4 << 20;

/// What one server tells another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lists {
    /// Who tells it.
    pub(super) from: String,
    pub(super) members: Vec<Member>,
}

/// Why nothing was understood, in memberlist's words.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("{0}")]
    Io(String),
    #[error("Decrypt packet failed: No installed keys could decrypt the message")]
    WrongKey,
    #[error("Remote state is not encrypted")]
    NotEncrypted,
    #[error("Remote state is encrypted and encryption is not configured")]
    NoKey,
    #[error("failed to receive: {0}")]
    Malformed(String),
}

impl WireError {
    /// Whether it is the other end's doing, as opposed to the connection's.
    pub(super) fn is_content(&self) -> bool {
        !matches!(self, Self::Io(_))
    }
}

pub(super) async fn send(
    io: &mut (impl Io + ?Sized),
    keyring: &Keyring,
    lists: &Lists,
) -> Result<(), WireError> {
    let text = rmp_serde::to_vec_named(lists).map_err(|error| WireError::Malformed(error.to_string()))?;
    let (kind, body) = match keyring.primary() {
        None => (PUSH_PULL, text),
        // The key was checked when the keyring was opened.
        Some(key) => (ENCRYPTED, crypt::encrypt(&key, &[ENCRYPTED], &text).unwrap_or_default()),
    };
    let mut frame = vec![kind];
    frame.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(&body);
    io.write_all(&frame).await.map_err(of_io)?;
    io.flush().await.map_err(of_io)
}

pub(super) async fn receive(io: &mut (impl Io + ?Sized), keyring: &Keyring) -> Result<Lists, WireError> {
    let kind = io.read_u8().await.map_err(of_io)?;
    let length = match kind {
        PUSH_PULL | ENCRYPTED => io.read_u32().await.map_err(of_io)? as usize,
        other => return Err(WireError::Malformed(format!("message type ({other}) not supported"))),
    };
    if length > MAX_FRAME {
        return Err(WireError::Malformed(format!("Remote node state is larger than limit ({length})")));
    }
    let mut body = vec![0; length];
    io.read_exact(&mut body).await.map_err(of_io)?;
    let text = match (kind, keyring.is_encrypted()) {
        (PUSH_PULL, true) => return Err(WireError::NotEncrypted),
        (ENCRYPTED, false) => return Err(WireError::NoKey),
        (ENCRYPTED, true) => {
            crypt::decrypt(&keyring.keys(), &[ENCRYPTED], &body).ok_or(WireError::WrongKey)?
        }
        _ => body,
    };
    rmp_serde::from_slice(&text).map_err(|error| WireError::Malformed(error.to_string()))
}

fn of_io(error: io::Error) -> WireError {
    WireError::Io(lab_wire::tls::go_text(&error))
}
