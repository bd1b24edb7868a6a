//! What goes over a connection: TLS as Go's `crypto/tls` does it, HTTP/1.1, Nomad's RPC, and signed tokens.
//!
//! Both mocks, consul-template and the workflow speak through this crate, so that all of them meet the same handshakes,
//! the same limits and the same words when something fails. It opens no socket itself: a stream comes from
//! [`lab_world::Net`].

pub mod go_json;
pub mod http;
mod io;
pub mod jwt;
pub mod rpc;
pub mod tls;

pub use crate::io::{BoxIo, Io, Replayed};
