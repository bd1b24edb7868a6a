//! What every port accepts: the verdict comes from bytes.

mod connect;
mod credentials;
mod http;
mod kind;
mod matrix;
mod port;
mod prober;
mod rpc;

pub use self::kind::{Ask, Credential, Port, Probe, Transport, Verdict};
pub use self::port::{PortProber, Served, Version};
pub(crate) use self::prober::Prober;
