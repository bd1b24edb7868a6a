//! The name that a version of a job is kept under.

use serde::{Deserialize, Serialize};

use super::Job;

/// A tag of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct VersionTag {
    pub(crate) name: String,
    pub(crate) description: String,
    /// Nanoseconds since 1970.
    pub(crate) tagged_time: i64,
}

/// The field of a job that holds its tag.
const FIELD: &str = "VersionTag";

impl Job {
    /// The name of this version; empty where it has none.
    pub(crate) fn tag_name(&self) -> &str {
        let tag = self.rest.get(FIELD);
        tag.and_then(|tag| tag["Name"].as_str()).unwrap_or_default()
    }

    /// The same version under a tag, or without one.
    pub(crate) fn tagged(mut self, tag: Option<&VersionTag>) -> Self {
        // Texts and a number always have a JSON form.
        let tag = tag.map_or(serde_json::Value::Null, |tag| serde_json::to_value(tag).unwrap_or_default());
        self.rest.insert(FIELD.to_owned(), tag);
        self
    }
}
