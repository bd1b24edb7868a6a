//! From what was typed to what is meant: identifiers may be cut short.

use serde_json::Value as Json;

use super::api::Api;
use super::command::{Fault, fail};
use super::json::{Look, items};
use super::node::list::stubs;
use super::wording::{limit, table, uuid_prefix};

/// What is said of an identifier that is too short to look for.
pub(super) const TOO_SHORT: &str = "Identifier must contain at least two characters.";

/// The one node that an identifier means; `doing` stands before what goes wrong.
pub(super) fn node(api: &Api, prefix: &str, length: usize, doing: &str) -> Result<Json, Fault> {
    if prefix.len() == 1 {
        return fail(TOO_SHORT);
    }
    let nodes = api.get("/v1/nodes", &[("prefix", uuid_prefix(prefix))]).map_err(Fault::of(doing))?;
    match items(&nodes) {
        [] if doing == "Error querying node info" => fail(format!("No node(s) with prefix {prefix:?} found")),
        [] => fail(format!("No node(s) with prefix or id {prefix:?} found")),
        [only] => Ok(only.clone()),
        several => fail(format!("Prefix matched multiple nodes\n\n{}", stubs(several, length))),
    }
}

/// The id of the one node that an identifier means, for commands that go to its agent.
pub(super) fn node_id(api: &Api, prefix: &str) -> Result<String, Fault> {
    if prefix.len() == 1 {
        return fail("Node ID must contain at least two characters.");
    }
    Ok(node(api, prefix, super::session::FULL_ID, "Error querying node")?.text("ID").to_owned())
}

/// The one allocation that an identifier means.
pub(super) fn allocation(api: &Api, prefix: &str, length: usize) -> Result<Json, Fault> {
    if prefix.len() == 1 {
        return fail(TOO_SHORT);
    }
    let query = [("prefix", uuid_prefix(prefix))];
    let found = api.get("/v1/allocations", &query).map_err(Fault::of("Error querying allocation"))?;
    match items(&found) {
        [] => fail(format!("No allocation(s) with prefix or id {prefix:?} found")),
        [only] => whole_allocation(api, only),
        several => {
            let list = super::allocation::list::stubs(several, length, api.client().machine().clock.now());
            fail(format!("Prefix matched multiple allocations\n\n{list}"))
        }
    }
}

/// Everything of an allocation in a list.
pub(super) fn whole_allocation(api: &Api, stub: &Json) -> Result<Json, Fault> {
    let path = format!("/v1/allocation/{}", stub.text("ID"));
    api.get(&path, &[("namespace", stub.text("Namespace"))]).map_err(Fault::of("Error querying allocation"))
}

/// The one job that an identifier means, as a list shows it.
pub(super) fn job(api: &Api, prefix: &str) -> Result<Json, Fault> {
    job_of_kind(api, prefix, "job(s)", |_| true)
}

/// The same among the jobs that `is_meant` takes; `what` they are called.
pub(super) fn job_of_kind(
    api: &Api,
    prefix: &str,
    what: &str,
    is_meant: impl Fn(&Json) -> bool,
) -> Result<Json, Fault> {
    let jobs = api
        .get("/v1/jobs", &[("prefix", prefix)])
        .map_err(Fault::of(&format!("Error querying job prefix {prefix:?}")))?;
    let jobs: Vec<Json> = items(&jobs).iter().filter(|job| is_meant(job)).cloned().collect();
    let of_all = api.namespace() == "*";
    match jobs.as_slice() {
        [] => fail(format!("No {what} with prefix or ID {prefix:?} found")),
        [only] => Ok(only.clone()),
        [first, second, ..] => {
            let is_exact = |job: &Json| job.text("ID") == prefix.trim();
            if is_exact(first) && !(of_all && is_exact(second)) {
                return Ok(first.clone());
            }
            let list = super::job::list::lines(&jobs, of_all);
            fail(format!("Prefix {prefix:?} matched multiple jobs\n\n{list}"))
        }
    }
}

/// Everything of the one job that an identifier means.
pub(super) fn whole_job(api: &Api, prefix: &str) -> Result<Json, Fault> {
    let stub = job(api, prefix)?;
    let path = format!("/v1/job/{}", super::api::path_escape(stub.text("ID")));
    api.get(&path, &[("namespace", stub.text("Namespace"))]).map_err(Fault::of("Error querying job"))
}

/// The one deployment that an identifier means.
pub(super) fn deployment(api: &Api, prefix: &str, length: usize) -> Result<Json, Fault> {
    if prefix.len() == 1 {
        return fail(TOO_SHORT);
    }
    let found = api
        .get("/v1/deployments", &[("prefix", uuid_prefix(prefix))])
        .map_err(Fault::of("Error retrieving deployment"))?;
    match items(&found) {
        [] => fail(format!("Error retrieving deployment: Deployment ID {prefix:?} matched no deployments")),
        [only] => Ok(only.clone()),
        several => {
            let list = super::deployment::list::lines(several, length);
            fail(format!("Error retrieving deployment: Prefix matched multiple deployments\n\n{list}"))
        }
    }
}

/// The one of several named things that a name or the beginning of one means.
pub(super) fn named(found: &Json, name: &str) -> Result<Json, Vec<Json>> {
    let found: Vec<Json> =
        items(found).iter().filter(|one| one.text("Name").starts_with(name)).cloned().collect();
    match found.iter().find(|one| one.text("Name") == name).or(found.first().filter(|_| found.len() == 1)) {
        Some(one) => Ok(one.clone()),
        None => Err(found),
    }
}

/// What identifies an evaluation in a list of several.
pub(super) fn evaluations(several: &[Json], length: usize) -> String {
    let mut lines = vec!["ID|Priority|Triggered By|Status|Placement Failures".to_owned()];
    for one in several {
        let failed = super::evaluation::placement_failures(one);
        lines.push(format!(
            "{}|{}|{}|{}|{failed}",
            limit(one.text("ID"), length),
            one.number("Priority"),
            one.text("TriggeredBy"),
            one.text("Status")
        ));
    }
    table(&lines)
}
