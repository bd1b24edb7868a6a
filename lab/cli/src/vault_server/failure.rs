//! Why the server does not run.

use mock_vault::ConfigurationError;

/// Why the server does not run, in the words that the real program prints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// A configuration file cannot be read.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// A setting cannot be used.
    #[error("{0}")]
    Setting(String),
    /// A listener cannot be opened.
    #[error("Error parsing listener configuration.\n{0}")]
    Listener(String),
    /// Anything else that keeps the server from starting.
    #[error("{0}")]
    Start(String),
}

impl From<mock_vault::Error> for Failure {
    fn from(error: mock_vault::Error) -> Self {
        use mock_vault::Error::{Certificate, ClientAuthorities, Dev, Listen};
        match error {
            Listen { .. } | Certificate(_) | ClientAuthorities(_) => Self::Listener(error.to_string()),
            // The real program ends this text with an empty line of its own.
            Dev(_) => Self::Start(format!("{error}\n")),
            other => Self::Start(other.to_string()),
        }
    }
}
