//! From a path to its mount.

use std::collections::BTreeMap;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::logical::{Environment, MountView};
use crate::mounts::engine::Engine;
use crate::mounts::entry::{MountEntry, SystemTtl};
use crate::storage::{Table, Writes};

/// What serves a mount's requests.
pub(crate) enum Backend {
    System,
    Token,
    Identity,
    Cubbyhole,
    Engine(Box<dyn Engine>),
}

/// A mount with its engine.
pub(crate) struct Mount {
    pub(crate) entry: MountEntry,
    pub(crate) view: Arc<MountView>,
    /// Where the engine's entries are, with a trailing slash.
    storage: String,
    pub(crate) backend: Backend,
}

/// The mounts by path; none of them is a beginning of another's path.
#[derive(Default)]
pub(crate) struct Mounts {
    live: BTreeMap<String, Mount>,
    entries: Table<MountEntry>,
    /// Mounts that are gone, whose entries have to go too.
    abandoned: Vec<String>,
    system: SystemTtl,
}

impl Mounts {
    /// Sets the lifetimes of mounts that set none.
    pub(crate) fn set_system(&mut self, system: SystemTtl) {
        self.system = system;
        for mount in self.live.values_mut() {
            mount.entry.system = system;
            mount.view = Arc::new(mount.entry.view());
        }
    }

    /// The lifetimes of mounts that set none.
    pub(crate) fn system(&self) -> SystemTtl {
        self.system
    }

    /// Mounts.
    pub(crate) fn add(&mut self, mut entry: MountEntry, backend: Backend) {
        entry.system = self.system;
        self.entries.insert(entry.path.clone(), entry.clone());
        let view = Arc::new(entry.view());
        let storage = format!("logical/{}/", entry.uuid);
        self.live.insert(entry.path.clone(), Mount { entry, view, storage, backend });
    }

    /// Unmounts; gives what was there.
    pub(crate) fn remove(&mut self, path: &str) -> Option<Mount> {
        self.entries.remove(path);
        let mount = self.live.remove(path)?;
        self.abandoned.push(mount.entry.uuid.clone());
        Some(mount)
    }

    /// The mount at exactly that path, with its trailing slash.
    pub(crate) fn at(&self, path: &str) -> Option<&Mount> {
        self.live.get(path)
    }

    /// The same, to be served.
    pub(crate) fn at_mut(&mut self, path: &str) -> Option<&mut Mount> {
        self.live.get_mut(path)
    }

    /// Changes a mount's entry and everything that follows from it.
    pub(crate) fn tune(&mut self, path: &str, change: impl FnOnce(&mut MountEntry)) {
        if let Some(mount) = self.live.get_mut(path) {
            change(&mut mount.entry);
            mount.view = Arc::new(mount.entry.view());
            self.entries.insert(path, mount.entry.clone());
        }
    }

    /// Moves a mount with its engine.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        let Some(mut mount) = self.live.remove(from) else { return };
        self.entries.remove(from);
        mount.entry.path = to.to_owned();
        self.add(mount.entry, mount.backend);
    }

    /// The mount that a request's path belongs to. A path may name the mount without its slash.
    pub(crate) fn route(&self, path: &str) -> Option<&Mount> {
        let ends = path.match_indices('/').map(|(at, _)| at + 1).rev();
        ends.filter_map(|end| self.live.get(&path[..end]))
            .next()
            .or_else(|| self.live.get(&format!("{path}/")))
    }

    /// Every mount, in order of path.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Mount> {
        self.live.values()
    }

    /// When the next engine has something to do by itself.
    pub(crate) fn next_chore(&self) -> Option<OffsetDateTime> {
        self.engines().filter_map(|engine| engine.next_chore()).min()
    }

    /// Lets every engine do a bit of what is due.
    pub(crate) fn do_chores(&mut self, environment: &Environment) {
        for mount in self.live.values_mut() {
            if let Backend::Engine(engine) = &mut mount.backend
                && engine.next_chore().is_some_and(|next| next <= environment.now)
            {
                engine.do_chores(environment);
            }
        }
    }

    fn engines(&self) -> impl Iterator<Item = &dyn Engine> {
        self.live.values().filter_map(|mount| match &mount.backend {
            Backend::Engine(engine) => Some(engine.as_ref()),
            _ => None,
        })
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        self.entries.flush("core/mounts/", writes);
        for uuid in self.abandoned.drain(..) {
            writes.push(format!("logical/{uuid}/"), None);
        }
        for mount in self.live.values_mut() {
            if let Backend::Engine(engine) = &mut mount.backend {
                engine.flush(&mount.storage, writes);
            }
        }
    }

    /// Takes an engine's entry from the storage.
    pub(crate) fn load_engine(&mut self, uuid: &str, key: &str, bytes: &[u8]) -> Result<(), String> {
        let mount = self.live.values_mut().find(|mount| mount.entry.uuid == uuid);
        match mount.map(|mount| &mut mount.backend) {
            Some(Backend::Engine(engine)) => engine.load(key, bytes),
            _ => Ok(()),
        }
    }
}
