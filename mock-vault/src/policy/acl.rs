//! Several policies as one: what a token may do on a path.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound::{Included, Unbounded};
use std::time::Duration;

use crate::logical::{Data, Operation};
use crate::policy::parameters;
use crate::policy::rule::{Capabilities, Capability, Permissions, Policy};
use crate::policy::template::{Subject, expand};

/// What is asked of an [`Acl`].
pub(crate) struct Ask<'a> {
    pub(crate) operation: Operation,
    pub(crate) path: &'a str,
    pub(crate) data: &'a Data,
    pub(crate) wrap_ttl: Option<Duration>,
}

/// The merged stanzas of a token's policies, by the kind of their paths.
#[derive(Debug, Default)]
pub(crate) struct Acl {
    exact: BTreeMap<String, Permissions>,
    /// Without the final `*`.
    prefix: BTreeMap<String, Permissions>,
    /// With `+` segments; a final `*` is kept.
    segments: BTreeMap<String, Permissions>,
}

impl Acl {
    /// Merges policies. Templates are filled from `subject`; a stanza whose template has no value is left out.
    pub(crate) fn new<'p>(
        policies: impl IntoIterator<Item = &'p Policy>,
        subject: Option<&Subject>,
        now: time::OffsetDateTime,
    ) -> Self {
        let mut acl = Self::default();
        for rule in policies.into_iter().flat_map(|policy| &policy.rules) {
            if rule.path.contains("{{") {
                if let Some(path) = expand(&rule.path, subject, now) {
                    acl.add(&path, &rule.permissions);
                }
            } else {
                acl.add(&rule.path, &rule.permissions);
            }
        }
        acl
    }

    fn add(&mut self, path: &str, permissions: &Permissions) {
        let has_segments = path == "+" || path.starts_with("+/") || path.contains("/+");
        let (map, key) = if has_segments {
            (&mut self.segments, path)
        } else if let Some(prefix) = path.strip_suffix('*') {
            (&mut self.prefix, prefix)
        } else {
            (&mut self.exact, path)
        };
        match map.get_mut(key) {
            Some(known) => known.merge(permissions),
            None => {
                map.insert(key.to_owned(), permissions.clone());
            }
        }
    }

    /// Whether the operation is allowed, with its parameters and wrapping.
    pub(crate) fn allows(&self, ask: &Ask<'_>) -> bool {
        if ask.operation == Operation::Help {
            return true;
        }
        let Some(permissions) = self.find(ask.operation, ask.path) else { return false };
        let wanted = match ask.operation {
            Operation::Create => Capability::Create,
            Operation::Read | Operation::Help | Operation::Header => Capability::Read,
            Operation::Update => Capability::Update,
            Operation::Patch => Capability::Patch,
            Operation::Delete => Capability::Delete,
            Operation::List => Capability::List,
        };
        permissions.capabilities.has(wanted)
            && wrapping_allowed(permissions, ask.wrap_ttl)
            && (matches!(ask.operation, Operation::Delete | Operation::List)
                || parameters::allowed(permissions, ask.data))
    }

    /// Whether the one stanza that decides has `sudo`.
    pub(crate) fn sudo(&self, operation: Operation, path: &str) -> bool {
        self.find(operation, path).is_some_and(|permissions| permissions.capabilities.has(Capability::Sudo))
    }

    /// What may be done on a path, in whatever way.
    pub(crate) fn capabilities(&self, path: &str) -> Capabilities {
        self.find(Operation::List, path)
            .map_or_else(Capabilities::default, |permissions| permissions.capabilities)
    }

    /// Whether anything is allowed on or beneath a mount.
    pub(crate) fn reaches(&self, mount: &str) -> bool {
        let bare = mount.trim_end_matches('/');
        let open = |permissions: &Permissions| permissions.capabilities.allow_anything();
        let related = |path: &str| path.starts_with(mount) || path == bare || mount.starts_with(path);
        self.exact
            .iter()
            .any(|(path, permissions)| (path.starts_with(mount) || path == bare) && open(permissions))
            || self.prefix.iter().any(|(path, permissions)| related(path) && open(permissions))
            || self.segments.iter().any(|(path, permissions)| open(permissions) && could_reach(path, mount))
    }

    /// What is allowed by exact path, and by the others.
    pub(crate) fn resultant(&self) -> (Data, Data) {
        let shown = |(path, permissions): (&String, &Permissions)| (path.clone(), permissions.shown().into());
        let inexact = self.prefix.iter().chain(&self.segments);
        (self.exact.iter().map(shown).collect(), inexact.map(shown).collect())
    }

    /// The single stanza that decides: an exact one, or else the most specific of the others.
    fn find(&self, operation: Operation, path: &str) -> Option<&Permissions> {
        let bare = (operation == Operation::List).then(|| path.strip_suffix('/')).flatten();
        let exact = self.exact.get(path).or_else(|| self.exact.get(bare?));
        exact.or_else(|| self.inexact(bare?)).or_else(|| self.inexact(path))
    }

    fn inexact(&self, path: &str) -> Option<&Permissions> {
        let longest = self
            .prefix
            .range::<str, _>((Unbounded, Included(path)))
            .rev()
            .find(|(prefix, _)| path.starts_with(prefix.as_str()));
        let longest = longest.map(|(prefix, permissions)| {
            (Specificity { wildcard: prefix.len(), prefix: true, plus: 0, path: prefix }, permissions)
        });
        let segments = self.segments.iter().filter_map(|(pattern, permissions)| {
            let (body, prefix) = match pattern.strip_suffix('*') {
                Some(body) => (body, true),
                None => (pattern.as_str(), false),
            };
            let plus = match_segments(body, prefix, path)?;
            let wildcard = pattern.find('+').unwrap_or(pattern.len());
            Some((Specificity { wildcard, prefix, plus, path: body }, permissions))
        });
        longest
            .into_iter()
            .chain(segments)
            .max_by(|(a, _), (b, _)| a.cmp(b))
            .map(|(_, permissions)| permissions)
    }
}

