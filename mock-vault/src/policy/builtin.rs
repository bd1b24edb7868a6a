//! The policy that every token gets unless it is left out.

/// The text of `default`.
pub(crate) const DEFAULT_POLICY: &str = include_str!("default.hcl");
