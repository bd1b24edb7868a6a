//! Judging certificates by the rules of Go's `crypto/x509`.

mod chain;
mod constraints;
mod error;
mod hostname;
mod policies;

use time::OffsetDateTime;

use self::chain::Search;
use crate::{Certificate, ExtendedKeyUsage};

pub use self::error::{Hint, VerifyError};
pub use self::hostname::verify_hostname;

/// By what a certificate is judged.
#[derive(Clone, Copy, Debug)]
pub struct VerifyOptions<'a> {
    /// The certificates that are trusted. Their validity is checked like that of any other.
    pub roots: &'a [Certificate],
    /// Certificates that may stand between, such as those that a peer sent.
    pub intermediates: &'a [Certificate],
    /// The moment to judge at.
    pub at: OffsetDateTime,
    /// What the certificate is shown for.
    pub usage: Usage,
    /// The name or the address that it must be valid for.
    pub name: Option<&'a str>,
}

/// What a certificate is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Anything: extended key usages are not looked at.
    Any,
    /// As a client.
    Client,
    /// As a server.
    Server,
}

/// Builds the chain from `leaf` to one of the roots; answers the first one that holds, the leaf first.
///
/// As Go does it: the leaf's own validity and name come first; roots before intermediates, and among them those whose
/// key identifier fits; then extended key usages, which must be allowed all the way up, and name constraints. A root
/// may be the leaf itself. Revocation is not looked at.
///
/// Errors: Go's verdict, displayed in Go's words.
pub fn verify(options: &VerifyOptions<'_>, leaf: &Certificate) -> Result<Vec<Certificate>, VerifyError> {
    judge(options, Some(options.at), leaf)
}

/// The same without looking at any date or usage: what Vault checks of a chain after it signed a certificate.
pub fn verify_ignoring_time(
    roots: &[Certificate],
    intermediates: &[Certificate],
    leaf: &Certificate,
) -> Result<Vec<Certificate>, VerifyError> {
    let at = OffsetDateTime::UNIX_EPOCH;
    judge(&VerifyOptions { roots, intermediates, at, usage: Usage::Any, name: None }, None, leaf)
}

fn judge(
    options: &VerifyOptions<'_>,
    at: Option<OffsetDateTime>,
    leaf: &Certificate,
) -> Result<Vec<Certificate>, VerifyError> {
    let mut search = Search::new(options.roots, options.intermediates, at);
    search.check_leaf(leaf)?;
    if let Some(name) = options.name {
        verify_hostname(leaf, name)?;
    }
    let candidates =
        if options.roots.contains(leaf) { vec![vec![leaf.clone()]] } else { search.chains(leaf)? };
    choose(candidates, options.usage)
}

/// The first chain whose policies, usages and name constraints hold.
fn choose(candidates: Vec<Vec<Certificate>>, usage: Usage) -> Result<Vec<Certificate>, VerifyError> {
    let (mut bad_policies, mut bad_usages) = (0, 0);
    let mut constraint = None;
    for chain in candidates {
        if !policies::hold(&chain) {
            bad_policies += 1;
        } else if !allows(&chain, usage) {
            bad_usages += 1;
        } else if let Err(detail) = constraints::check(&chain) {
            constraint.get_or_insert(detail);
        } else {
            return Ok(chain);
        }
    }
    if let Some(detail) = constraint {
        return Err(VerifyError::NotAuthorizedForName(detail));
    }
    if bad_usages > 0 && bad_policies == 0 {
        return Err(VerifyError::IncompatibleUsage);
    }
    let count = |number, what| (number > 0).then(|| format!("{number} candidate chains with {what}"));
    let details = [count(bad_usages, "incompatible key usage"), count(bad_policies, "invalid policies")];
    Err(VerifyError::NoValidChains(details.into_iter().flatten().collect::<Vec<_>>().join(", ")))
}

/// Whether every certificate of a chain that names usages names this one, or any.
fn allows(chain: &[Certificate], usage: Usage) -> bool {
    let wanted = match usage {
        Usage::Any => return true,
        Usage::Client => ExtendedKeyUsage::ClientAuth,
        Usage::Server => ExtendedKeyUsage::ServerAuth,
    };
    chain.iter().all(|certificate| {
        let named = certificate.extended_key_usage();
        named.is_empty() || named.contains(&ExtendedKeyUsage::Any) || named.contains(&wanted)
    })
}
