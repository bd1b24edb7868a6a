//! Where entities, aliases and groups are kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::model::{Entity, EntityAlias, Group};
use crate::identity::oidc::Oidc;
use crate::policy::{Subject, SubjectAlias, SubjectGroup};
use crate::storage::{Table, Writes};

/// The identity store.
#[derive(Default)]
pub(crate) struct Identity {
    pub(crate) entities: Table<Entity>,
    pub(crate) aliases: Table<EntityAlias>,
    pub(crate) groups: Table<Group>,
    pub(crate) oidc: Oidc,
    /// Alias ids by mount accessor and name.
    names: BTreeMap<(String, String), String>,
}

impl Identity {
    /// Whether an entity is there and not disabled.
    pub(crate) fn is_enabled(&self, id: &str) -> bool {
        self.entities.get(id).is_some_and(|entity| !entity.disabled)
    }

    /// The entity of that name; names are compared without case.
    pub(crate) fn entity_named(&self, name: &str) -> Option<&Entity> {
        self.entities.values().find(|entity| entity.name.eq_ignore_ascii_case(name))
    }

    /// The group of that name; names are compared without case.
    pub(crate) fn group_named(&self, name: &str) -> Option<&Group> {
        self.groups.values().find(|group| group.name.eq_ignore_ascii_case(name))
    }

    /// The alias of that name at a mount.
    pub(crate) fn alias_named(&self, accessor: &str, name: &str) -> Option<&EntityAlias> {
        self.aliases.get(self.names.get(&(accessor.to_owned(), name.to_owned()))?)
    }

    /// Puts an alias in, or in place of the one with its id.
    pub(crate) fn put_alias(&mut self, alias: EntityAlias) {
        self.remove_alias(&alias.id);
        self.names.insert((alias.mount_accessor.clone(), alias.name.clone()), alias.id.clone());
        self.aliases.insert(alias.id.clone(), alias);
    }

    /// Takes an alias out.
    pub(crate) fn remove_alias(&mut self, id: &str) -> Option<EntityAlias> {
        let alias = self.aliases.remove(id)?;
        self.names.remove(&(alias.mount_accessor.clone(), alias.name.clone()));
        Some(alias)
    }

    /// The aliases of an entity, in order of id.
    pub(crate) fn aliases_of<'a>(&'a self, entity: &'a str) -> impl Iterator<Item = &'a EntityAlias> {
        self.aliases.values().filter(move |alias| alias.canonical_id == entity)
    }

    /// The groups that have an entity as a member, and the groups that have those as members.
    pub(crate) fn groups_of(&self, entity: &str) -> (Vec<&Group>, Vec<&Group>) {
        let direct: Vec<&Group> = self
            .groups
            .values()
            .filter(|group| group.member_entity_ids.iter().any(|id| id == entity))
            .collect();
        let mut seen: BTreeSet<&str> = direct.iter().map(|group| group.id.as_str()).collect();
        let mut inherited = Vec::new();
        let mut front = direct.clone();
        while let Some(group) = front.pop() {
            for parent in self.groups.values().filter(|parent| parent.member_group_ids.contains(&group.id)) {
                if seen.insert(&parent.id) {
                    inherited.push(parent);
                    front.push(parent);
                }
            }
        }
        (direct, inherited)
    }

    /// The policies of an entity and of its groups.
    pub(crate) fn policies_of(&self, entity: &str) -> Vec<String> {
        let Some(entity) = self.entities.get(entity) else { return Vec::new() };
        let (direct, inherited) = self.groups_of(&entity.id);
        let groups = direct.iter().chain(&inherited).flat_map(|group| &group.policies);
        crate::policy::sanitize(&entity.policies.iter().chain(groups).cloned().collect::<Vec<_>>(), false)
    }

    /// What policies may say about an entity.
    pub(crate) fn subject(&self, entity: &str) -> Option<Subject> {
        let entity = self.entities.get(entity)?;
        let (direct, inherited) = self.groups_of(&entity.id);
        let aliases = self.aliases_of(&entity.id).map(|alias| {
            let subject = SubjectAlias {
                id: alias.id.clone(),
                name: alias.name.clone(),
                metadata: alias.metadata.clone().unwrap_or_default(),
                custom_metadata: alias.custom_metadata.clone().unwrap_or_default(),
            };
            (alias.mount_accessor.clone(), subject)
        });
        let groups = direct.iter().chain(&inherited).map(|group| SubjectGroup {
            id: group.id.clone(),
            name: group.name.clone(),
            metadata: group.metadata.clone().unwrap_or_default(),
        });
        Some(Subject {
            id: entity.id.clone(),
            name: entity.name.clone(),
            metadata: entity.metadata.clone().unwrap_or_default(),
            aliases: aliases.collect(),
            groups: groups.collect(),
        })
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        self.entities.flush("identity/entity/", writes);
        self.aliases.flush("identity/alias/", writes);
        self.groups.flush("identity/group/", writes);
        self.oidc.flush(writes);
    }

    pub(crate) fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.split_once('/') {
            Some(("entity", id)) => self.entities.load(id, bytes),
            Some(("group", id)) => self.groups.load(id, bytes),
            Some(("oidc", rest)) => self.oidc.load(rest, bytes),
            Some(("alias", id)) => {
                self.aliases.load(id, bytes)?;
                if let Some(alias) = self.aliases.get(id) {
                    self.names.insert((alias.mount_accessor.clone(), alias.name.clone()), alias.id.clone());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
