//! What must hold, as scenario files say it.

use std::time::Duration;

/// An invariant with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvariantSpec {
    /// The servers always find a leader again within this time.
    Quorum {
        /// The longest time without a leader.
        longest_election: Duration,
    },
    /// No client is ever down or disconnected.
    NoClientDown,
    /// No allocation is lost, fails, or moves.
    NoAllocationLost,
    /// Every ready client starts what it is given within this time.
    NewWorkStarts {
        /// The longest time an allocation may be pending.
        within: Duration,
    },
    /// After a step no port takes plaintext, on old connections neither.
    NoPlaintext {
        /// The step.
        after: String,
    },
    /// After a step only the right role and region gets through: consensus is for servers of the region.
    RoleAndRegion {
        /// The step.
        after: String,
    },
    /// The certificate and the key in a machine's files always belong together.
    KeyMatchesCertificate,
    /// Every served certificate is younger than this and not expired.
    CertificatesFresh {
        /// The greatest age.
        max_age: Duration,
    },
    /// After a step no connection lives on that a fresh one would be refused for.
    NoStaleConnection {
        /// The step.
        after: String,
    },
    /// No key, token or share shows in the timeline.
    NoSecret,
}

impl InvariantSpec {
    /// The names that scenario files use, in the order of the reference.
    pub const NAMES: [&'static str; 10] = [
        "quorum",
        "no_client_down",
        "no_allocation_lost",
        "new_work_starts",
        "no_plaintext",
        "role_and_region",
        "key_matches_certificate",
        "certificates_fresh",
        "no_stale_connection",
        "no_secret",
    ];

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Quorum { .. } => "quorum",
            Self::NoClientDown => "no_client_down",
            Self::NoAllocationLost => "no_allocation_lost",
            Self::NewWorkStarts { .. } => "new_work_starts",
            Self::NoPlaintext { .. } => "no_plaintext",
            Self::RoleAndRegion { .. } => "role_and_region",
            Self::KeyMatchesCertificate => "key_matches_certificate",
            Self::CertificatesFresh { .. } => "certificates_fresh",
            Self::NoStaleConnection { .. } => "no_stale_connection",
            Self::NoSecret => "no_secret",
        }
    }

    /// What it says, in a few words.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Quorum { .. } => "the servers keep a leader",
            Self::NoClientDown => "no client is down",
            Self::NoAllocationLost => "no allocation is lost or moved",
            Self::NewWorkStarts { .. } => "new work starts on every ready client",
            Self::NoPlaintext { .. } => "no plaintext after closing",
            Self::RoleAndRegion { .. } => "only the right role and region gets in",
            Self::KeyMatchesCertificate => "certificate and key are a pair",
            Self::CertificatesFresh { .. } => "served certificates are fresh",
            Self::NoStaleConnection { .. } => "no old connection outlives its welcome",
            Self::NoSecret => "no secret in the timeline",
        }
    }

    /// The step after which it is watched, where it has one.
    pub fn after(&self) -> Option<&str> {
        match self {
            Self::NoPlaintext { after }
            | Self::RoleAndRegion { after }
            | Self::NoStaleConnection { after } => Some(after),
            _ => None,
        }
    }
}
