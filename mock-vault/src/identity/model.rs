//! Entities, aliases and groups as they are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::storage::moment;

/// Texts by name.
pub(crate) type Metadata = BTreeMap<String, String>;

/// Someone or something that logs in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entity {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) policies: Vec<String>,
    pub(crate) disabled: bool,
    #[serde(with = "moment")]
    pub(crate) created: OffsetDateTime,
    #[serde(with = "moment")]
    pub(crate) updated: OffsetDateTime,
    pub(crate) merged_entity_ids: Option<Vec<String>>,
}

/// A name of an entity at an auth mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntityAlias {
    pub(crate) id: String,
    pub(crate) canonical_id: String,
    pub(crate) name: String,
    pub(crate) mount_accessor: String,
    pub(crate) mount_path: String,
    pub(crate) mount_type: String,
    /// What the latest login said.
    pub(crate) metadata: Option<Metadata>,
    pub(crate) custom_metadata: Option<Metadata>,
    #[serde(with = "moment")]
    pub(crate) created: OffsetDateTime,
    #[serde(with = "moment")]
    pub(crate) updated: OffsetDateTime,
    pub(crate) merged_from: Option<Vec<String>>,
}

/// Entities that share policies.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether logins decide who is in it.
    pub(crate) external: bool,
    pub(crate) policies: Vec<String>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) member_entity_ids: Vec<String>,
    pub(crate) member_group_ids: Vec<String>,
    #[serde(with = "moment")]
    pub(crate) created: OffsetDateTime,
    #[serde(with = "moment")]
    pub(crate) updated: OffsetDateTime,
    pub(crate) modify_index: u64,
    pub(crate) alias: Option<GroupAlias>,
}

/// The name of an external group at an auth mount.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GroupAlias {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) mount_accessor: String,
    pub(crate) mount_path: String,
    pub(crate) mount_type: String,
    #[serde(with = "moment")]
    pub(crate) created: OffsetDateTime,
    #[serde(with = "moment")]
    pub(crate) updated: OffsetDateTime,
}
