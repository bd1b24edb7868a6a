//! `identity/entity-alias`.

use serde_json::{Value, json};

use crate::identity::entity::describe_alias;
use crate::identity::model::EntityAlias;
use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("id"),
    Field::text("name"),
    Field::text("mount_accessor"),
    Field::text("canonical_id"),
    Field::text("entity_id"),
    Field::pairs("custom_metadata"),
    Field::pairs("metadata"),
];

/// The endpoints of aliases.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("entity-alias", &[FIELDS], &[(Update, write)]),
    Endpoint::new("entity-alias/id/?", &[], &[(List, list)]),
    Endpoint::new("entity-alias/id/{id}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)]),
    // The same by its first name.
    Endpoint::new("alias", &[FIELDS], &[(Update, write)]),
    Endpoint::new("alias/id/?", &[], &[(List, list)]),
    Endpoint::new("alias/id/{id}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)]),
];

/// The path and the kind of the auth mount with that accessor.
pub(super) fn auth_mount(state: &State, accessor: &str) -> Option<(String, String)> {
    let mount =
        state.mounts.values().find(|mount| mount.entry.is_auth() && mount.entry.accessor == accessor)?;
    Some((mount.entry.path.clone(), mount.entry.kind.clone()))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let (id, name, accessor) = (fields.text("id"), fields.text("name"), fields.text("mount_accessor"));
    let canonical = match fields.text("canonical_id") {
        "" => fields.text("entity_id"),
        id => id,
    };
    if id.is_empty() && (name.is_empty() || accessor.is_empty()) {
        return Err(Refusal::invalid("'id' or 'mount_accessor' and 'name' must be provided"));
    }
    let known = match id {
        "" => state.identity.alias_named(accessor, name).cloned(),
        id => match state.identity.aliases.get(id).cloned() {
            Some(alias) => Some(alias),
            None => return Err(Refusal::invalid("invalid alias ID provided")),
        },
    };
    if !canonical.is_empty() && !state.identity.entities.contains(canonical) {
        return Err(Refusal::invalid("given 'canonical_id' is not associated with an entity"));
    }
    match known {
        Some(alias) => update(state, call, alias, canonical),
        None => create(state, call, canonical),
    }
}

fn create(state: &mut State, call: &Call<'_>, canonical: &str) -> Outcome {
    let accessor = call.fields.text("mount_accessor");
    let Some((mount_path, mount_type)) = auth_mount(state, accessor) else {
        return Err(Refusal::Invalid(format!("invalid mount accessor {accessor:?}")));
    };
    let canonical = match canonical {
        "" => state.identity.create_entity(String::new(), call.environment),
        id => id.to_owned(),
    };
    if state.identity.aliases_of(&canonical).any(|alias| alias.mount_accessor == accessor) {
        return Err(Refusal::invalid("Alias already exists for requested entity and mount accessor"));
    }
    let id = call.environment.entropy.uuid();
    state.identity.put_alias(EntityAlias {
        id: id.clone(),
        canonical_id: canonical.clone(),
        name: call.fields.text("name").to_owned(),
        mount_accessor: accessor.to_owned(),
        mount_path,
        mount_type,
        metadata: None,
        custom_metadata: Some(call.fields.pairs("custom_metadata")),
        created: call.now(),
        updated: call.now(),
        merged_from: None,
    });
    respond(json!({"canonical_id": canonical, "id": id}))
}

fn update(state: &mut State, call: &Call<'_>, mut alias: EntityAlias, canonical: &str) -> Outcome {
    let fields = &call.fields;
    let before = alias.clone();
    let accessor = fields.text("mount_accessor");
    if !accessor.is_empty() {
        let Some((path, kind)) = auth_mount(state, accessor) else {
            return Err(Refusal::Invalid(format!("invalid mount accessor {accessor:?}")));
        };
        (alias.mount_accessor, alias.mount_path, alias.mount_type) = (accessor.to_owned(), path, kind);
    }
    if !fields.text("name").is_empty() {
        alias.name = fields.text("name").to_owned();
    }
    if fields.has("custom_metadata") {
        alias.custom_metadata = Some(fields.pairs("custom_metadata"));
    }
    alias.custom_metadata = alias.custom_metadata.filter(|metadata| !metadata.is_empty());
    if !canonical.is_empty() {
        let taken = state
            .identity
            .aliases_of(canonical)
            .any(|other| other.mount_accessor == alias.mount_accessor && other.id != alias.id);
        if taken {
            return Err(Refusal::invalid("Alias already exists for requested entity and mount accessor"));
        }
        alias.canonical_id = canonical.to_owned();
    }
    if alias == before {
        return Ok(Reply::Nothing);
    }
    alias.updated = call.now();
    let answer = json!({"canonical_id": alias.canonical_id, "id": alias.id});
    state.identity.put_alias(alias);
    respond(answer)
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let Some(alias) = state.identity.aliases.get(call.fields.text("id")) else { return Ok(Reply::Nothing) };
    let mut described = describe_alias(alias);
    described["namespace_id"] = "root".into();
    respond(described)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    state.identity.remove_alias(call.fields.text("id"));
    Ok(Reply::Nothing)
}

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    let aliases = &state.identity.aliases;
    let info: Data = aliases
        .iter()
        .map(|(id, alias)| {
            let row = json!({
                "canonical_id": alias.canonical_id, "custom_metadata": alias.custom_metadata.as_ref().filter(|metadata| !metadata.is_empty()),
                "local": false, "metadata": alias.metadata, "mount_accessor": alias.mount_accessor, "mount_path": alias.mount_path,
                "mount_type": alias.mount_type, "name": alias.name,
            });
            (id.clone(), row)
        })
        .collect();
    let mut response = Response::keys(aliases.names().cloned().collect::<Vec<_>>());
    if let Some(data) = response.data.as_mut().filter(|_| !info.is_empty()) {
        data.insert("key_info".into(), Value::Object(info));
    }
    response.ok()
}
