//! How many allocations of a job are in which state, counted on demand.

use std::collections::BTreeMap;

use serde::Serialize;

/// The counts of a job, with the fields in the order of JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct JobSummary<'a> {
    pub(crate) children: ChildrenSummary,
    pub(crate) create_index: u64,
    #[serde(rename = "JobID")]
    pub(crate) job_id: &'a str,
    pub(crate) modify_index: u64,
    pub(crate) namespace: &'a str,
    /// By group.
    pub(crate) summary: BTreeMap<&'a str, GroupSummary>,
}

/// The counts of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupSummary {
    pub(crate) complete: u64,
    pub(crate) failed: u64,
    pub(crate) lost: u64,
    pub(crate) queued: u64,
    pub(crate) running: u64,
    pub(crate) starting: u64,
    pub(crate) unknown: u64,
}

/// How many of the jobs made from a job are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ChildrenSummary {
    pub(crate) dead: u64,
    pub(crate) pending: u64,
    pub(crate) running: u64,
}