/// How many `+` were used to match, or `None` without a match.
fn match_segments(body: &str, prefix: bool, path: &str) -> Option<usize> {
    let wanted: Vec<&str> = body.split('/').collect();
    let given: Vec<&str> = path.split('/').collect();
    if given.len() < wanted.len() || (!prefix && given.len() != wanted.len()) {
        return None;
    }
    let last = wanted.len() - 1;
    let fits = wanted.iter().zip(&given).enumerate().all(|(at, (wanted, given))| {
        *wanted == "+" || wanted == given || (prefix && at == last && given.starts_with(wanted))
    });
    fits.then(|| wanted.iter().filter(|segment| **segment == "+").count())
}

/// Whether a pattern with `+` can match something below a mount.
fn could_reach(pattern: &str, mount: &str) -> bool {
    let pattern = pattern.strip_suffix('*').unwrap_or(pattern);
    pattern
        .split('/')
        .zip(mount.trim_end_matches('/').split('/'))
        .all(|(wanted, given)| wanted == "+" || wanted == given || wanted.is_empty())
}

#[derive(PartialEq, Eq)]
struct Specificity<'a> {
    wildcard: usize,
    prefix: bool,
    plus: usize,
    path: &'a str,
}

impl Specificity<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.wildcard
            .cmp(&other.wildcard)
            .then_with(|| other.prefix.cmp(&self.prefix))
            .then_with(|| other.plus.cmp(&self.plus))
            .then_with(|| self.path.len().cmp(&other.path.len()))
            .then_with(|| self.path.cmp(other.path))
    }
}

fn wrapping_allowed(permissions: &Permissions, asked: Option<Duration>) -> bool {
    let (least, most) = (permissions.min_wrapping_ttl, permissions.max_wrapping_ttl);
    let fits = |limit: Duration, ok: fn(Duration, Duration) -> bool| {
        limit.is_zero() || asked.is_some_and(|asked| ok(asked, limit))
    };
    fits(most, |asked, limit| asked <= limit)
        && fits(least, |asked, limit| asked >= limit)
        && (least.is_zero() || most.is_zero() || least <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;
    use time::macros::datetime;

    fn acl(text: &str) -> Acl {
        let policies = [parse(text).expect(text)];
        Acl::new(&policies, None, datetime!(2026-01-01 0:00 UTC))
    }

    fn may(acl: &Acl, operation: Operation, path: &str) -> bool {
        acl.allows(&Ask { operation, path, data: &Data::new(), wrap_ttl: None })
    }

    #[test]
    fn the_most_specific_stanza_alone_decides() {
        let acl = acl(concat!(
            "path \"kv/a/*\" { capabilities = [\"read\", \"list\"] }\n",
            "path \"kv/a/deny/*\" { capabilities = [\"deny\"] }\n",
            "path \"kv/p/+/q\" { capabilities = [\"read\"] }\n",
            "path \"kv/exact\" { capabilities = [\"read\"] }\n",
            "path \"kv/exact*\" { capabilities = [\"list\"] }\n",
            "path \"kv/list/\" { capabilities = [\"list\"] }",
        ));
        use Operation::{List, Read};
        for (operation, path, expected) in [
            (Read, "kv/a/b", true),
            (Read, "kv/a/deny/x", false),
            (Read, "kv/p/one/q", true),
            (Read, "kv/p/one/two/q", false),
            (Read, "kv/exact", true),
            (Read, "kv/exact2", false),
            (List, "kv/exact2", true),
            (List, "kv/list/", true),
            (Read, "kv/list/x", false),
            (List, "kv/a/", true),
        ] {
            assert_eq!(may(&acl, operation, path), expected, "{operation:?} {path}");
        }
        assert_eq!(acl.capabilities("kv/a/b").names(), ["list", "read"]);
        assert_eq!(acl.capabilities("nothing").names(), ["deny"]);
        assert!(acl.reaches("kv/") && !acl.reaches("pki/"));
    }

    #[test]
    fn a_later_wildcard_and_fewer_of_them_win() {
        let acl = acl(concat!(
            "path \"a/+/c\" { capabilities = [\"read\"] }\n",
            "path \"a/b/*\" { capabilities = [\"deny\"] }\n",
            "path \"+/+/d\" { capabilities = [\"read\"] }\n",
            "path \"+/b/d\" { capabilities = [\"deny\"] }",
        ));
        assert!(!may(&acl, Operation::Read, "a/b/c"), "the glob comes later in the path");
        assert!(may(&acl, Operation::Read, "a/x/c"));
        assert!(!may(&acl, Operation::Read, "z/b/d"), "one plus beats two");
    }

    #[test]
    fn wrapping_can_be_demanded() {
        let acl = acl(
            "path \"a\" { capabilities = [\"read\"] min_wrapping_ttl = \"1m\" max_wrapping_ttl = \"1h\" }",
        );
        for (wrap, expected) in
            [(None, false), (Some(30), false), (Some(60), true), (Some(3600), true), (Some(3601), false)]
        {
            let ask = Ask {
                operation: Operation::Read,
                path: "a",
                data: &Data::new(),
                wrap_ttl: wrap.map(Duration::from_secs),
            };
            assert_eq!(acl.allows(&ask), expected, "{wrap:?}");
        }
    }
}
