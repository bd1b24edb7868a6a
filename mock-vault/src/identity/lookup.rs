//! `identity/lookup`.

use crate::identity::{entity, group};
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, respond};
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("id"),
    Field::text("alias_id"),
    Field::text("alias_name"),
    Field::text("alias_mount_accessor"),
];

/// The endpoints of looking up.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("lookup/entity", &[FIELDS], &[(Update, find_entity)]),
    Endpoint::new("lookup/group", &[FIELDS], &[(Update, find_group)]),
];

/// What is asked for: by which of the ways.
enum Query<'a> {
    Name(&'a str),
    Id(&'a str),
    AliasId(&'a str),
    Alias { name: &'a str, accessor: &'a str },
}

fn query<'a>(call: &'a Call<'_>) -> Result<Query<'a>, Refusal> {
    let text = |name: &str| Some(call.fields.text(name)).filter(|text| !text.is_empty());
    if let Some(name) = text("name") {
        return Ok(Query::Name(name));
    }
    if let Some(id) = text("id") {
        return Ok(Query::Id(id));
    }
    if let Some(id) = text("alias_id") {
        return Ok(Query::AliasId(id));
    }
    match (text("alias_name"), text("alias_mount_accessor")) {
        (Some(name), Some(accessor)) => Ok(Query::Alias { name, accessor }),
        (None, None) => Err(Refusal::invalid("query parameter not supplied")),
        _ => Err(Refusal::invalid("both 'alias_name' and 'alias_mount_accessor' needs to be set")),
    }
}

fn find_entity(state: &mut State, call: &Call<'_>) -> Outcome {
    let identity = &state.identity;
    let found = match query(call)? {
        Query::Name(name) => identity.entity_named(name),
        Query::Id(id) => identity.entities.get(id),
        Query::AliasId(id) => {
            identity.aliases.get(id).and_then(|alias| identity.entities.get(&alias.canonical_id))
        }
        Query::Alias { name, accessor } => {
            identity.alias_named(accessor, name).and_then(|alias| identity.entities.get(&alias.canonical_id))
        }
    };
    match found {
        Some(entity) => respond(entity::describe(identity, entity)),
        None => Ok(Reply::Nothing),
    }
}

fn find_group(state: &mut State, call: &Call<'_>) -> Outcome {
    let identity = &state.identity;
    let by_alias = |fits: &dyn Fn(&crate::identity::model::GroupAlias) -> bool| {
        identity.groups.values().find(|group| group.alias.as_ref().is_some_and(fits))
    };
    let found = match query(call)? {
        Query::Name(name) => identity.group_named(name),
        Query::Id(id) => identity.groups.get(id),
        Query::AliasId(id) => by_alias(&|alias| alias.id == id),
        Query::Alias { name, accessor } => {
            by_alias(&|alias| alias.name == name && alias.mount_accessor == accessor)
        }
    };
    match found {
        Some(group) => respond(group::describe(identity, group)),
        None => Ok(Reply::Nothing),
    }
}
