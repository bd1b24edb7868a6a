//! `nomad node drain`

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};

use lab_world::parse_duration;
use serde_json::{Map, Value as Json, json};

use super::own_id;
use crate::nomad_cli::api::Api;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::{FULL_ID, Session};
use crate::nomad_cli::wording::time_text;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "node drain",
    synopsis: "Toggle drain mode on a given node",
    usage: "[options] <node>",
    flags: &[
        ("disable", Takes::Bool, "End draining."),
        ("enable", Takes::Bool, "Drain the node."),
        ("deadline", Takes::Text, "When allocations are stopped that have not moved. One hour."),
        ("detach", Takes::Bool, "Do not wait for the end."),
        ("monitor", Takes::Bool, "Watch a drain that is going on."),
        ("force", Takes::Bool, "Stop all allocations at once."),
        ("no-deadline", Takes::Bool, "Stop no allocation before it has moved."),
        ("ignore-system", Takes::Bool, "Leave the allocations of system jobs."),
        ("keep-ineligible", Takes::Bool, "Place nothing on the node when draining ends."),
        ("m", Takes::Text, "A message that is kept with the drain."),
        ("meta", Takes::Text, "KEY=VALUE that is kept with the drain; may be given several times."),
        ("self", Takes::Bool, "The node that the agent is."),
        ("yes", Takes::Bool, "Do not ask."),
    ],
    general: General::Client,
    arity: Arity::Any,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let (enable, disable) = (session.is_set("enable"), session.is_set("disable"));
    let (monitor, own) = (session.is_set("monitor"), session.is_set("self"));
    if !monitor && enable == disable {
        return misused("Either the '-enable' or '-disable' flag must be set, unless using '-monitor'");
    }
    if monitor && (enable || disable) {
        return misused("The -monitor flag cannot be used with the '-enable' or '-disable' flags");
    }
    let deadline = deadline(session)?;
    if session.arguments().len() != usize::from(!own) {
        return misused("Node ID must be specified if -self isn't being used");
    }
    let api = session.api()?;
    let id = if own { own_id(session)? } else { session.argument(0).to_owned() };
    let node = lookup::node(api, &id, FULL_ID, "Error toggling drain mode")?;
    let (node, meta) = api
        .get_with_meta(&format!("/v1/node/{}", node.text("ID")), &[])
        .map_err(Fault::of("Error toggling drain mode"))?;
    let id = node.text("ID");
    if monitor {
        if node.at("DrainStrategy").is_null() {
            session.warn("No drain strategy set");
            return Ok(0);
        }
        session.say(format!("{}: Monitoring node {id:?}: Ctrl-C to detach monitoring", now(api)));
        return watch(session, id, meta.index);
    }
    if !confirmed(session, &node, deadline.as_ref()) {
        return Ok(0);
    }
    let index = change(session, id, deadline)?;
    if !enable || session.is_set("detach") {
        let what = if enable { "drain strategy set" } else { "drain strategy unset" };
        session.say(format!("Node {id:?} {what}"));
        return Ok(0);
    }
    session.say(format!("{}: Ctrl-C to stop monitoring: will not cancel the node drain", now(api)));
    session.say(format!("{}: Node {id:?} drain strategy set", now(api)));
    watch(session, id, index)
}

/// The deadline in nanoseconds: negative to stop at once, 0 for none; nothing where draining ends.
fn deadline(session: &Session<'_>) -> Result<Option<i64>, Fault> {
    let given = session.text("deadline");
    let (force, none) = (session.is_set("force"), session.is_set("no-deadline"));
    let flags = [!given.is_empty(), force, none, session.is_set("ignore-system")];
    if session.is_set("disable") && flags.into_iter().any(|set| set) {
        return misused("-disable can't be combined with flags configuring drain strategy");
    }
    if force && (none || !given.is_empty()) {
        return misused("-deadline can't be combined with -force or -no-deadline");
    }
    if none && !given.is_empty() {
        return misused("-deadline can't be combined with -force or -no-deadline");
    }
    if session.is_set("disable") || session.is_set("monitor") {
        return Ok(None);
    }
    if force {
        return Ok(Some(-1_000_000_000));
    }
    if none {
        return Ok(Some(0));
    }
    if given.is_empty() {
        return Ok(Some(3_600_000_000_000));
    }
    let parsed = parse_duration(given)
        .map_err(|error| Fault::Told(format!("Failed to parse deadline {given:?}: {error}")))?;
    match i64::try_from(parsed.as_nanos()).unwrap_or(i64::MAX) {
        0 => fail("A positive drain duration must be given"),
        nanoseconds => Ok(Some(nanoseconds)),
    }
}

