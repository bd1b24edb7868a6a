//! `identity/entity`.

use lab_world::format_rfc3339_nano;
use serde_json::{Value, json};

use crate::identity::model::{Entity, EntityAlias};
use crate::identity::store::Identity;
use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::policy::sanitize;
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("id"),
    Field::text("name"),
    Field::pairs("metadata"),
    Field::comma_list("policies"),
    Field::flag("disabled"),
];
const BATCH: &[Field] = &[Field::list("entity_ids")];
const MERGE: &[Field] = &[
    Field::list("from_entity_ids"),
    Field::text("to_entity_id"),
    Field::flag("force"),
    Field::list("conflicting_alias_ids_to_keep"),
];

/// The endpoints of entities.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("entity", &[FIELDS], &[(Update, write)]),
    Endpoint::new("entity/batch-delete", &[BATCH], &[(Update, delete_batch)]),
    Endpoint::new("entity/merge/?", &[MERGE], &[(Update, merge)]),
    Endpoint::new("entity/id/?", &[], &[(List, list_ids)]),
    Endpoint::new("entity/id/{id}", &[FIELDS], &[(Read, read_id), (Update, write), (Delete, delete_id)]),
    Endpoint::new("entity/name/?", &[], &[(List, list_names)]),
    Endpoint::new(
        "entity/name/{name+}",
        &[FIELDS],
        &[(Read, read_name), (Update, write), (Delete, delete_name)],
    ),
];

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let (id, name) = (fields.text("id"), fields.text("name"));
    let policies = sanitize(&fields.list("policies"), false);
    if policies.iter().any(|policy| policy == "root") {
        return Err(Refusal::invalid("policies cannot contain root"));
    }
    let identity = &mut state.identity;
    let by_name = identity.entity_named(name).map(|entity| entity.id.clone());
    let known = match id {
        "" => by_name,
        id if !identity.entities.contains(id) => return Err(Refusal::invalid("entity not found from id")),
        id if by_name.as_deref().is_some_and(|other| other != id) => {
            return Err(Refusal::invalid("entity name is already in use"));
        }
        id => Some(id.to_owned()),
    };
    let created = known.is_none();
    let id = known.unwrap_or_else(|| identity.create_entity(name.to_owned(), call.environment));
    if let Some(entity) = identity.entities.get_mut(&id) {
        if !name.is_empty() {
            entity.name = name.to_owned();
        }
        if fields.has("metadata") {
            entity.metadata = Some(fields.pairs("metadata")).filter(|metadata| !metadata.is_empty());
        }
        if fields.has("policies") {
            entity.policies = policies;
        }
        if fields.has("disabled") {
            entity.disabled = fields.flag("disabled");
        }
        entity.updated = call.now();
    }
    if !created {
        return Ok(Reply::Nothing);
    }
    let name = identity.entities.get(&id).map(|entity| entity.name.clone());
    respond(json!({"aliases": null, "id": id, "name": name}))
}

fn read_id(state: &mut State, call: &Call<'_>) -> Outcome {
    answer(&state.identity, state.identity.entities.get(call.fields.text("id")))
}

fn read_name(state: &mut State, call: &Call<'_>) -> Outcome {
    answer(&state.identity, state.identity.entity_named(call.fields.text("name")))
}

fn answer(identity: &Identity, entity: Option<&Entity>) -> Outcome {
    match entity {
        Some(entity) => respond(describe(identity, entity)),
        None => Ok(Reply::Nothing),
    }
}

fn delete_id(state: &mut State, call: &Call<'_>) -> Outcome {
    remove(state, call.fields.text("id"));
    Ok(Reply::Nothing)
}

fn delete_name(state: &mut State, call: &Call<'_>) -> Outcome {
    if let Some(id) = state.identity.entity_named(call.fields.text("name")).map(|entity| entity.id.clone()) {
        remove(state, &id);
    }
    Ok(Reply::Nothing)
}

fn delete_batch(state: &mut State, call: &Call<'_>) -> Outcome {
    let ids = call.fields.list("entity_ids");
    if ids.is_empty() {
        return Err(Refusal::invalid("missing entity ids to delete"));
    }
    ids.iter().for_each(|id| remove(state, id));
    Ok(Reply::Nothing)
}

/// An entity goes with its aliases and its memberships.
fn remove(state: &mut State, id: &str) {
    let identity = &mut state.identity;
    let aliases: Vec<String> = identity.aliases_of(id).map(|alias| alias.id.clone()).collect();
    for alias in aliases {
        identity.remove_alias(&alias);
    }
    let groups: Vec<String> = identity.groups_of(id).0.iter().map(|group| group.id.clone()).collect();
    for group in groups {
        if let Some(group) = identity.groups.get_mut(&group) {
            group.member_entity_ids.retain(|member| member != id);
        }
    }
    identity.entities.remove(id);
}

