//! `nomad server`.

use serde_json::{Value as Json, json};

use super::command::{Arity, Command, Fault, General, Outcome, fail};
use super::json::{Look, sorted};
use super::session::Session;
use super::wording::table;
use crate::stand_in::Takes;

pub(super) const MEMBERS: Command = Command {
    name: "server members",
    synopsis: "Display a list of known servers and their status",
    usage: "[options]",
    flags: &[
        ("ui", Takes::Bool, "Say where the browser finds it."),
        ("detailed", Takes::Bool, "The same as -verbose."),
        ("verbose", Takes::Bool, "Show everything."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Client,
    arity: Arity::NONE,
    run: members,
};
pub(super) const JOIN: Command = Command {
    name: "server join",
    synopsis: "Join server nodes together",
    usage: "[options] <addr> [<addr>...]",
    flags: &[],
    general: General::Client,
    arity: Arity::Counted(1, usize::MAX, "One or more node addresses must be given as arguments"),
    run: join,
};
pub(super) const FORCE_LEAVE: Command = Command {
    name: "server force-leave",
    synopsis: "Force a server into the 'left' state",
    usage: "[options] <node>",
    flags: &[("prune", Takes::Bool, "Forget the server.")],
    general: General::Client,
    arity: Arity::Counted(1, 1, "This command takes one argument: <node>"),
    run: force_leave,
};

fn members(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let answer = api.get("/v1/agent/members", &[]).map_err(Fault::of("Error querying servers"))?;
    let mut members = answer.list("Members").to_vec();
    if members.is_empty() && !session.is_formatted() {
        return fail("Agent doesn't know about server members");
    }
    let by = |one: &Json| {
        let tag = |name: &str| one.at("Tags").text(name).to_owned();
        (tag("region"), tag("dc"), one.text("Name").to_owned())
    };
    members.sort_by_key(by);
    let (leaders, problem) = leaders(session, &members);
    if session.is_formatted() {
        for member in &mut members {
            let leads = is_leader(member, &leaders);
            if let Some(tags) = member.get_mut("Tags").and_then(Json::as_object_mut) {
                tags.insert("Leader".to_owned(), leads.to_string().into());
            }
        }
        return session.formatted(&Json::Array(members), "[]*api.AgentMember");
    }
    let is_verbose = session.is_set("verbose") || session.is_set("detailed");
    session.say(table(&lines(&members, &leaders, is_verbose)));
    if let Some(problem) = problem {
        session.say("");
        session.warn(format!("\nError determining leaders: {problem}"));
        return Ok(1);
    }
    session.hint("View and manage Nomad servers", "/ui/servers");
    Ok(0)
}

fn lines(members: &[Json], leaders: &[String], is_verbose: bool) -> Vec<String> {
    let mut lines = vec![
        if is_verbose {
            "Name|Address|Port|Status|Leader|Protocol|Raft Version|Build|Datacenter|Region|Tags"
        } else {
            "Name|Address|Port|Status|Leader|Raft Version|Build|Datacenter|Region"
        }
        .to_owned(),
    ];
    for one in members {
        let tags = one.at("Tags");
        let head = format!(
            "{}|{}|{}|{}|{}",
            one.text("Name"),
            one.text("Addr"),
            one.number("Port"),
            one.text("Status"),
            is_leader(one, leaders)
        );
        let tail = format!(
            "{}|{}|{}|{}",
            tags.text("raft_vsn"),
            tags.text("build"),
            tags.text("dc"),
            tags.text("region")
        );
        if !is_verbose {
            lines.push(format!("{head}|{tail}"));
            continue;
        }
        let all: Vec<String> = sorted(tags)
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
            .collect();
        lines.push(format!("{head}|{}|{tail}|{}", one.number("ProtocolCur"), all.join(",")));
    }
    lines
}

/// Who leads each region, and what could not be found out.
fn leaders(session: &Session<'_>, members: &[Json]) -> (Vec<String>, Option<String>) {
    let mut regions: Vec<&str> = members.iter().map(|one| one.at("Tags").text("region")).collect();
    regions.sort_unstable();
    regions.dedup();
    let mut leaders = Vec::new();
    let mut problems = Vec::new();
    for region in regions {
        let Ok(api) = session.api() else { continue };
        match api.get("/v1/status/leader", &[("region", region)]) {
            Ok(leader) => leaders.push(leader.as_str().unwrap_or_default().to_owned()),
            Err(problem) => problems.push(format!("\t* Region {region:?}: {problem}")),
        }
    }
    let count = problems.len();
    let noun = if count == 1 { "error" } else { "errors" };
    let problem = (count > 0).then(|| format!("{count} {noun} occurred:\n{}\n\n", problems.join("\n")));
    (leaders, problem)
}

fn is_leader(member: &Json, leaders: &[String]) -> bool {
    let tags = member.at("Tags");
    let host = match tags.text("rpc_addr") {
        "" => member.text("Addr"),
        address => address,
    };
    leaders.contains(&format!("{host}:{}", tags.text("port")))
}

fn join(session: &Session<'_>) -> Outcome {
    let query: Vec<(&str, &str)> =
        session.arguments().iter().map(|address| ("address", address.as_str())).collect();
    let answer =
        session.api()?.put("/v1/agent/join", &query, &json!(null)).map_err(Fault::of("Error joining"))?;
    if !answer.text("error").is_empty() {
        return fail(format!("Error joining: failed joining: {}", answer.text("error")));
    }
    session.say(format!("Joined {} servers successfully", answer.number("num_joined")));
    Ok(0)
}

fn force_leave(session: &Session<'_>) -> Outcome {
    let mut query = vec![("node", session.argument(0))];
    if session.is_set("prune") {
        query.push(("prune", "true"));
    }
    session
        .api()?
        .put("/v1/agent/force-leave", &query, &json!(null))
        .map_err(Fault::of(&format!("Error force-leaving server {}", session.argument(0))))?;
    Ok(0)
}
