//! `nomad tls`.

pub(super) mod authority;
pub(super) mod certificate;
pub(super) mod info;

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use lab_pki::{KeyIdentifier, KeyKind, KeyPair, KeySource};
use time::OffsetDateTime;

use super::command::Fault;
use crate::stand_in::file_error;

/// The moment that certificates are made at.
fn now() -> OffsetDateTime {
    lab_world::Clock::system().now()
}

/// A new key on P-256.
fn new_key() -> Result<KeyPair, Fault> {
    KeySource::generated().key(KeyKind::EcP256).map_err(|error| Fault::Told(error.to_string()))
}

/// The identifier of a key: the SHA-256 of its public half.
fn identifier(public_key_der: &[u8]) -> KeyIdentifier {
    KeyIdentifier::Given(ring::digest::digest(&ring::digest::SHA256, public_key_der).as_ref().to_vec())
}

/// A serial number as it is written in names.
fn decimal(serial: &[u8]) -> String {
    serial.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte)).to_string()
}

/// Writes a file that is not there yet, with these permissions under the process's mask.
fn write(file: &str, text: &str, permissions: u32) -> Result<(), Fault> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(permissions).open(file);
    let written = opened.and_then(|mut opened| opened.write_all(text.as_bytes()));
    written.map_err(|error| Fault::Told(file_error("open", Path::new(file), &error)))
}

/// Whether something is there already.
fn exists(file: &str) -> bool {
    Path::new(file).exists()
}
