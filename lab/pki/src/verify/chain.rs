//! Building chains.

use time::OffsetDateTime;

use super::{Hint, VerifyError};
use crate::{Certificate, PublicKey};

/// How many signatures one search may check: bundles made of many certificates of one name must not stop a server.
const SIGNATURE_LIMIT: usize = 100;

/// One search for chains.
pub(super) struct Search<'a> {
    roots: &'a [Certificate],
    intermediates: &'a [Certificate],
    /// When dates are judged, if at all.
    at: Option<OffsetDateTime>,
    checked: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Intermediate,
    Root,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        roots: &'a [Certificate],
        intermediates: &'a [Certificate],
        at: Option<OffsetDateTime>,
    ) -> Self {
        Self { roots, intermediates, at, checked: 0 }
    }

    /// What must hold of the leaf whoever signed it.
    pub(super) fn check_leaf(&self, leaf: &Certificate) -> Result<(), VerifyError> {
        self.check(leaf, None, &[])
    }

    /// Every chain from `leaf` to a root.
    pub(super) fn chains(&mut self, leaf: &Certificate) -> Result<Vec<Vec<Certificate>>, VerifyError> {
        self.extend(std::slice::from_ref(leaf))
    }

    /// Every chain to a root that starts with `chain`.
    ///
    /// The error is, as in Go, the verdict on the last candidate that signed the chain's end; only where none did is
    /// the authority unknown.
    fn extend(&mut self, chain: &[Certificate]) -> Result<Vec<Vec<Certificate>>, VerifyError> {
        let [.., child] = chain else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        let mut verdict = Ok(());
        let mut hint = None;
        let roots = candidates(self.roots, child).into_iter().map(|candidate| (candidate, Role::Root));
        let others = candidates(self.intermediates, child).into_iter();
        for (candidate, role) in roots.chain(others.map(|candidate| (candidate, Role::Intermediate))) {
            self.checked += 1;
            if self.checked > SIGNATURE_LIMIT {
                verdict = Err(VerifyError::SignatureLimit);
            } else if *candidate.public_key() != PublicKey::Unknown && !is_in_chain(candidate, chain) {
                self.consider(candidate, role, chain, &mut found, &mut verdict, &mut hint);
            }
            if verdict == Err(VerifyError::SignatureLimit) {
                break;
            }
        }
        match verdict {
            _ if !found.is_empty() => Ok(found),
            Err(verdict) => Err(verdict),
            Ok(()) => Err(VerifyError::UnknownAuthority { hint }),
        }
    }

    fn consider(
        &mut self,
        candidate: &Certificate,
        role: Role,
        chain: &[Certificate],
        found: &mut Vec<Vec<Certificate>>,
        verdict: &mut Result<(), VerifyError>,
        hint: &mut Option<Hint>,
    ) {
        let mut suspect = |reason: String| {
            hint.get_or_insert_with(|| Hint { reason, authority: display_name(candidate) });
        };
        let [.., child] = chain else { return };
        if let Err(error) = child.check_signature_from(candidate) {
            return suspect(error.to_string());
        }
        *verdict = self.check(candidate, Some(role), chain);
        if let Err(error) = verdict {
            return suspect(error.to_string());
        }
        let longer = [chain, std::slice::from_ref(candidate)].concat();
        match role {
            Role::Root => found.push(longer),
            Role::Intermediate => match self.extend(&longer) {
                Ok(chains) => found.extend(chains),
                Err(error) => *verdict = Err(error),
            },
        }
    }

    /// What must hold of a certificate that comes behind `chain`; Go ignores its key usage here.
    fn check(
        &self,
        certificate: &Certificate,
        role: Option<Role>,
        chain: &[Certificate],
    ) -> Result<(), VerifyError> {
        if certificate.has_unhandled_critical_extension() {
            return Err(VerifyError::UnhandledCriticalExtension);
        }
        if chain.last().is_some_and(|child| child.raw_issuer() != certificate.raw_subject()) {
            return Err(VerifyError::NameMismatch);
        }
        if let Some(now) = self.at {
            let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
            if now < not_before {
                return Err(VerifyError::NotYetValid { now, not_before });
            }
            if now > not_after {
                return Err(VerifyError::Expired { now, not_after });
            }
        }
        if role == Some(Role::Intermediate) && !certificate.is_ca() {
            return Err(VerifyError::NotAuthorizedToSign);
        }
        let between = chain.len().saturating_sub(1) as u64;
        if certificate.max_path_length().is_some_and(|most| !chain.is_empty() && between > most) {
            return Err(VerifyError::TooManyIntermediates);
        }
        Ok(())
    }
}

/// Those of `pool` that are named like the child's issuer: first those whose key identifier fits, then those where one
/// side has none, then the others.
fn candidates<'a>(pool: &'a [Certificate], child: &Certificate) -> Vec<&'a Certificate> {
    let named = pool.iter().enumerate().filter(|(index, candidate)| {
        candidate.raw_subject() == child.raw_issuer() && !pool[..*index].contains(candidate)
    });
    let mut found: Vec<&Certificate> = named.map(|(_, candidate)| candidate).collect();
    let wanted = child.authority_key_id();
    found.sort_by_key(|candidate| match candidate.subject_key_id() {
        id if id == wanted => 0,
        id if id.is_empty() != wanted.is_empty() => 1,
        _ => 2,
    });
    found
}

/// Whether the chain has a certificate of the same subject, key and alternative names, whoever signed it.
fn is_in_chain(candidate: &Certificate, chain: &[Certificate]) -> bool {
    let same_subject_and_key = chain.iter().filter(|certificate| {
        certificate.raw_subject() == candidate.raw_subject()
            && certificate.public_key_der() == candidate.public_key_der()
    });
    for certificate in same_subject_and_key {
        match (candidate.raw_alternative_names(), certificate.raw_alternative_names()) {
            (one, other) if one == other => return true,
            // Go ends its search here, even where a later certificate would be the same.
            (None, _) | (_, None) => return false,
            _ => {}
        }
    }
    false
}

fn display_name(authority: &Certificate) -> String {
    let subject = authority.subject();
    if !subject.common_name.is_empty() {
        return subject.common_name.clone();
    }
    match subject.organization.first() {
        Some(organization) => organization.clone(),
        None => format!("serial:{}", decimal(authority.serial_bytes())),
    }
}

/// A big-endian number in decimal digits.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u32];
    for &byte in bytes {
        let mut carry = u32::from(byte);
        for digit in &mut digits {
            let value = *digit * 256 + carry;
            (*digit, carry) = (value % 10, value / 10);
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().map(u32::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn serial_numbers_are_written_in_decimal() {
        assert_eq!(decimal(&[]), "0");
        assert_eq!(decimal(&[0xff, 0xff]), "65535");
        assert_eq!(decimal(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), "18446744073709551616");
    }
}
