//! `identity/group`.

use lab_world::format_rfc3339_nano;
use serde_json::{Value, json};

use crate::identity::group_alias::describe_alias;
use crate::identity::model::Group;
use crate::identity::store::Identity;
use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::policy::sanitize;
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("id"),
    Field::text("type"),
    Field::text("name"),
    Field::pairs("metadata"),
    Field::comma_list("policies"),
    Field::comma_list("member_group_ids"),
    Field::comma_list("member_entity_ids"),
];

/// The endpoints of groups.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("group", &[FIELDS], &[(Update, write)]),
    Endpoint::new("group/id/?", &[], &[(List, list_ids)]),
    Endpoint::new("group/id/{id}", &[FIELDS], &[(Read, read_id), (Update, write), (Delete, delete_id)]),
    Endpoint::new("group/name/?", &[], &[(List, list_names)]),
    Endpoint::new(
        "group/name/{name+}",
        &[FIELDS],
        &[(Read, read_name), (Update, write), (Delete, delete_name)],
    ),
];

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let (id, name) = (fields.text("id"), fields.text("name"));
    let identity = &mut state.identity;
    let by_name = identity.group_named(name).map(|group| group.id.clone());
    let known = match id {
        "" => by_name,
        id if !identity.groups.contains(id) => return Err(Refusal::invalid("invalid group ID")),
        id if by_name.as_deref().is_some_and(|other| other != id) => {
            return Err(Refusal::invalid("group name is already in use"));
        }
        id => Some(id.to_owned()),
    };
    let created = known.is_none();
    let mut group = match known.and_then(|id| identity.groups.get(&id).cloned()) {
        Some(group) => group,
        None => fresh(call)?,
    };
    kind(&mut group, call, created)?;
    members(identity, &mut group, call)?;
    if !name.is_empty() {
        group.name = name.to_owned();
    }
    if fields.has("metadata") {
        group.metadata = Some(fields.pairs("metadata"));
    }
    if fields.has("policies") {
        group.policies = sanitize(&fields.list("policies"), false);
        if group.policies.iter().any(|policy| policy == "root") {
            return Err(Refusal::invalid("policies cannot contain root"));
        }
    }
    group.modify_index += 1;
    group.updated = call.now();
    let answer = json!({"id": group.id, "name": group.name});
    identity.groups.insert(group.id.clone(), group);
    if created { respond(answer) } else { Ok(Reply::Nothing) }
}

fn fresh(call: &Call<'_>) -> Result<Group, Refusal> {
    let entropy = &call.environment.entropy;
    Ok(Group {
        id: entropy.uuid(),
        name: format!("group_{}", hex::encode(entropy.bytes::<4>())),
        external: false,
        policies: Vec::new(),
        metadata: None,
        member_entity_ids: Vec::new(),
        member_group_ids: Vec::new(),
        created: call.now(),
        updated: call.now(),
        modify_index: 0,
        alias: None,
    })
}

fn kind(group: &mut Group, call: &Call<'_>, created: bool) -> Result<(), Refusal> {
    let external = match call.fields.text("type") {
        "" => return Ok(()),
        "internal" => false,
        "external" => true,
        other => return Err(Refusal::Invalid(format!("invalid group type {other:?}"))),
    };
    if !created && external != group.external {
        return Err(Refusal::invalid("group type cannot be changed"));
    }
    group.external = external;
    Ok(())
}

fn members(identity: &mut Identity, group: &mut Group, call: &Call<'_>) -> Result<(), Refusal> {
    let fields = &call.fields;
    let missing = |text: String| Err(Refusal::Failed(text));
    if fields.has("member_entity_ids") {
        if group.external {
            return Err(Refusal::invalid("member entities can't be set manually for external groups"));
        }
        group.member_entity_ids = fields.list("member_entity_ids");
        if let Some(id) = group.member_entity_ids.iter().find(|id| !identity.entities.contains(id)) {
            return missing(format!("invalid entity ID {id:?}"));
        }
    }
    if fields.has("member_group_ids") {
        let before = std::mem::replace(&mut group.member_group_ids, fields.list("member_group_ids"));
        if let Some(id) = group.member_group_ids.iter().find(|id| !identity.groups.contains(id)) {
            return missing(format!("invalid member group ID {id:?}"));
        }
        if group.member_group_ids.contains(&group.id) {
            return missing(format!("member group ID {:?} is same as the ID of the group", group.id));
        }
        let cyclic = |id: &&String| reaches(identity, std::slice::from_ref(id), &group.id);
        if let Some(id) = group.member_group_ids.iter().find(cyclic) {
            return Err(Refusal::Invalid(format!("cyclic relationship detected for member group ID {id:?}")));
        }
        // The groups that come under this one are written again.
        for id in group.member_group_ids.iter().filter(|id| !before.contains(id)) {
            if let Some(member) = identity.groups.get_mut(id) {
                member.modify_index += 1;
            }
        }
    }
    Ok(())
}

