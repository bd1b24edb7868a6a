//! Why a server does not start.

/// Why a server does not start, in the words that the real one ends with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on.
    #[error("Error initializing listener of type tcp: listen tcp {address}: {cause}")]
    Listen {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// The system's words.
        cause: String,
    },
    /// A listener's certificate or key cannot be used.
    #[error("Error initializing listener of type tcp: error loading TLS cert: {0}")]
    Certificate(String),
    /// The authorities whose certificates clients must have cannot be read.
    #[error("Error initializing listener of type tcp: {0}")]
    ClientAuthorities(&'static str),
    /// The storage cannot be read.
    #[error("Error initializing storage: {0}")]
    Storage(String),
    /// Settings that contradict each other.
    #[error("Error initializing core: {0}")]
    Core(&'static str),
    /// Keys that everybody knows would be given out on a socket.
    #[error("{0}")]
    Keys(String),
    /// What a [`crate::MockVault`] was to begin with was refused.
    #[error("{path}: {told}")]
    Preset {
        /// The path that was written to.
        path: String,
        /// The server's answer.
        told: String,
    },
    /// The development server could not be set up.
    #[error("Error initializing Dev mode: {0}")]
    Dev(String),
}
