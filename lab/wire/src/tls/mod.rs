//! TLS as Go's `crypto/tls` does it.
//!
//! The handshakes are rustls's; the verdicts on certificates are [`lab_pki::verify`]'s, at the time of a
//! [`lab_world::Clock`]. Each end sends the alerts that Go sends and says what Go says: the client that refuses a server
//! sends `bad certificate` whatever the reason, the server that refuses a client tells apart unknown authorities,
//! expired certificates and the rest. In TLS 1.3 a client's handshake is over before the server has looked at the
//! client's certificate, so the refusal comes with the first read.
//!
//! Nothing is ever resumed: there are no tickets and no caches, so every connection is judged anew.

mod alert;
mod client;
mod crypto;
mod error;
mod hello;
mod identity;
mod records;
mod server;
mod stream;
mod verdict;

pub use self::alert::Alert;
pub use self::client::{ClientTls, ServerVerify};
pub use self::error::{TlsError, go_text};
pub use self::identity::{Identity, IdentityError, IdentityProvider};
pub use self::server::{Check, ClientAuth, ServerTls};
pub use self::stream::TlsStream;

/// A version of TLS. Older ones than these cannot be spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Version {
    /// What rustls calls the versions from `min` to `max`; none where `min` is above `max`.
    fn between(min: Self, max: Self) -> Vec<&'static rustls::SupportedProtocolVersion> {
        let all = [(Self::Tls13, &rustls::version::TLS13), (Self::Tls12, &rustls::version::TLS12)];
        all.into_iter().filter(|(version, _)| (min..=max).contains(version)).map(|(_, found)| found).collect()
    }
}
