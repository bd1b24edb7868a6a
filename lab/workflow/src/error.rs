//! What a run can fail with.

use crate::fleet::FleetError;

/// Why an action failed. Its text is for people, and says whose words it repeats.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The machines.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// Vault answered with an error.
    #[error("{method} {path}: Vault answered {status}: {errors}")]
    Vault {
        /// The request's method.
        method: String,
        /// Its path.
        path: String,
        /// The status code.
        status: u16,
        /// Vault's own words.
        errors: String,
    },
    /// Nomad answered with an error.
    #[error("{method} {path}: Nomad answered {status}: {text}")]
    Nomad {
        /// The request's method.
        method: String,
        /// Its path.
        path: String,
        /// The status code.
        status: u16,
        /// Nomad's own words.
        text: String,
    },
    /// Nobody answered.
    #[error("{url}: {cause}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why there was no answer.
        cause: String,
    },
    /// An answer lacks what it should have.
    #[error("the answer to {path} has no {field}")]
    Incomplete {
        /// What was asked.
        path: String,
        /// What is missing.
        field: String,
    },
    /// The steps are in an order that cannot work.
    #[error("{0}")]
    OutOfOrder(String),
    /// A condition that the run needs did not come about.
    #[error("{condition} did not come about within {limit}")]
    TimedOut {
        /// The condition.
        condition: String,
        /// The limit.
        limit: String,
    },
    /// Certificates or keys.
    #[error("{0}")]
    Pki(String),
}
