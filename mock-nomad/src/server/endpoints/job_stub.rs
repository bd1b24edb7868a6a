//! A job as lists show it.

use std::collections::BTreeMap;

use lab_wire::rpc::to_value;
use rmpv::Value;
use serde::Serialize;

use crate::state::Tables;
use crate::structs::{Job, JobSummary, Opaque};

/// One line of a list of jobs, with its fields in the order of JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct JobStub<'a> {
    create_index: u64,
    datacenters: &'a [String],
    #[serde(rename = "ID")]
    id: &'a str,
    job_modify_index: u64,
    job_summary: JobSummary<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Option<&'a BTreeMap<String, String>>>,
    modify_index: u64,
    multiregion: (),
    name: &'a str,
    namespace: &'a str,
    node_pool: &'a str,
    parameterized_job: bool,
    #[serde(rename = "ParentID")]
    parent_id: &'a str,
    periodic: bool,
    priority: i64,
    status: &'a str,
    status_description: &'a str,
    stop: bool,
    submit_time: i64,
    #[serde(rename = "Type")]
    kind: &'a str,
}

impl<'a> JobStub<'a> {
    /// The line of a job.
    pub(super) fn of(tables: &'a Tables, job: &'a Job, with_meta: bool) -> Self {
        let present = |field: &str| job.rest.get(field).is_some_and(|value: &Opaque| !value.is_null());
        Self {
            create_index: job.create_index,
            datacenters: &job.datacenters,
            id: &job.id,
            job_modify_index: job.job_modify_index,
            job_summary: tables.summary_of(job),
            meta: with_meta.then_some(job.meta.as_ref()),
            modify_index: job.modify_index,
            multiregion: (),
            name: &job.name,
            namespace: &job.namespace,
            node_pool: &job.node_pool,
            parameterized_job: present("ParameterizedJob"),
            parent_id: job.parent_id(),
            periodic: present("Periodic"),
            priority: job.priority,
            status: &job.status,
            status_description: &job.status_description,
            stop: job.stop,
            submit_time: job.submit_time,
            kind: &job.kind,
        }
    }

    /// As replies hold it.
    pub(super) fn value(&self) -> Value {
        to_value(self).unwrap_or(Value::Nil)
    }
}