fn merge(state: &mut State, call: &Call<'_>) -> Outcome {
    let (from, to) = (call.fields.list("from_entity_ids"), call.fields.text("to_entity_id"));
    let identity = &mut state.identity;
    if to.is_empty() {
        return Err(Refusal::invalid("missing entity id to merge to"));
    }
    if from.is_empty() {
        return Err(Refusal::invalid("missing entity ids to merge from"));
    }
    if !identity.entities.contains(to) {
        return Err(Refusal::invalid("entity id to merge to is invalid"));
    }
    for id in &from {
        if id == to {
            return Err(Refusal::invalid("to_entity_id should not be present in from_entity_ids"));
        }
        if !identity.entities.contains(id) {
            return Err(Refusal::invalid("entity id to merge from is invalid"));
        }
    }
    for id in &from {
        let moved: Vec<EntityAlias> = identity.aliases_of(id).cloned().collect();
        for mut alias in moved {
            alias.canonical_id = to.to_owned();
            alias.merged_from.get_or_insert_default().push(id.clone());
            alias.updated = call.now();
            identity.put_alias(alias);
        }
        let gone = identity.entities.remove(id);
        if let (Some(entity), Some(gone)) = (identity.entities.get_mut(to), gone) {
            entity.policies = sanitize(&[entity.policies.clone(), gone.policies].concat(), false);
            entity.merged_entity_ids.get_or_insert_default().push(id.clone());
            entity.updated = call.now();
        }
    }
    Ok(Reply::Nothing)
}

fn list_ids(state: &mut State, _: &Call<'_>) -> Outcome {
    let identity = &state.identity;
    let mut info = Data::new();
    for (id, entity) in identity.entities.iter() {
        let aliases: Vec<Value> = identity.aliases_of(id).map(brief).collect();
        let mut row = json!({"name": entity.name});
        if !aliases.is_empty() {
            row["aliases"] = Value::Array(aliases);
        }
        info.insert(id.clone(), row);
    }
    let mut response = Response::keys(identity.entities.names().cloned().collect::<Vec<_>>());
    if let Some(data) = response.data.as_mut().filter(|_| !info.is_empty()) {
        data.insert("key_info".into(), Value::Object(info));
    }
    response.ok()
}

fn list_names(state: &mut State, _: &Call<'_>) -> Outcome {
    let mut names: Vec<String> = state.identity.entities.values().map(|entity| entity.name.clone()).collect();
    names.sort();
    Response::keys(names).ok()
}

fn brief(alias: &EntityAlias) -> Value {
    json!({
        "canonical_id": alias.canonical_id, "id": alias.id, "mount_accessor": alias.mount_accessor,
        "mount_path": alias.mount_path, "mount_type": alias.mount_type, "name": alias.name,
    })
}

/// An alias as entities show it.
pub(super) fn describe_alias(alias: &EntityAlias) -> Value {
    json!({
        "canonical_id": alias.canonical_id, "creation_time": format_rfc3339_nano(alias.created),
        "custom_metadata": alias.custom_metadata, "id": alias.id, "last_update_time": format_rfc3339_nano(alias.updated),
        "local": false, "merged_from_canonical_ids": alias.merged_from, "metadata": alias.metadata,
        "mount_accessor": alias.mount_accessor, "mount_path": alias.mount_path, "mount_type": alias.mount_type,
        "name": alias.name,
    })
}

/// An entity as it is read.
pub(super) fn describe(identity: &Identity, entity: &Entity) -> Value {
    let (direct, inherited) = identity.groups_of(&entity.id);
    let ids = |groups: &[&crate::identity::model::Group]| {
        groups.iter().map(|group| group.id.clone()).collect::<Vec<_>>()
    };
    let (direct, inherited) = (ids(&direct), ids(&inherited));
    let all = [direct.clone(), inherited.clone()].concat();
    json!({
        "aliases": identity.aliases_of(&entity.id).map(describe_alias).collect::<Vec<_>>(),
        "creation_time": format_rfc3339_nano(entity.created), "direct_group_ids": direct, "disabled": entity.disabled,
        "group_ids": all, "id": entity.id, "inherited_group_ids": inherited,
        "last_update_time": format_rfc3339_nano(entity.updated), "merged_entity_ids": entity.merged_entity_ids,
        "metadata": entity.metadata, "name": entity.name, "namespace_id": "root", "policies": entity.policies,
    })
}
