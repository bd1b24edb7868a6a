//! `Job.TagVersion`: names versions of jobs, so that they are kept.

use rmpv::Value;

use super::{Request, Server};
use crate::seam::RpcResult;
use crate::state::{Command, JobCommand};
use crate::structs::{Body, QueryMeta, VersionTag};

pub(super) async fn tag(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let tag = body.get("Tag").map(|given| VersionTag {
        name: body.string("Name").to_owned(),
        description: Body(given).string("Description").to_owned(),
        tagged_time: server.now_nanos(),
    });
    let command = JobCommand::Tag {
        namespace: super::job::namespace_of(body),
        job_id: body.string("JobID").to_owned(),
        version: body.index("Version"),
        name: body.string("Name").to_owned(),
        tag: tag.clone(),
    };
    let index = server.apply(Command::Job(command)).await?;
    let tag = tag.unwrap_or_default();
    let meta = QueryMeta { index, ..QueryMeta::default() };
    Ok(meta.reply([
        ("Name", tag.name.into()),
        ("Description", tag.description.into()),
        ("TaggedTime", Value::from(tag.tagged_time)),
    ]))
}
