//! Packets: the messages of one datagram, with a checksum, encrypted where there is a key.

use lab_world::Datagrams;
use std::net::SocketAddr;

use super::encoding;
use super::keyring::Keyring;
use super::message::{COMPOUND, COMPRESS, HAS_CRC, Message};
use super::{crypt, lzw};
use crate::octets;
use serde::{Deserialize, Serialize};

/// The longest packet that is made, in bytes.
const LONGEST: usize = 1_400;
/// What encryption, the checksum and the list of lengths take of it.
const OVERHEAD: usize = 64;
/// The longest message that is taken out of compression, in bytes.
const UNPACKED: usize = 1 << 20;
/// How deep compound and compressed messages may lie in each other.
const DEPTH: usize = 4;

/// A compressed message.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Compressed {
    pub(super) algo: u8,
    #[serde(with = "octets")]
    pub(super) buf: Vec<u8>,
}

impl Compressed {
    /// What was compressed, of at most `limit` bytes.
    pub(super) fn open(&self, limit: usize) -> Result<Vec<u8>, String> {
        match self.algo {
            0 => lzw::decompress(&self.buf, limit).ok_or_else(|| "lzw: invalid code".to_owned()),
            other => Err(format!("cannot decompress unknown algorithm {other}")),
        }
    }
}

/// Sends `messages` in one packet. That it does not arrive is no error.
pub(super) async fn send(socket: &Datagrams, keyring: &Keyring, messages: &[Vec<u8>], to: SocketAddr) {
    let _ = socket.send(&seal(keyring, messages), to).await;
}

/// How many bytes are left for another message behind messages of `used` bytes.
pub(super) fn room(used: usize) -> usize {
    LONGEST.saturating_sub(OVERHEAD + used)
}

/// A packet of `messages`.
fn seal(keyring: &Keyring, messages: &[Vec<u8>]) -> Vec<u8> {
    let body = match messages {
        [one] => one.clone(),
        several => compound(several),
    };
    let mut packet = vec![HAS_CRC];
    packet.extend_from_slice(&crc32(&body).to_be_bytes());
    packet.extend_from_slice(&body);
    match keyring.primary() {
        None => packet,
        // The key was checked when it came into the keyring.
        Some(key) => crypt::encrypt(&key, &[], &packet).unwrap_or_default(),
    }
}

/// The messages of a packet, and what was wrong with others. The error is memberlist's, where the packet is of no use.
pub(super) fn open(keyring: &Keyring, packet: Vec<u8>) -> Result<Vec<Result<Message, String>>, String> {
    let text = if keyring.is_encrypted() {
        crypt::decrypt(&keyring.keys(), &[], &packet)
            .ok_or_else(|| format!("Decrypt packet failed: {}", crypt::NO_KEY_FITS))?
    } else {
        packet
    };
    let body = match text.split_first_chunk::<5>() {
        Some(([HAS_CRC, sum @ ..], body)) => {
            let (found, told) = (crc32(body), u32::from_be_bytes(*sum));
            if found != told {
                return Err(format!("Got invalid checksum for UDP packet: {found:x}, {told:x}"));
            }
            body
        }
        _ => &text,
    };
    let mut messages = Vec::new();
    unpack(body, DEPTH, &mut messages);
    Ok(messages)
}

fn unpack(bytes: &[u8], depth: usize, out: &mut Vec<Result<Message, String>>) {
    if depth == 0 {
        return out.push(Err("messages are nested too deeply".into()));
    }
    match bytes.split_first() {
        Some((&COMPOUND, body)) => match parts(body) {
            Ok(parts) => parts.into_iter().for_each(|part| unpack(part, depth - 1, out)),
            Err(error) => out.push(Err(format!("Failed to decode compound request: {error}"))),
        },
        Some((&COMPRESS, body)) => {
            match encoding::decode::<Compressed>(body).and_then(|packed| packed.open(UNPACKED)) {
                Ok(text) => unpack(&text, depth - 1, out),
                Err(error) => out.push(Err(format!("Failed to decompress payload: {error}"))),
            }
        }
        _ => out.push(Message::decode(bytes)),
    }
}

fn compound(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![COMPOUND, u8::try_from(messages.len()).unwrap_or(u8::MAX)];
    for message in messages {
        out.extend_from_slice(&u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes());
    }
    messages.iter().for_each(|message| out.extend_from_slice(message));
    out
}

/// The parts of a compound message; those that are cut off are left out.
fn parts(body: &[u8]) -> Result<Vec<&[u8]>, String> {
    let (&count, rest) = body.split_first().ok_or("missing compound length byte")?;
    let (lengths, mut rest) = rest.split_at_checked(usize::from(count) * 2).ok_or("truncated len slice")?;
    let mut parts = Vec::new();
    for length in lengths.chunks_exact(2) {
        let length = usize::from(length[0]) << 8 | usize::from(length[1]);
        let Some((part, left)) = rest.split_at_checked(length) else { break };
        parts.push(part);
        rest = left;
    }
    Ok(parts)
}

/// The checksum of IEEE 802.3.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| {
                if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::message::{Accusation, Nack};
    use super::*;

    fn messages() -> [Message; 2] {
        let suspect = Accusation { incarnation: 3, node: "server-3.global".into(), from: "one".into() };
        [Message::Nack(Nack { seq_no: 1 }), Message::Suspect(suspect)]
    }

    #[test]
    fn packets_come_back_in_plain_and_encrypted() {
        let encoded: Vec<Vec<u8>> = messages().iter().map(Message::encode).collect();
        for keyring in [Keyring::default(), Keyring::of(vec![vec![7; 32]]).expect("a key")] {
            for some in [&encoded[..1], &encoded] {
                let packet = seal(&keyring, some);
                let shows = packet.windows(8).any(|part| part == b"server-3");
                assert_eq!(shows, some.len() == 2 && !keyring.is_encrypted());
                let opened: Vec<Message> =
                    open(&keyring, packet).expect("a packet").into_iter().flatten().collect();
                assert_eq!(opened, messages()[..some.len()]);
            }
        }
    }

    #[test]
    fn an_encrypted_packet_is_a_version_a_nonce_the_text_and_a_tag() {
        let keyring = Keyring::of(vec![vec![7; 16]]).expect("a key");
        let text = messages()[0].encode();
        let packet = seal(&keyring, std::slice::from_ref(&text));
        assert_eq!((packet[0], packet.len()), (1, 1 + 12 + 5 + text.len() + 16));
    }

    #[test]
    fn what_is_wrong_with_a_packet_is_told() {
        let plain = Keyring::default();
        let mut packet = seal(&plain, &[messages()[0].encode()]);
        *packet.last_mut().expect("a byte") ^= 1;
        assert!(
            open(&plain, packet).expect_err("changed").starts_with("Got invalid checksum for UDP packet")
        );
        let keyring = Keyring::of(vec![vec![7; 16]]).expect("a key");
        assert_eq!(
            open(&keyring, seal(&plain, &[messages()[0].encode()])),
            Err("Decrypt packet failed: no installed keys could decrypt the message".into())
        );
        let one = |bytes: &[u8]| open(&plain, bytes.to_vec()).expect("a packet");
        assert_eq!(
            one(&[COMPOUND, 9, 0]),
            [Err("Failed to decode compound request: truncated len slice".into())]
        );
        assert_eq!(one(&[COMPOUND, 1, 0, 9, 1]), []);
        let nested: Vec<u8> =
            (0..40_u8).rev().flat_map(|left| [COMPOUND, 1, 0, left * 4 + 1]).chain([0]).collect();
        assert_eq!(one(&nested), [Err("messages are nested too deeply".into())]);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
