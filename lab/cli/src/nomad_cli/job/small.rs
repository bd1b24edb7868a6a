//! `nomad job eval`, `periodic force`, `promote`, `revert` and `tag`

use serde_json::json;

use super::run::conclude;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, Setting, fail, misused};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::limit;
use crate::nomad_cli::{lookup, monitor};
use crate::stand_in::Takes;

const ONE: Arity = Arity::Counted(1, 1, "This command takes one argument: <job>");
const WAITING: [Setting; 2] = [
    ("detach", Takes::Bool, "Do not wait; print the evaluation."),
    ("verbose", Takes::Bool, "Show whole identifiers."),
];

pub(in crate::nomad_cli) const EVAL: Command = Command {
    name: "job eval",
    synopsis: "Force an evaluation for the job",
    usage: "[options] <job>",
    flags: &[
        WAITING[0],
        WAITING[1],
        ("force-reschedule", Takes::Bool, "Place failed allocations again even if they may not be."),
    ],
    general: General::Namespaced,
    arity: ONE,
    run: eval,
};

pub(in crate::nomad_cli) const PERIODIC_FORCE: Command = Command {
    name: "job periodic force",
    synopsis: "Force the launch of a periodic job",
    usage: "[options] <job id>",
    flags: &WAITING,
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <job id>"),
    run: periodic_force,
};

