//! Certificate policies, as far as certificates can demand them.

use crate::oid::known;
use crate::{Certificate, Oid};

/// Whether a chain has the policies that its authorities demand (`requireExplicitPolicy`). Nobody else asks for any, so
/// a chain without that demand always holds. Policy mappings are not followed: what is mapped does not count.
pub(super) fn hold(chain: &[Certificate]) -> bool {
    let Some((_, below_root)) = chain.split_last() else { return true };
    let mut demanded_in = below_root.len() as u64 + 1;
    let mut policies = Some(Policies::Any);
    for (index, certificate) in below_root.iter().enumerate().rev() {
        policies = policies.and_then(|policies| policies.narrow(certificate.policies()));
        if demanded_in == 0 && policies.is_none() {
            return false;
        }
        let is_leaf = index == 0;
        if !is_leaf && certificate.raw_issuer() != certificate.raw_subject() {
            demanded_in = demanded_in.saturating_sub(1);
        }
        if !is_leaf && let Some(demand) = certificate.requires_explicit_policy() {
            demanded_in = demanded_in.min(demand);
        }
    }
    let leaf_demands = below_root.first().is_some_and(|leaf| leaf.requires_explicit_policy() == Some(0));
    let is_demanded = leaf_demands || demanded_in.saturating_sub(1) == 0;
    !is_demanded || policies.is_some() || below_root.is_empty()
}

/// The policies that hold for a chain so far.
enum Policies {
    Any,
    These(Vec<Oid>),
}

impl Policies {
    /// What is left of them below a certificate that names `named`.
    fn narrow(self, named: &[Oid]) -> Option<Self> {
        let names_any = named.contains(&known::ANY_POLICY);
        match self {
            _ if named.is_empty() => None,
            any_or_these if names_any => Some(any_or_these),
            Self::Any => Some(Self::These(named.to_vec())),
            Self::These(these) => {
                let left: Vec<Oid> = these.into_iter().filter(|policy| named.contains(policy)).collect();
                (!left.is_empty()).then_some(Self::These(left))
            }
        }
    }
}
