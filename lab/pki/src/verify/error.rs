//! Why a certificate is not accepted.

use lab_world::format_rfc3339;
use time::OffsetDateTime;

use crate::quote;

/// A verdict against a certificate; displays as Go's text, from `x509: ` on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// No chain leads to a root.
    #[error("x509: certificate signed by unknown authority{}", explain(.hint))]
    UnknownAuthority {
        /// The first authority that had the right name and still was not the one.
        hint: Option<Hint>,
    },
    /// Its time is over.
    #[error("x509: certificate has expired or is not yet valid: current time {} is after {}", format_rfc3339(*.now), format_rfc3339(*.not_after))]
    Expired {
        /// When it was judged.
        now: OffsetDateTime,
        /// When its time was over.
        not_after: OffsetDateTime,
    },
    /// Its time is still to come.
    #[error("x509: certificate has expired or is not yet valid: current time {} is before {}", format_rfc3339(*.now), format_rfc3339(*.not_before))]
    NotYetValid {
        /// When it was judged.
        now: OffsetDateTime,
        /// When its time comes.
        not_before: OffsetDateTime,
    },
    /// A name that is none of its names, with Go's text without the prefix.
    #[error("x509: {0}")]
    Hostname(String),
    /// It, or one of the chain, may not be used this way.
    #[error("x509: certificate specifies an incompatible key usage")]
    IncompatibleUsage,
    /// An authority's name constraints forbid one of its names; the detail says which.
    #[error("x509: a root or intermediate certificate is not authorized to sign for this name: {0}")]
    NotAuthorizedForName(String),
    /// One of the chain is not an authority.
    #[error("x509: certificate is not authorized to sign other certificates")]
    NotAuthorizedToSign,
    /// The chain is longer than an authority allows.
    #[error("x509: too many intermediates for path length constraint")]
    TooManyIntermediates,
    /// An extension that is critical and that Go does not know.
    #[error("x509: unhandled critical extension")]
    UnhandledCriticalExtension,
    /// The issuer's name is not the subject of the certificate above.
    #[error("x509: issuer name does not match subject from issuing certificate")]
    NameMismatch,
    /// There were chains, and each failed for another reason.
    #[error("x509: no valid chains built: {0}")]
    NoValidChains(String),
    /// A bundle made to be slow to judge.
    #[error("x509: signature check attempts limit reached while verifying certificate chain")]
    SignatureLimit,
}

impl VerifyError {
    /// Whether it is a matter of time: the verdict that TLS servers tell their peers as `expired certificate`.
    pub fn is_about_time(&self) -> bool {
        matches!(self, Self::Expired { .. } | Self::NotYetValid { .. })
    }
}

/// An authority that seemed to be the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Why it was not.
    pub reason: String,
    /// Its common name, or what it has instead.
    pub authority: String,
}

fn explain(hint: &Option<Hint>) -> String {
    hint.as_ref().map_or_else(String::new, |Hint { reason, authority }| {
        let (reason, authority) = (quote(reason), quote(authority));
        format!(" (possibly because of {reason} while trying to verify candidate authority certificate {authority})")
    })
}
