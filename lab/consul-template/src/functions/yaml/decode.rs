//! The value that a tree stands for.

use std::collections::{BTreeMap, BTreeSet};

use lab_template::Value;

use super::scalar;
use super::tree::{Node, Tree};

const MERGE_TAG: &str = "tag:yaml.org,2002:merge";
const NO_MAP: &str = "map merge requires map or sequence of maps as the value";

/// Between these numbers of values the part of them that may come from aliases goes down.
const SMALL: u32 = 400_000;
const LARGE: u32 = 4_000_000;

/// Takes the values of a document.
pub(super) struct Decoder<'t> {
    tree: &'t Tree,
    /// The aliases that are being followed.
    followed: BTreeSet<usize>,
    decoded: u32,
    decoded_by_alias: u32,
}

impl<'t> Decoder<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        Self { tree, followed: BTreeSet::new(), decoded: 0, decoded_by_alias: 0 }
    }

    pub(super) fn decode(mut self) -> Result<Value, String> {
        self.value(self.tree.root())
    }

    fn value(&mut self, id: usize) -> Result<Value, String> {
        self.count()?;
        match self.tree.node(id) {
            Node::Scalar { text, tag, is_plain } => scalar::value(text, tag.as_deref(), *is_plain),
            Node::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.value(*item)).collect();
                items.map(Value::list)
            }
            Node::Map(_) => {
                let mut map = BTreeMap::new();
                self.entries(id, &mut map)?;
                Ok(Value::map(map))
            }
            Node::Alias(target) => self.follow(id, |decoder| decoder.value(*target)),
        }
    }

    fn follow<T>(
        &mut self,
        alias: usize,
        read: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        if !self.followed.insert(alias) {
            return Err("anchor value contains itself".to_owned());
        }
        let value = read(self);
        self.followed.remove(&alias);
        value
    }

    /// A few lines could stand for millions of values.
    fn count(&mut self) -> Result<(), String> {
        self.decoded += 1;
        self.decoded_by_alias += u32::from(!self.followed.is_empty());
        let way = f64::from(self.decoded.clamp(SMALL, LARGE) - SMALL) / f64::from(LARGE - SMALL);
        let allowed = 0.99 - 0.89 * way;
        let part = f64::from(self.decoded_by_alias) / f64::from(self.decoded);
        if self.decoded_by_alias > 100 && self.decoded > 1000 && part > allowed {
            return Err("document contains excessive aliasing".to_owned());
        }
        Ok(())
    }

    /// Puts the entries of a map into another, those of the maps that it merges too. Later ones win.
    fn entries(&mut self, id: usize, into: &mut BTreeMap<String, Value>) -> Result<(), String> {
        let Node::Map(entries) = self.tree.node(id) else { return Ok(()) };
        for (key, value) in entries {
            if self.is_merge(*key) {
                self.merge(*value, into)?;
                continue;
            }
            let key = match self.value(*key)? {
                key @ (Value::Map(_) | Value::List(_)) => {
                    return Err(format!("invalid map key: {}", key.display()));
                }
                key => key.display(),
            };
            let value = self.value(*value)?;
            into.insert(key, value);
        }
        Ok(())
    }

    fn is_merge(&self, key: usize) -> bool {
        let Node::Scalar { text, tag, is_plain } = self.tree.node(key) else { return false };
        text == "<<" && (*is_plain || tag.as_deref() == Some(MERGE_TAG))
    }

    fn merge(&mut self, id: usize, into: &mut BTreeMap<String, Value>) -> Result<(), String> {
        self.count()?;
        match self.tree.node(id) {
            Node::Map(_) => self.entries(id, into),
            Node::Alias(target) if self.is_map(*target) => {
                self.follow(id, |decoder| decoder.entries(*target, into))
            }
            // The first of them wins.
            Node::List(items) => items.iter().rev().try_for_each(|item| match self.tree.node(*item) {
                Node::List(_) => Err(NO_MAP.to_owned()),
                _ => self.merge(*item, into),
            }),
            _ => Err(NO_MAP.to_owned()),
        }
    }

    fn is_map(&self, id: usize) -> bool {
        matches!(self.tree.node(id), Node::Map(_))
    }
}
