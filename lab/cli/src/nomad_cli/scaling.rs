//! `nomad scaling policy`

use serde_json::Value as Json;

use super::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use super::json::{Look, items};
use super::session::Session;
use super::shape;
use super::wording::{limit, pairs, table, uuid_prefix};
use crate::stand_in::Takes;

pub(super) const LIST: Command = Command {
    name: "scaling policy list",
    synopsis: "Display all Nomad scaling policies",
    usage: "[options]",
    flags: &[
        ("job", Takes::Text, "Those of a job."),
        ("type", Takes::Text, "Those of a type."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
    ],
    general: General::Namespaced,
    arity: Arity::NONE,
    run: list,
};
pub(super) const INFO: Command = Command {
    name: "scaling policy info",
    synopsis: "Display an individual Nomad scaling policy",
    usage: "[options] <policy_id>",
    flags: &[
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run: info,
};

/// Where policies are.
const PATH: &str = "/v1/scaling/policies";
/// What a list of them is.
const SHAPE: &str = "[]*api.ScalingPolicyListStub";
/// What stands before the errors of a single one.
const QUERYING: &str = "Error querying scaling policy";

fn list(session: &Session<'_>) -> Outcome {
    let mut query = Vec::new();
    for flag in ["job", "type"] {
        if !session.text(flag).is_empty() {
            query.push((flag, session.text(flag)));
        }
    }
    let found = all(session, &query)?;
    if session.is_formatted() {
        return session.formatted(&found, SHAPE);
    }
    session.say(lines(items(&found), session.id_length()));
    Ok(0)
}

fn info(session: &Session<'_>) -> Outcome {
    match session.arguments() {
        [] if session.is_formatted() => return session.formatted(&all(session, &[])?, SHAPE),
        [id] if id.len() == 1 => return fail(super::lookup::TOO_SHORT),
        [_] => {}
        _ => {
            return misused(
                "This command takes one of the following argument conditions:\n * A single <policy_id>\n * No \
                 arguments, with output format specified",
            );
        }
    }
    let stub = meant(session)?;
    let path = format!("/v1/scaling/policy/{}", stub.text("ID"));
    let policy = session.api()?.get(&path, &[]).map_err(Fault::of(QUERYING))?;
    if session.is_formatted() {
        return session.formatted(&policy, "*api.ScalingPolicy");
    }
    let bound = |name: &str| policy.number(name);
    session.say(pairs(&[
        format!("ID|{}", limit(policy.text("ID"), session.id_length())),
        format!("Enabled|{}", policy.truth("Enabled")),
        format!("Target|{}", target(&policy)),
        format!("Min|{}", bound("Min")),
        format!("Max|{}", bound("Max")),
    ]));
    session.say("\nPolicy:");
    session.say(match policy.entries("Policy").as_slice() {
        [] => "<empty>".to_owned(),
        _ => shape::sorted_keys(policy.at("Policy"), 4),
    });
    Ok(0)
}

fn all(session: &Session<'_>, query: &[(&str, &str)]) -> Result<Json, Fault> {
    session.api()?.get(PATH, query).map_err(Fault::of("Error listing scaling policies"))
}

/// The one policy that the argument means.
fn meant(session: &Session<'_>) -> Result<Json, Fault> {
    let prefix = uuid_prefix(session.argument(0));
    let found = session
        .api()?
        .get(PATH, &[("prefix", prefix)])
        .map_err(Fault::of("Error querying scaling policy: error querying scaling policies"))?;
    match items(&found) {
        [] => fail(format!("{QUERYING}: no scaling policies with prefix or ID {prefix:?} found")),
        [only] => Ok(only.clone()),
        several => match several.iter().find(|policy| policy.text("ID") == prefix) {
            Some(policy) => Ok(policy.clone()),
            None => {
                let list = lines(several, session.id_length());
                fail(format!("Prefix matched multiple scaling policies\n\n{list}"))
            }
        },
    }
}

fn lines(policies: &[Json], length: usize) -> String {
    if policies.is_empty() {
        return "No policies found".to_owned();
    }
    let mut lines = vec!["ID|Enabled|Type|Target".to_owned()];
    lines.extend(policies.iter().map(|policy| {
        let (enabled, kind) = (policy.truth("Enabled"), policy.text("Type"));
        format!("{}|{enabled}|{kind}|{}", limit(policy.text("ID"), length), target(policy))
    }));
    table(&lines)
}

/// What a policy scales: `Namespace:default,Job:web,Group:app`.
fn target(policy: &Json) -> String {
    let target = policy.at("Target");
    let names =
        ["Namespace", "Job", "Group", "Task"].into_iter().filter(|name| !target.text(name).is_empty());
    names.map(|name| format!("{name}:{}", target.text(name))).collect::<Vec<_>>().join(",")
}
