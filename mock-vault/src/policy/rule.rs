//! What a policy says once it is read.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::logical::Data;

/// Something a policy can allow on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Capability {
    Deny = 0,
    Create,
    Read,
    Update,
    Delete,
    List,
    Sudo,
    Patch,
    Subscribe,
    Recover,
}

impl Capability {
    const ALL: [(Self, &'static str); 10] = [
        (Self::Deny, "deny"),
        (Self::Create, "create"),
        (Self::Read, "read"),
        (Self::Update, "update"),
        (Self::Delete, "delete"),
        (Self::List, "list"),
        (Self::Sudo, "sudo"),
        (Self::Patch, "patch"),
        (Self::Subscribe, "subscribe"),
        (Self::Recover, "recover"),
    ];

    /// The capability of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(capability, _)| *capability)
    }
}

/// A set of capabilities. `deny` excludes every other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities(u16);

impl Capabilities {
    /// Adds one.
    pub(crate) fn add(&mut self, capability: Capability) {
        self.0 |= 1 << capability as u16;
        if self.has(Capability::Deny) {
            self.0 = 1 << Capability::Deny as u16;
        }
    }

    /// Whether it is in the set.
    pub(crate) fn has(self, capability: Capability) -> bool {
        self.0 & (1 << capability as u16) != 0
    }

    /// Everything in either, or nothing but `deny`.
    pub(crate) fn merge(self, other: Self) -> Self {
        let mut merged = Self(self.0 | other.0);
        if merged.has(Capability::Deny) {
            merged.0 = 1 << Capability::Deny as u16;
        }
        merged
    }

    /// Whether anything is allowed.
    pub(crate) fn allow_anything(self) -> bool {
        self.0 != 0 && !self.has(Capability::Deny)
    }

    /// The names in the order of their age; nothing at all is `deny`.
    fn names_by_age(self) -> Vec<&'static str> {
        let late = |name: &str| ["patch", "subscribe", "recover"].iter().position(|other| *other == name);
        let mut names = self.names();
        names.sort_by_key(|name| late(name).map_or(0, |at| at + 1));
        names
    }

    /// The names in order; nothing at all is `deny`.
    pub(crate) fn names(self) -> Vec<&'static str> {
        if !self.allow_anything() {
            return vec!["deny"];
        }
        let mut names: Vec<_> = Capability::ALL
            .iter()
            .filter(|(capability, _)| self.has(*capability))
            .map(|(_, name)| *name)
            .collect();
        names.sort_unstable();
        names
    }
}

/// Values of parameters by lower-case name; no values stand for any.
pub(crate) type Parameters = BTreeMap<String, Vec<Value>>;

/// What is allowed on a path.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Permissions {
    pub(crate) capabilities: Capabilities,
    pub(crate) allowed: Parameters,
    pub(crate) denied: Parameters,
    pub(crate) required: Vec<String>,
    pub(crate) min_wrapping_ttl: Duration,
    pub(crate) max_wrapping_ttl: Duration,
}

impl Permissions {
    /// All of it, as it is shown to those who may do it.
    pub(crate) fn shown(&self) -> Data {
        let mut shown = Data::new();
        shown.insert("capabilities".into(), self.capabilities.names_by_age().into());
        for (name, ttl) in
            [("min_wrapping_ttl", self.min_wrapping_ttl), ("max_wrapping_ttl", self.max_wrapping_ttl)]
        {
            if !ttl.is_zero() {
                shown.insert(name.into(), ttl.as_secs().into());
            }
        }
        for (name, parameters) in [("allowed_parameters", &self.allowed), ("denied_parameters", &self.denied)]
        {
            if !parameters.is_empty() {
                let values = parameters.iter().map(|(name, values)| (name.clone(), values.clone().into()));
                shown.insert(name.into(), values.collect::<Data>().into());
            }
        }
        if !self.required.is_empty() {
            shown.insert("required_parameters".into(), self.required.clone().into());
        }
        shown
    }

    /// Two stanzas for the same path as one.
    pub(crate) fn merge(&mut self, other: &Self) {
        let denied = self.capabilities.has(Capability::Deny);
        self.capabilities = self.capabilities.merge(other.capabilities);
        if denied || other.capabilities.has(Capability::Deny) {
            return;
        }
        // A stanza without any list of parameters says nothing about them.
        merge_parameters(&mut self.allowed, &other.allowed);
        merge_parameters(&mut self.denied, &other.denied);
        self.required.extend(
            other.required.iter().filter(|name| !self.required.contains(name)).cloned().collect::<Vec<_>>(),
        );
        let least = |a: Duration, b: Duration| match (a.is_zero(), b.is_zero()) {
            (true, _) => b,
            (_, true) => a,
            _ => a.min(b),
        };
        self.min_wrapping_ttl = least(self.min_wrapping_ttl, other.min_wrapping_ttl);
        self.max_wrapping_ttl = least(self.max_wrapping_ttl, other.max_wrapping_ttl);
    }
}

/// An empty list allows or denies every value, and wins.
fn merge_parameters(into: &mut Parameters, from: &Parameters) {
    for (name, values) in from {
        match into.get_mut(name) {
            None => {
                into.insert(name.clone(), values.clone());
            }
            Some(known) if known.is_empty() || values.is_empty() => known.clear(),
            Some(known) => known.extend(values.iter().cloned()),
        }
    }
}

/// One `path` stanza.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    /// As written, without a leading slash; templates are still in it.
    pub(crate) path: String,
    pub(crate) permissions: Permissions,
}

/// A policy's stanzas.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Policy {
    pub(crate) rules: Vec<Rule>,
    /// Whether any path has a template in it.
    pub(crate) templated: bool,
    /// Whether an attribute is repeated, which is allowed but warned about.
    pub(crate) duplicates: bool,
}
