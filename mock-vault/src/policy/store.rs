//! Where policies are kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::policy::acl::Acl;
use crate::policy::builtin::DEFAULT_POLICY;
use crate::policy::parse::{ParseError, parse};
use crate::policy::rule::Policy;
use crate::policy::template::Subject;
use crate::storage::{Table, Writes};

/// Policies that only the server itself may assign.
const UNASSIGNABLE: [&str; 2] = ["response-wrapping", "control-group"];

/// What wrapping tokens may do.
const RESPONSE_WRAPPING: &str = "path \"cubbyhole/response\" { capabilities = [\"create\", \"read\"] }\n\
    path \"sys/wrapping/unwrap\" { capabilities = [\"update\"] }";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    text: String,
}

/// The policies by name, read once and combined once for each set that a token has.
#[derive(Default)]
pub(crate) struct PolicyStore {
    texts: Table<Stored>,
    parsed: BTreeMap<String, Policy>,
    combined: BTreeMap<Vec<String>, Arc<Acl>>,
}

impl PolicyStore {
    /// The policies of a new server.
    pub(crate) fn install(&mut self) {
        // The built-in texts are read by a test.
        let _ = self.set("default", DEFAULT_POLICY);
        let _ = self.set("response-wrapping", RESPONSE_WRAPPING);
        let _ = self.set("control-group", "");
    }

    /// Writes a policy; tells whether it repeats attributes.
    pub(crate) fn set(&mut self, name: &str, text: &str) -> Result<bool, ParseError> {
        let policy = parse(text)?;
        let duplicates = policy.duplicates;
        self.texts.insert(name, Stored { text: text.to_owned() });
        self.parsed.insert(name.to_owned(), policy);
        self.combined.clear();
        Ok(duplicates)
    }

    /// Removes a policy, if it is there.
    pub(crate) fn remove(&mut self, name: &str) {
        self.texts.remove(name);
        self.parsed.remove(name);
        self.combined.clear();
    }

    /// A policy's text; that of `root` is empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        if name == "root" { Some("") } else { self.texts.get(name).map(|stored| stored.text.as_str()) }
    }

    /// Whether a token with it can do anything by it.
    pub(crate) fn exists(&self, name: &str) -> bool {
        name == "root" || self.texts.contains(name)
    }

    /// The names that are shown, with `root` last.
    pub(crate) fn names(&self) -> Vec<String> {
        let shown = self.texts.names().filter(|name| !UNASSIGNABLE.contains(&name.as_str())).cloned();
        shown.chain(["root".to_owned()]).collect()
    }

    /// Whether clients may neither write nor assign it.
    pub(crate) fn is_internal(name: &str) -> bool {
        UNASSIGNABLE.contains(&name)
    }

    /// What these policies allow together. `names` are sorted.
    pub(crate) fn acl(
        &mut self,
        names: &[String],
        subject: Option<&Subject>,
        now: OffsetDateTime,
    ) -> Arc<Acl> {
        let policies = || names.iter().filter_map(|name| self.parsed.get(name));
        if policies().any(|policy| policy.templated) && subject.is_some() {
            return Arc::new(Acl::new(policies(), subject, now));
        }
        if let Some(acl) = self.combined.get(names) {
            return Arc::clone(acl);
        }
        let acl = Arc::new(Acl::new(policies(), None, now));
        // Templates with a time in them must not be remembered.
        if !policies().any(|policy| policy.rules.iter().any(|rule| rule.path.contains("time.now"))) {
            self.combined.insert(names.to_vec(), Arc::clone(&acl));
        }
        acl
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        self.texts.flush("core/policy/", writes);
    }

    pub(crate) fn load(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        self.texts.load(name, bytes)?;
        let text = self.texts.get(name).map(|stored| stored.text.clone()).unwrap_or_default();
        self.parsed.insert(name.to_owned(), parse(&text).map_err(|error| error.to_string())?);
        Ok(())
    }
}

/// Policy names as tokens carry them: trimmed, lower case, each once, in order; `root` stands alone. `default` is added
/// where asked.
pub(crate) fn sanitize(names: &[String], add_default: bool) -> Vec<String> {
    let mut names = listed(names);
    if names.iter().any(|name| name == "root") {
        return vec!["root".to_owned()];
    }
    if add_default {
        names.push("default".to_owned());
    }
    names.sort();
    names.dedup();
    names
}

/// Names in lower case, each once and in order.
pub(crate) fn listed(names: &[String]) -> Vec<String> {
    let mut names: Vec<String> =
        names.iter().map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty()).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_policies_parse() {
        let mut store = PolicyStore::default();
        store.install();
        assert_eq!(store.names(), ["default", "root"]);
        assert!(parse(RESPONSE_WRAPPING).is_ok() && parse(DEFAULT_POLICY).is_ok());
        assert!(parse(DEFAULT_POLICY).expect("checked").templated);
    }

    #[test]
    fn names_are_sorted_and_root_stands_alone() {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(sanitize(&names(&["B", " a ", "b", ""]), true), ["a", "b", "default"]);
        assert_eq!(sanitize(&names(&["a", "Root"]), true), ["root"]);
    }
}
