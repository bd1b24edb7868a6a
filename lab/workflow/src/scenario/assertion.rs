//! Conditions over what was observed.

use std::fmt;

/// A condition with what to say when it does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// The condition.
    pub condition: Condition,
    /// What to say when it does not hold.
    pub error_message: String,
}

/// Comparisons that must all hold: `plaintext_rpc == refused && clients_ready == all`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The comparisons, at least one.
    pub comparisons: Vec<Comparison>,
}

/// A fact compared with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What is looked at.
    pub fact: Fact,
    /// Whether the two must be equal, or must not.
    pub is_equal: bool,
    /// The value: a word or a number.
    pub value: String,
}

/// Something that was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// `accepted`, `refused`, or `mixed` where servers differ: RPC in the clear.
    PlaintextRpc,
    /// `accepted`, `refused` or `mixed`: HTTP in the clear.
    PlaintextHttp,
    /// `accepted`, `refused` or `mixed`: RPC over TLS without a certificate.
    RpcWithoutCertificate,
    /// `accepted`, `refused` or `mixed`: HTTPS without a certificate.
    HttpsWithoutCertificate,
    /// `accepted`, `refused` or `mixed`: Raft with a client's certificate.
    RaftAsClient,
    /// How many clients are ready; `all` is every one.
    ClientsReady,
    /// How many allocations run.
    AllocationsRunning,
    /// How many allocations wait to start.
    AllocationsPending,
    /// `present` or `absent`.
    Leader,
}

impl Fact {
    /// The words that conditions use.
    pub const WORDS: [(&'static str, Self); 9] = [
        ("plaintext_rpc", Self::PlaintextRpc),
        ("plaintext_http", Self::PlaintextHttp),
        ("rpc_without_certificate", Self::RpcWithoutCertificate),
        ("https_without_certificate", Self::HttpsWithoutCertificate),
        ("raft_as_client", Self::RaftAsClient),
        ("clients_ready", Self::ClientsReady),
        ("allocations_running", Self::AllocationsRunning),
        ("allocations_pending", Self::AllocationsPending),
        ("leader", Self::Leader),
    ];

    /// The word that conditions use for it.
    pub fn as_str(self) -> &'static str {
        // Every fact has its word in the list.
        Self::WORDS.iter().find(|(_, fact)| *fact == self).map_or("", |(word, _)| word)
    }

    /// The words that it can be compared with; none means a number.
    pub(crate) fn values(self) -> &'static [&'static str] {
        match self {
            Self::PlaintextRpc
            | Self::PlaintextHttp
            | Self::RpcWithoutCertificate
            | Self::HttpsWithoutCertificate
            | Self::RaftAsClient => &["accepted", "refused", "mixed"],
            Self::ClientsReady => &["all"],
            Self::Leader => &["present", "absent"],
            Self::AllocationsRunning | Self::AllocationsPending => &[],
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Comparison { fact, is_equal, value }) in self.comparisons.iter().enumerate() {
            let and = if number > 0 { " && " } else { "" };
            let operator = if *is_equal { "==" } else { "!=" };
            write!(f, "{and}{} {operator} {value}", fact.as_str())?;
        }
        Ok(())
    }
}