/// Whether a group is among others or their members.
fn reaches(identity: &Identity, from: &[String], wanted: &str) -> bool {
    let mut front = from.to_vec();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(id) = front.pop() {
        if id == wanted {
            return true;
        }
        if seen.insert(id.clone())
            && let Some(group) = identity.groups.get(&id)
        {
            front.extend(group.member_group_ids.iter().cloned());
        }
    }
    false
}

/// A group as it is read.
pub(super) fn describe(identity: &Identity, group: &Group) -> Value {
    let parents: Vec<&String> = identity
        .groups
        .values()
        .filter(|parent| parent.member_group_ids.contains(&group.id))
        .map(|parent| &parent.id)
        .collect();
    let list = |ids: &[String]| if ids.is_empty() { Value::Null } else { json!(ids) };
    json!({
        "alias": group.alias.as_ref().map_or_else(|| json!({}), |alias| describe_alias(alias, &group.id)),
        "creation_time": format_rfc3339_nano(group.created), "id": group.id,
        "last_update_time": format_rfc3339_nano(group.updated), "member_entity_ids": list(&group.member_entity_ids),
        "member_group_ids": list(&group.member_group_ids), "metadata": group.metadata, "modify_index": group.modify_index,
        "name": group.name, "namespace_id": "root",
        "parent_group_ids": if parents.is_empty() { Value::Null } else { json!(parents) },
        "policies": list(&group.policies), "type": if group.external { "external" } else { "internal" },
    })
}

fn answer(identity: &Identity, group: Option<&Group>) -> Outcome {
    match group {
        Some(group) => respond(describe(identity, group)),
        None => Ok(Reply::Nothing),
    }
}

fn read_id(state: &mut State, call: &Call<'_>) -> Outcome {
    answer(&state.identity, state.identity.groups.get(call.fields.text("id")))
}

fn read_name(state: &mut State, call: &Call<'_>) -> Outcome {
    answer(&state.identity, state.identity.group_named(call.fields.text("name")))
}

fn delete_id(state: &mut State, call: &Call<'_>) -> Outcome {
    remove(&mut state.identity, call.fields.text("id"));
    Ok(Reply::Nothing)
}

fn delete_name(state: &mut State, call: &Call<'_>) -> Outcome {
    if let Some(id) = state.identity.group_named(call.fields.text("name")).map(|group| group.id.clone()) {
        remove(&mut state.identity, &id);
    }
    Ok(Reply::Nothing)
}

fn remove(identity: &mut Identity, id: &str) {
    identity.groups.remove(id);
    let parents: Vec<String> = identity
        .groups
        .values()
        .filter(|group| group.member_group_ids.iter().any(|member| member == id))
        .map(|group| group.id.clone())
        .collect();
    for parent in parents {
        if let Some(parent) = identity.groups.get_mut(&parent) {
            parent.member_group_ids.retain(|member| member != id);
        }
    }
}

fn list_ids(state: &mut State, _: &Call<'_>) -> Outcome {
    let identity = &state.identity;
    let info: Data = identity
        .groups
        .iter()
        .map(|(id, group)| {
            let parents = identity.groups.values().filter(|parent| parent.member_group_ids.contains(id)).count();
            let row = json!({
                "name": group.name, "num_member_entities": group.member_entity_ids.len(), "num_parent_groups": parents,
            });
            (id.clone(), row)
        })
        .collect();
    let mut response = Response::keys(identity.groups.names().cloned().collect::<Vec<_>>());
    if let Some(data) = response.data.as_mut().filter(|_| !info.is_empty()) {
        data.insert("key_info".into(), Value::Object(info));
    }
    response.ok()
}

fn list_names(state: &mut State, _: &Call<'_>) -> Outcome {
    Response::keys(state.identity.groups.values().map(|group| group.name.clone()).collect::<Vec<_>>()).ok()
}
