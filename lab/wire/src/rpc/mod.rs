//! Nomad's RPC: the first bytes of a connection, yamux streams in it, and msgpack calls on those.

mod codec;
mod message;
mod value;
pub mod yamux;

pub use self::codec::{CallError, Codec, Request};
pub use self::message::{MAX_MESSAGE, MessageError, MessageReader, encode};
pub use self::value::{ValueError, duration, from_value, to_value};

/// The connection carries msgpack calls.
pub const RPC_NOMAD: u8 = 0x01;
/// The connection is handed to Raft.
pub const RPC_RAFT: u8 = 0x02;
/// Old yamux: its streams carry msgpack calls without a first byte of their own.
pub const RPC_MULTIPLEX: u8 = 0x03;
/// What follows is a TLS handshake, and inside it another first byte.
pub const RPC_TLS: u8 = 0x04;
/// The connection carries one streaming call.
pub const RPC_STREAMING: u8 = 0x05;
/// Yamux, each of whose streams begins with [`RPC_NOMAD`] or [`RPC_STREAMING`].
pub const RPC_MULTIPLEX_V2: u8 = 0x06;
