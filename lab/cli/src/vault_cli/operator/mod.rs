//! `operator`: what is done to a server itself.

mod generate_root;
mod init;
mod rekey;
mod server;

pub(super) use self::generate_root::generate_root;
pub(super) use self::init::init;
pub(super) use self::rekey::rekey;
pub(super) use self::server::{key_status, members, raft_peers, rotate, seal, step_down, unseal};
