//! The rules by which policies are obeyed, one after another.

use std::collections::BTreeSet;

/// What can be granted; the first forbids everything.
pub(crate) const CAPABILITIES: [&str; 8] =
    ["deny", "create", "read", "update", "delete", "list", "sudo", "patch"];

/// A path and what is granted on it.
#[derive(Clone, Debug)]
pub(crate) struct Stanza {
    pub(crate) path: String,
    pub(crate) granted: Vec<&'static str>,
}

impl Stanza {
    /// As it is written in a policy.
    pub(crate) fn to_hcl(&self) -> String {
        format!("path {:?} {{\n  capabilities = {:?}\n}}\n", self.path, self.granted)
    }
}

/// What all stanzas together allow on a path, sorted; `deny` where it is nothing.
pub(crate) fn capabilities(stanzas: &[Stanza], path: &str) -> Vec<String> {
    // A list is asked for with a slash behind it; a rule without one counts for it too, and first.
    let bare = path.strip_suffix('/').unwrap_or(path);
    let exact = [path, bare]
        .into_iter()
        .find(|wanted| stanzas.iter().any(|stanza| stanza.path == *wanted && is_exact(wanted)));
    let deciding = exact
        .map(str::to_owned)
        .or_else(|| [bare, path].into_iter().find_map(|wanted| most_specific(stanzas, wanted)));
    let granted: BTreeSet<&str> = stanzas
        .iter()
        .filter(|stanza| Some(&stanza.path) == deciding.as_ref())
        .flat_map(|stanza| stanza.granted.iter().copied())
        .collect();
    if granted.is_empty() || granted.contains("deny") {
        return vec!["deny".to_owned()];
    }
    granted.into_iter().map(str::to_owned).collect()
}

fn is_exact(path: &str) -> bool {
    !path.ends_with('*') && path.split('/').all(|segment| segment != "+")
}

/// The one rule with a wildcard that decides about a path.
fn most_specific(stanzas: &[Stanza], path: &str) -> Option<String> {
    let matching =
        stanzas.iter().map(|stanza| &stanza.path).filter(|rule| !is_exact(rule) && matches(rule, path));
    matching.max_by_key(|rule| priority(rule)).cloned()
}

fn matches(rule: &str, path: &str) -> bool {
    let (rule, is_prefix) = match rule.strip_suffix('*') {
        Some(rule) => (rule, true),
        None => (rule, false),
    };
    let (rule, path): (Vec<&str>, Vec<&str>) = (rule.split('/').collect(), path.split('/').collect());
    let fits = |(index, (wanted, there)): (usize, (&&str, &&str))| {
        *wanted == "+"
            || wanted == there
            || (is_prefix && index + 1 == rule.len() && there.starts_with(*wanted))
    };
    let long_enough = if is_prefix { rule.len() <= path.len() } else { rule.len() == path.len() };
    long_enough && rule.iter().zip(&path).enumerate().all(fits)
}

/// What is later in this order is more specific: a later first wildcard, none at the end, fewer of them, longer, and
/// then by the letters.
fn priority(rule: &str) -> (usize, bool, std::cmp::Reverse<usize>, usize, String) {
    let first = rule.find('+').unwrap_or(usize::MAX).min(rule.strip_suffix('*').map_or(usize::MAX, str::len));
    let text = rule.strip_suffix('*').unwrap_or(rule);
    let wildcards = rule.split('/').filter(|segment| *segment == "+").count();
    (first, !rule.ends_with('*'), std::cmp::Reverse(wildcards), text.len(), text.to_owned())
}