fn confirmed(session: &Session<'_>, node: &Json, deadline: Option<&i64>) -> bool {
    if session.is_set("yes") || session.is_set("self") || !std::io::stdin().is_terminal() {
        return true;
    }
    let (verb, article) = match deadline {
        None => ("disable", "drain mode for"),
        Some(_) => ("enable", "drain mode for"),
    };
    session.say(format!("Are you sure you want to {verb} {article} node {:?}? [y/N]", node.text("ID")));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes") => true,
        _ => {
            session.say("Canceling drain toggle");
            false
        }
    }
}

/// Sends the change; the index that it happened at.
fn change(session: &Session<'_>, id: &str, deadline: Option<i64>) -> Result<u64, Fault> {
    let mut meta = Map::new();
    for pair in session.flags.texts("meta") {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        meta.insert(key.to_owned(), value.into());
    }
    if !session.text("m").is_empty() {
        let key = if deadline.is_some() { "message" } else { "cancel_message" };
        meta.insert(key.to_owned(), session.text("m").into());
    }
    let specification = deadline
        .map(|deadline| json!({ "Deadline": deadline, "IgnoreSystemJobs": session.is_set("ignore-system") }));
    let body = json!({
        "NodeID": id,
        "DrainSpec": specification,
        "MarkEligible": !session.is_set("keep-ineligible"),
        "Meta": if meta.is_empty() { Json::Null } else { meta.into() },
    });
    let answer = session
        .api()?
        .put(&format!("/v1/node/{id}/drain"), &[], &body)
        .map_err(Fault::of("Error updating drain specification"))?;
    Ok(answer.at("NodeModifyIndex").as_u64().unwrap_or_default())
}

fn now(api: &Api) -> String {
    time_text(api.client().machine().clock.now())
}

/// Follows a drain until it is complete and the allocations have stopped.
fn watch(session: &Session<'_>, id: &str, mut index: u64) -> Outcome {
    let api = session.api()?;
    let ignores_system = session.is_set("ignore-system");
    let mut known: BTreeMap<String, Json> = BTreeMap::new();
    let (mut is_drained, mut is_empty) = (false, false);
    while !(is_drained && is_empty) {
        if !is_empty {
            let path = format!("/v1/node/{id}/allocations");
            let allocations =
                api.get(&path, &[("stale", "")]).map_err(Fault::of("Error monitoring allocations"))?;
            tell_changes(session, &known, items(&allocations))?;
            known = items(&allocations).iter().map(|one| (one.text("ID").to_owned(), one.clone())).collect();
            let runs = |one: &&Json| matches!(one.text("ClientStatus"), "pending" | "running");
            let counts = |one: &&Json| !(ignores_system && one.at("Job").text("Type") == "system");
            if items(&allocations).iter().filter(counts).filter(runs).count() == 0 {
                session.say(format!("{}: All allocations on node {id:?} have stopped", now(api)));
                is_empty = true;
            }
        }
        if !is_drained {
            let index_text = index.to_string();
            let query = [("index", index_text.as_str()), ("stale", ""), ("wait", "200ms")];
            let (node, meta) = api
                .get_with_meta(&format!("/v1/node/{id}"), &query)
                .map_err(Fault::of("Error monitoring node"))?;
            index = meta.index;
            if node.at("DrainStrategy").is_null() {
                session.say(format!("{}: Drain complete for node {id}", now(api)));
                is_drained = true;
            }
        } else if !is_empty {
            api.client().sleep(std::time::Duration::from_millis(200));
        }
    }
    Ok(0)
}

fn tell_changes(
    session: &Session<'_>,
    known: &BTreeMap<String, Json>,
    present: &[Json],
) -> Result<(), Fault> {
    let api = session.api()?;
    for one in present {
        let Some(before) = known.get(one.text("ID")) else { continue };
        let migrates = |one: &Json| one.at("DesiredTransition").truth("Migrate");
        let told = if before.text("ClientStatus") != one.text("ClientStatus") {
            format!("status {} -> {}", before.text("ClientStatus"), one.text("ClientStatus"))
        } else if migrates(one) && !migrates(before) {
            "marked for migration".to_owned()
        } else if migrates(one) && before.text("DesiredStatus") != one.text("DesiredStatus") {
            "draining".to_owned()
        } else {
            continue;
        };
        session.say(format!("{}: Alloc {:?} {told}", now(api), one.text("ID")));
    }
    Ok(())
}
