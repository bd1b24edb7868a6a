//! Typed state that knows what of it must be written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Bound;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::storage::writes::{Scope, Writes};

/// Rows by name. Every change is remembered until [`Table::flush`] hands it to the storage.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    rows: BTreeMap<String, T>,
    changed: BTreeSet<String>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<T> Table<T> {
    /// The row called `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.rows.get(name)
    }

    /// Whether there is a row called `name`.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.rows.contains_key(name)
    }

    /// The row called `name`, to be changed.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let row = self.rows.get_mut(name)?;
        self.changed.insert(name.to_owned());
        Some(row)
    }

    /// Puts a row in; gives the old one.
    pub(crate) fn insert(&mut self, name: impl Into<String>, row: T) -> Option<T> {
        let name = name.into();
        self.changed.insert(name.clone());
        self.rows.insert(name, row)
    }

    /// Takes a row out.
    pub(crate) fn remove(&mut self, name: &str) -> Option<T> {
        let row = self.rows.remove(name)?;
        self.changed.insert(name.to_owned());
        Some(row)
    }

    /// The rows in order of name.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&String, &T)> {
        self.rows.iter()
    }

    /// The rows whose name begins with `prefix`, in order of name.
    pub(crate) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a T)> {
        self.rows.range(prefix.to_owned()..).take_while(move |(name, _)| name.starts_with(prefix))
    }

    /// The rows behind the one called `name`, in order of name.
    pub(crate) fn after<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a String, &'a T)> {
        self.rows.range::<str, _>((Bound::Excluded(name), Bound::Unbounded))
    }

    /// The names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.rows.keys()
    }

    /// The rows in order of name.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What a list of the "directory" `prefix` shows: its rows, and its directories with a slash.
    pub(crate) fn list(&self, prefix: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in self.under(prefix) {
            let rest = &name[prefix.len()..];
            let shown = rest.find('/').map_or(rest, |slash| &rest[..=slash]);
            if !shown.is_empty() && names.last().is_none_or(|last| last != shown) {
                names.push(shown.to_owned());
            }
        }
        names.sort();
        names.dedup();
        names
    }
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    /// Hands over the rows, or those that changed since the last time, with `prefix` before the names.
    pub(crate) fn flush(&mut self, prefix: impl Display, writes: &mut Writes) {
        // This is done for every table after every request, and most requests change nothing.
        if self.changed.is_empty() && writes.scope != Scope::Everything {
            return;
        }
        let changed = std::mem::take(&mut self.changed);
        match writes.scope {
            Scope::Count => writes.counted += changed.len() as u64,
            Scope::Changes => changed.iter().for_each(|name| {
                writes.push(format!("{prefix}{name}"), self.rows.get(name).map(encode));
            }),
            Scope::Everything => self.rows.iter().for_each(|(name, row)| {
                writes.push(format!("{prefix}{name}"), Some(encode(row)));
            }),
        }
    }

    /// Takes a row from the storage.
    ///
    /// Errors: what is wrong with the bytes.
    pub(crate) fn load(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        self.rows.insert(name.to_owned(), decode(bytes)?);
        Ok(())
    }
}

/// A single value that knows whether it must be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record<T> {
    value: T,
    changed: bool,
}

impl<T: Serialize + DeserializeOwned> Record<T> {
    /// The value.
    pub(crate) fn get(&self) -> &T {
        &self.value
    }

    /// The value, to be changed.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.changed = true;
        &mut self.value
    }

    /// Replaces the value.
    pub(crate) fn set(&mut self, value: T) {
        *self.get_mut() = value;
    }

    /// Hands the value over under `key`, if that is asked for or it changed since the last time.
    pub(crate) fn flush(&mut self, key: impl Display, writes: &mut Writes) {
        let changed = std::mem::take(&mut self.changed);
        match writes.scope {
            Scope::Count => writes.counted += u64::from(changed),
            Scope::Changes if !changed => {}
            Scope::Changes | Scope::Everything => writes.push(key.to_string(), Some(encode(&self.value))),
        }
    }

    /// Takes the value from the storage.
    ///
    /// Errors: what is wrong with the bytes.
    pub(crate) fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.value = decode(bytes)?;
        Ok(())
    }
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Stored types have text keys and no way to fail.
    serde_json::to_vec(value).expect("stored types serialize")
}

/// Reads an entry's bytes.
///
/// Errors: what is wrong with them.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    deep(bytes).map_err(|error| error.to_string())
}

/// Reads JSON however deep it is nested. Requests are held to a depth before; others begin with no bracket.
pub(crate) fn deep<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end().map(|()| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_handed_over_once() {
        let mut table: Table<u32> = Table::default();
        table.insert("a/b", 1);
        table.insert("a/c/d", 2);
        table.insert("e", 3);
        table.remove("e");
        let mut writes = Writes::new(Scope::Changes);
        table.flush("p/", &mut writes);
        let written: Vec<_> =
            writes.list.iter().map(|write| (write.key.as_str(), write.value.as_deref())).collect();
        assert_eq!(written, [("p/a/b", Some(&b"1"[..])), ("p/a/c/d", Some(&b"2"[..])), ("p/e", None)]);
        let mut writes = Writes::new(Scope::Changes);
        table.flush("p/", &mut writes);
        assert!(writes.list.is_empty());
        assert_eq!(table.list("a/"), ["b", "c/"]);
        assert_eq!(table.list(""), ["a/"]);
    }

    #[test]
    fn everything_is_handed_over_where_only_changes_were_counted() {
        let mut table: Table<u32> = Table::default();
        let mut record: Record<u32> = Record::default();
        table.insert("a", 1);
        table.insert("b", 2);
        table.remove("b");
        record.set(3);
        let mut flush = |scope| {
            let mut writes = Writes::new(scope);
            table.flush("t/", &mut writes);
            record.flush("r", &mut writes);
            let keys: Vec<String> = writes.list.iter().map(|write| write.key.clone()).collect();
            (writes.counted, keys)
        };
        assert_eq!(flush(Scope::Count), (3, vec![]));
        assert_eq!(flush(Scope::Count), (0, vec![]));
        assert_eq!(flush(Scope::Everything), (0, vec!["t/a".to_owned(), "r".to_owned()]));
    }
}
