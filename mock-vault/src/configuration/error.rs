//! Why a configuration cannot be used.

/// A configuration that cannot be read, in the real server's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error loading configuration from {path}: {cause}")]
pub struct ConfigurationError {
    path: String,
    cause: String,
}

impl ConfigurationError {
    pub(super) fn new(path: String, cause: String) -> Self {
        Self { path, cause }
    }
}
