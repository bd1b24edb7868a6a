//! Rules by name, where names may hold `*`: the rule whose name says most about what is asked for decides.

use std::collections::{BTreeMap, BTreeSet};

/// Sets of capabilities by name or pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Globs {
    rules: BTreeMap<String, BTreeSet<String>>,
}

impl Globs {
    /// Adds what a rule allows. A rule that denies takes away what others of the same name allow.
    pub(super) fn add<'a>(&mut self, name: &str, capabilities: impl IntoIterator<Item = &'a String>) {
        let rule = self.rules.entry(name.to_owned()).or_default();
        for capability in capabilities {
            if rule.contains("deny") {
                return;
            }
            if capability == "deny" {
                rule.clear();
            }
            rule.insert(capability.clone());
        }
    }

    /// Adds what a rule says, where to deny is one thing among others and takes nothing away.
    pub(super) fn unite<'a>(&mut self, name: &str, capabilities: impl IntoIterator<Item = &'a String>) {
        self.rules.entry(name.to_owned()).or_default().extend(capabilities.into_iter().cloned());
    }

    /// What is allowed for a name by its own rule, patterns left aside.
    pub(super) fn own(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.rules.get(name)
    }

    /// What is allowed for a name: by its own rule, else by the closest pattern.
    pub(super) fn find(&self, name: &str) -> Option<&BTreeSet<String>> {
        if let Some(own) = self.rules.get(name) {
            return Some(own);
        }
        let patterns = self.rules.iter().filter(|(pattern, _)| pattern.contains('*') && fits(pattern, name));
        // Fewest characters left to the stars, then fewest stars; of equals the last one in the alphabet.
        let distance =
            |pattern: &str| name.len() as i64 - pattern.len() as i64 + pattern.matches('*').count() as i64;
        patterns
            .min_by_key(|(pattern, _)| (distance(pattern), std::cmp::Reverse((*pattern).clone())))
            .map(|found| found.1)
    }

    /// Whether a name is allowed one thing.
    pub(super) fn allows(&self, name: &str, capability: &str) -> bool {
        self.find(name).is_some_and(|rule| rule.contains(capability))
    }

    /// Whether anything at all is allowed for a name.
    pub(super) fn allows_something(&self, name: &str) -> bool {
        self.find(name).is_some_and(|rule| !rule.is_empty() && !rule.contains("deny"))
    }

    /// Whether any name is allowed one thing.
    pub(super) fn allows_anywhere(&self, capability: &str) -> bool {
        self.rules.values().any(|rule| rule.contains(capability))
    }

    /// Whether there is a rule that does not deny.
    pub(super) fn has_some(&self) -> bool {
        self.rules.values().any(|rule| !rule.contains("deny"))
    }

    /// Whether there is a rule whose name begins so.
    pub(super) fn has_below(&self, beginning: &str) -> bool {
        self.rules.keys().any(|name| name.starts_with(beginning))
    }

    /// Whether anything is allowed for any name.
    pub(super) fn allows_anything(&self) -> bool {
        self.rules.values().any(|rule| !rule.is_empty() && !rule.contains("deny"))
    }
}

/// Whether a pattern fits all of a text; `*` stands for any characters, or none.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(names: &[(&str, &str)]) -> Globs {
        let mut globs = Globs::default();
        names.iter().for_each(|(name, capability)| globs.add(name, [&(*capability).to_owned()]));
        globs
    }

    #[test]
    fn the_closest_rule_decides() {
        let globs = rules(&[("*", "write"), ("prod*", "deny"), ("prod-x", "read"), ("prod-*-eu", "list")]);
        assert!(globs.allows("anything", "write"));
        assert!(!globs.allows("prod", "write") && !globs.allows("production", "write"));
        assert!(globs.allows("prod-x", "read") && !globs.allows("prod-x", "write"));
        assert!(globs.allows("prod-a-eu", "list"));
        assert!(!rules(&[("a", "read")]).allows("b", "read"));
    }

    #[test]
    fn to_deny_is_stronger_than_to_allow() {
        let globs = rules(&[("a", "read"), ("a", "deny"), ("a", "write")]);
        assert!(!globs.allows("a", "read") && !globs.allows("a", "write") && !globs.allows_something("a"));
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, expected) in [
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("*b*", "abc", true),
            ("a*", "b", false),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
