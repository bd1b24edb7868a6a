//! `identity/group-alias`: the names of external groups.

use lab_world::format_rfc3339_nano;
use serde_json::{Value, json};

use crate::identity::alias::auth_mount;
use crate::identity::model::{Group, GroupAlias};
use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::state::State;

const FIELDS: &[Field] =
    &[Field::text("id"), Field::text("name"), Field::text("mount_accessor"), Field::text("canonical_id")];

/// The endpoints of group aliases.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("group-alias", &[FIELDS], &[(Update, write)]),
    Endpoint::new("group-alias/id/?", &[], &[(List, list)]),
    Endpoint::new("group-alias/id/{id}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)]),
];

/// A group's alias as it is read.
pub(super) fn describe_alias(alias: &GroupAlias, group: &str) -> Value {
    json!({
        "canonical_id": group, "creation_time": format_rfc3339_nano(alias.created), "id": alias.id,
        "last_update_time": format_rfc3339_nano(alias.updated), "merged_from_canonical_ids": null, "metadata": null,
        "mount_accessor": alias.mount_accessor, "mount_path": alias.mount_path, "mount_type": alias.mount_type,
        "name": alias.name,
    })
}

fn owner<'a>(state: &'a State, id: &str) -> Option<&'a Group> {
    state.identity.groups.values().find(|group| group.alias.as_ref().is_some_and(|alias| alias.id == id))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let (id, name, accessor, canonical) =
        (fields.text("id"), fields.text("name"), fields.text("mount_accessor"), fields.text("canonical_id"));
    let known = owner(state, id).map(|group| group.id.clone());
    if !id.is_empty() && known.is_none() {
        return Err(Refusal::invalid("invalid group alias ID"));
    }
    if name.is_empty() {
        return Err(Refusal::invalid("missing alias name"));
    }
    if accessor.is_empty() {
        return Err(Refusal::invalid("missing mount_accessor"));
    }
    let Some((mount_path, mount_type)) = auth_mount(state, accessor) else {
        return Err(Refusal::Invalid(format!("invalid mount accessor {accessor:?}")));
    };
    let target = if canonical.is_empty() { known.unwrap_or_default() } else { canonical.to_owned() };
    let alias_id = if id.is_empty() { call.environment.entropy.uuid() } else { id.to_owned() };
    let Some(group) = state.identity.groups.get_mut(&target) else {
        return Err(Refusal::invalid("invalid canonical ID"));
    };
    if !group.external {
        return Err(Refusal::invalid("alias can't be set on an internal group"));
    }
    group.alias = Some(GroupAlias {
        id: alias_id.clone(),
        name: name.to_owned(),
        mount_accessor: accessor.to_owned(),
        mount_path,
        mount_type,
        created: group.alias.as_ref().map_or(call.now(), |alias| alias.created),
        updated: call.now(),
    });
    group.modify_index += 1;
    group.updated = call.now();
    respond(json!({"canonical_id": target, "id": alias_id}))
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let group = owner(state, call.fields.text("id"));
    match group.and_then(|group| Some(describe_alias(group.alias.as_ref()?, &group.id))) {
        Some(mut described) => {
            described["custom_metadata"] = Value::Null;
            described["local"] = false.into();
            described["namespace_id"] = "root".into();
            respond(described)
        }
        None => Ok(Reply::Nothing),
    }
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let group = owner(state, call.fields.text("id")).map(|group| group.id.clone());
    if let Some(group) = group.and_then(|id| state.identity.groups.get_mut(&id)) {
        group.alias = None;
    }
    Ok(Reply::Nothing)
}

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    let aliases = state.identity.groups.values().filter_map(|group| Some((group, group.alias.as_ref()?)));
    let info: Data = aliases
        .map(|(group, alias)| {
            let row = json!({
                "canonical_id": group.id, "custom_metadata": null, "local": false, "metadata": null,
                "mount_accessor": alias.mount_accessor, "mount_path": alias.mount_path, "mount_type": alias.mount_type,
                "name": alias.name,
            });
            (alias.id.clone(), row)
        })
        .collect();
    let mut response = Response::keys(info.keys().cloned().collect::<Vec<_>>());
    if let Some(data) = response.data.as_mut().filter(|_| !info.is_empty()) {
        data.insert("key_info".into(), Value::Object(info));
    }
    response.ok()
}