pub(in crate::nomad_cli) const PROMOTE: Command = Command {
    name: "job promote",
    synopsis: "Promote a job's canaries",
    usage: "[options] <job>",
    flags: &[
        WAITING[0],
        WAITING[1],
        ("group", Takes::Text, "A group to promote; may be given several times."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <job id>"),
    run: promote,
};

pub(in crate::nomad_cli) const REVERT: Command = Command {
    name: "job revert",
    synopsis: "Revert to a prior version of the job",
    usage: "[options] <job> <version|tag>",
    flags: &[WAITING[0], WAITING[1]],
    general: General::Namespaced,
    arity: Arity::Counted(2, 2, "This command takes two arguments: <job> <version|tag>"),
    run: revert,
};

pub(in crate::nomad_cli) const TAG_APPLY: Command = Command {
    name: "job tag apply",
    synopsis: "Save a job version to prevent it from being garbage-collected and allow it to be diffed and reverted by name",
    usage: "[options] <job>",
    flags: &[
        ("name", Takes::Text, "The tag."),
        ("description", Takes::Text, "What it is for."),
        ("version", Takes::Text, "The version; the latest if none is given."),
    ],
    general: General::Namespaced,
    arity: ONE,
    run: tag_apply,
};

pub(in crate::nomad_cli) const TAG_UNSET: Command = Command {
    name: "job tag unset",
    synopsis: "Remove a tag from a job version",
    usage: "[options] -name \"Tag\" <job>",
    flags: &[("name", Takes::Text, "The tag.")],
    general: General::Namespaced,
    arity: ONE,
    run: tag_unset,
};

fn eval(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let job = lookup::job(api, session.argument(0))?;
    let body = json!({
        "JobID": job.text("ID"),
        "EvalOptions": { "ForceReschedule": session.is_set("force-reschedule") },
    });
    let answer = api
        .put(
            &format!("{}/evaluate", super::path(job.text("ID"))),
            &[("namespace", job.text("Namespace"))],
            &body,
        )
        .map_err(Fault::of("Error evaluating job"))?;
    match answer.text("EvalID") {
        id if session.is_set("detach") => {
            session.say(format!("Created eval ID: {:?} ", limit(id, session.id_length())));
            Ok(0)
        }
        id => monitor::evaluation(session, id),
    }
}

fn periodic_force(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let job = lookup::job_of_kind(api, session.argument(0), "periodic job(s)", |job| job.truth("Periodic"))?;
    let answer = api
        .put(
            &format!("{}/periodic/force", super::path(job.text("ID"))),
            &[("namespace", job.text("Namespace"))],
            &json!(null),
        )
        .map_err(Fault::of(&format!("Error forcing periodic job {:?}", job.text("ID"))))?;
    if session.is_set("detach") {
        session.say("Force periodic successful");
        session.say(format!("Evaluation ID: {}", answer.text("EvalID")));
        return Ok(0);
    }
    monitor::evaluation(session, answer.text("EvalID"))
}

fn promote(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let job = lookup::job(api, session.argument(0))?;
    let query = [("namespace", job.text("Namespace"))];
    let id = job.text("ID");
    let latest = api
        .get(&format!("{}/deployment", super::path(id)), &query)
        .map_err(Fault::of(&format!("Error retrieving latest deployment for job {id:?}")))?;
    if latest.is_null() {
        return fail(format!("Job {id:?} has no deployment to promote"));
    }
    let deployment = latest.text("ID");
    let groups = session.flags.texts("group");
    let body = json!({
        "DeploymentID": deployment,
        "All": groups.is_empty(),
        "Groups": if groups.is_empty() { json!(null) } else { json!(groups) },
    });
    let doing = format!("Error promoting deployment {deployment:?} for job {id:?}");
    let answer =
        api.put(&format!("/v1/deployment/promote/{deployment}"), &query, &body).map_err(Fault::of(&doing))?;
    conclude(session, "", answer.text("EvalID"))
}

fn revert(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let job = lookup::job(api, session.argument(0))?;
    let query = [("namespace", job.text("Namespace"))];
    let path = super::path(job.text("ID"));
    let wanted = session.argument(1);
    let version: i64 = match wanted.parse() {
        Ok(version) => version,
        Err(_) => {
            let found = api
                .get(&format!("{path}/versions"), &query)
                .map_err(Fault::of("Error retrieving job versions"))?;
            let tagged =
                found.list("Versions").iter().find(|one| one.at("VersionTag").text("Name") == wanted);
            match tagged {
                Some(job) => job.number("Version"),
                None => {
                    let id = job.text("ID");
                    return fail(format!(
                        "Error retrieving job versions: version tag {wanted} not found for job {id}"
                    ));
                }
            }
        }
    };
    let body = json!({ "JobID": job.text("ID"), "JobVersion": version, "EnforcePriorVersion": null });
    let answer = api
        .put(&format!("{path}/revert"), &query, &body)
        .map_err(Fault::of("Error retrieving job versions"))?;
    conclude(session, "", answer.text("EvalID"))
}

fn tag_apply(session: &Session<'_>) -> Outcome {
    let name = session.text("name");
    if name.is_empty() {
        return misused("A version tag name is required");
    }
    let api = session.api()?;
    let job = lookup::whole_job(api, session.argument(0))?;
    let version = session.text("version").parse().unwrap_or_else(|_| job.number("Version"));
    let body = json!({ "Version": version, "Description": session.text("description") });
    let path =
        format!("{}/versions/{}/tag", super::path(job.text("ID")), crate::nomad_cli::api::path_escape(name));
    api.post(&path, &[("namespace", job.text("Namespace"))], &body)
        .map_err(Fault::of("Error applying version tag"))?;
    session.say(format!("Job version {version} tagged with name {name:?}"));
    Ok(0)
}

fn tag_unset(session: &Session<'_>) -> Outcome {
    let name = session.text("name");
    if name.is_empty() {
        return misused("A version tag name is required");
    }
    let api = session.api()?;
    let job = lookup::job(api, session.argument(0))?;
    let path =
        format!("{}/versions/{}/tag", super::path(job.text("ID")), crate::nomad_cli::api::path_escape(name));
    api.delete(&path, &[("namespace", job.text("Namespace"))])
        .map_err(Fault::of("Error tagging job version"))?;
    session.say(format!("Tag {name:?} removed from job {:?}", job.text("ID")));
    Ok(0)
}
