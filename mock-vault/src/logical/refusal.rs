//! Why a request was not served, with the status and the words of the real server.

use lab_pki::KeyKind;

/// A refusal; displays as the one text of `errors`, before any list formatting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The backend answered with an error response: 400 and the bare text.
    #[error("{0}")]
    Invalid(String),
    /// A wrong password or the like: 400 and the bare text, and it is counted.
    #[error("{0}")]
    Credentials(String),
    /// The backend failed: 500, as a list of one error on authenticated paths.
    #[error("{0}")]
    Failed(String),
    /// A status with the bare text.
    #[error("{text}")]
    Plain {
        /// The HTTP status.
        status: u16,
        /// The text.
        text: String,
    },
    /// A status with the text as a list of one error on authenticated paths.
    #[error("{text}")]
    Listed {
        /// The HTTP status.
        status: u16,
        /// The text.
        text: String,
    },
    /// A status with no text: `{"errors":[]}`.
    #[error("")]
    Silent(u16),
    /// The policies say no.
    #[error("permission denied")]
    Denied,
    /// The token is unknown, expired or revoked.
    #[error("permission denied")]
    InvalidToken,
    /// No refusal: the request goes on when there is a key of this kind.
    #[error("a key is being made")]
    NeedsKey(KeyKind),
    /// The backend has no such path.
    #[error("unsupported path")]
    UnsupportedPath,
    /// The path has no such operation.
    #[error("unsupported operation")]
    UnsupportedOperation,
}

impl Refusal {
    /// A bare 400.
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    /// The HTTP status and the texts of `errors`; `authenticated` as the list formatting depends on it.
    pub(crate) fn answer(&self, authenticated: bool) -> (u16, Option<String>) {
        let listed = |text: &str| Some(if authenticated { one_error(text) } else { text.to_owned() });
        let text = self.to_string();
        match self {
            Self::Invalid(_) | Self::Credentials(_) => (400, Some(text)),
            Self::Failed(_) | Self::NeedsKey(_) => (500, listed(&text)),
            Self::Plain { status, .. } => (*status, Some(text)),
            Self::Listed { status, .. } => (*status, listed(&text)),
            Self::Silent(status) => (*status, None),
            Self::Denied => (403, listed(&text)),
            Self::InvalidToken => (403, Some(two_errors(&text, "invalid token"))),
            Self::UnsupportedPath => (404, listed(&text)),
            Self::UnsupportedOperation => (405, listed(&text)),
        }
    }
}

/// go-multierror's text for one error.
pub(crate) fn one_error(text: &str) -> String {
    format!("1 error occurred:\n\t* {text}\n\n")
}

/// go-multierror's text for two errors.
pub(crate) fn two_errors(first: &str, second: &str) -> String {
    format!("2 errors occurred:\n\t* {first}\n\t* {second}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_listed_only_behind_authentication() {
        let failed = Refusal::Failed("no default issuer currently configured".into());
        assert_eq!(
            failed.answer(true),
            (500, Some("1 error occurred:\n\t* no default issuer currently configured\n\n".into()))
        );
        assert_eq!(failed.answer(false), (500, Some("no default issuer currently configured".into())));
        assert_eq!(
            Refusal::InvalidToken.answer(true).1.as_deref(),
            Some("2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
        );
    }
}
