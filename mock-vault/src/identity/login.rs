//! What a login does to the identity store.

use crate::identity::model::{Entity, EntityAlias};
use crate::identity::store::Identity;
use crate::logical::{Alias, Environment, MountView, Refusal};

impl Identity {
    /// The entity behind an alias, made where there is none. The alias keeps what this login says, and nothing of
    /// what an earlier one said.
    ///
    /// Errors: `permission denied` for a disabled entity; metadata without a name.
    pub(crate) fn login(
        &mut self,
        mount: &MountView,
        alias: &Alias,
        environment: &Environment,
    ) -> Result<String, Refusal> {
        let metadata = (!alias.metadata.is_empty()).then(|| alias.metadata.clone());
        if let Some(mut known) = self.alias_named(&mount.accessor, &alias.name).cloned() {
            if !self.is_enabled(&known.canonical_id) {
                return Err(Refusal::Plain { status: 403, text: "permission denied".into() });
            }
            if known.metadata != metadata {
                known.metadata = metadata;
                known.updated = environment.now;
                self.put_alias(known.clone());
            }
            return Ok(known.canonical_id);
        }
        // Only a new alias is looked at that closely.
        if let Some(value) = alias.metadata.get("") {
            return Err(Refusal::Failed(format!(
                "invalid alias metadata: failed to load metadata pair (\"\", {value:?}): key cannot be blank"
            )));
        }
        let entity = self.create_entity(String::new(), environment);
        self.put_alias(EntityAlias {
            id: environment.entropy.uuid(),
            canonical_id: entity.clone(),
            name: alias.name.clone(),
            mount_accessor: mount.accessor.clone(),
            mount_path: mount.path.clone(),
            mount_type: mount.kind.clone(),
            metadata,
            custom_metadata: None,
            created: environment.now,
            updated: environment.now,
            merged_from: None,
        });
        Ok(entity)
    }

    /// Makes an entity, with a name of its own where none is given; gives its id.
    pub(crate) fn create_entity(&mut self, name: String, environment: &Environment) -> String {
        let id = environment.entropy.uuid();
        let name = if name.is_empty() {
            format!("entity_{}", hex::encode(environment.entropy.bytes::<4>()))
        } else {
            name
        };
        self.entities.insert(
            id.clone(),
            Entity {
                id: id.clone(),
                name,
                metadata: None,
                policies: Vec::new(),
                disabled: false,
                created: environment.now,
                updated: environment.now,
                merged_entity_ids: None,
            },
        );
        id
    }

    /// Makes an entity a member of exactly those external groups of a mount whose alias the login named.
    pub(crate) fn join_groups(&mut self, entity: &str, accessor: &str, names: &[String]) {
        let external: Vec<(String, bool)> = self
            .groups
            .values()
            .filter_map(|group| {
                let alias = group
                    .alias
                    .as_ref()
                    .filter(|alias| group.external && alias.mount_accessor == accessor)?;
                Some((group.id.clone(), names.contains(&alias.name)))
            })
            .collect();
        for (id, member) in external {
            let Some(group) = self.groups.get(&id) else { continue };
            let is = group.member_entity_ids.iter().any(|id| id == entity);
            if is != member
                && let Some(group) = self.groups.get_mut(&id)
            {
                group.member_entity_ids.retain(|id| id != entity);
                if member {
                    group.member_entity_ids.push(entity.to_owned());
                }
            }
        }
    }
}
