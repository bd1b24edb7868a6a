//! `nomad operator autopilot`

use lab_world::{format_duration, parse_duration};
use serde_json::Value as Json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::tls::info::plain_time;
use crate::nomad_cli::wording::{moment_of, table};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const GET: Command = Command {
    name: "operator autopilot get-config",
    synopsis: "Display the current Autopilot configuration",
    usage: "[options]",
    flags: &[],
    general: General::Client,
    arity: Arity::Any,
    run: get,
};
pub(in crate::nomad_cli) const SET: Command = Command {
    name: "operator autopilot set-config",
    synopsis: "Modify the current Autopilot configuration",
    usage: "[options]",
    flags: &[
        (
            "cleanup-dead-servers",
            Takes::Text,
            "true or false: remove servers that have failed when others join.",
        ),
        ("disable-upgrade-migration", Takes::Text, "true or false."),
        ("enable-custom-upgrades", Takes::Text, "true or false."),
        ("enable-redundancy-zones", Takes::Text, "true or false."),
        (
            "last-contact-threshold",
            Takes::Text,
            "How long a healthy server may not have heard of the leader.",
        ),
        ("max-trailing-logs", Takes::Integer, "By how many entries a healthy server may be behind."),
        ("min-quorum", Takes::Integer, "How many servers are never removed."),
        ("server-stabilization-time", Takes::Text, "How long a server must be healthy before it votes."),
    ],
    general: General::Client,
    arity: Arity::Any,
    run: set,
};
pub(in crate::nomad_cli) const HEALTH: Command = Command {
    name: "operator autopilot health",
    synopsis: "Display the current Autopilot health",
    usage: "[options]",
    flags: &[("json", Takes::Bool, "As JSON.")],
    general: General::Client,
    arity: Arity::Any,
    run: health,
};

const PATH: &str = "/v1/operator/autopilot/configuration";

fn get(session: &Session<'_>) -> Outcome {
    let found = session.api()?.get(PATH, &[]).map_err(Fault::of("Error querying Autopilot configuration"))?;
    for field in [
        "CleanupDeadServers",
        "LastContactThreshold",
        "MaxTrailingLogs",
        "MinQuorum",
        "ServerStabilizationTime",
        "EnableRedundancyZones",
        "DisableUpgradeMigration",
        "EnableCustomUpgrades",
    ] {
        let value = match found.at(field) {
            Json::String(text) => text.clone(),
            Json::Number(number) if field.ends_with("Threshold") || field.ends_with("Time") => {
                format_duration(std::time::Duration::from_nanos(number.as_u64().unwrap_or_default()))
            }
            Json::Null => "0".to_owned(),
            other => other.to_string(),
        };
        session.say(format!("{field} = {value}"));
    }
    Ok(0)
}

fn set(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let mut found = api.get(PATH, &[]).map_err(Fault::of("Error querying Autopilot configuration"))?;
    let index = found.number("ModifyIndex").to_string();
    if let Some(settings) = found.as_object_mut() {
        for (flag, field) in [
            ("cleanup-dead-servers", "CleanupDeadServers"),
            ("disable-upgrade-migration", "DisableUpgradeMigration"),
            ("enable-custom-upgrades", "EnableCustomUpgrades"),
            ("enable-redundancy-zones", "EnableRedundancyZones"),
        ] {
            if let Some(text) = session.flags.text(flag) {
                let truth: bool = text.parse().map_err(|_| {
                    Fault::Told(format!("invalid value {text:?} for flag -{flag}: strconv.ParseBool: parsing {text:?}: invalid syntax"))
                })?;
                settings.insert(field.to_owned(), truth.into());
            }
        }
        for (flag, field) in [("max-trailing-logs", "MaxTrailingLogs"), ("min-quorum", "MinQuorum")] {
            if let Ok(number) = session.text(flag).parse::<u64>() {
                settings.insert(field.to_owned(), number.into());
            }
        }
        for (flag, field) in [
            ("last-contact-threshold", "LastContactThreshold"),
            ("server-stabilization-time", "ServerStabilizationTime"),
        ] {
            if let Some(text) = session.flags.text(flag) {
                let parsed = parse_duration(text).map_err(|error| {
                    Fault::Told(format!("invalid value {text:?} for flag -{flag}: {error}"))
                })?;
                settings.insert(field.to_owned(), format_duration(parsed).into());
            }
        }
    }
    let answer = api
        .put(PATH, &[("cas", &index)], &found)
        .map_err(Fault::of("Error setting Autopilot configuration"))?;
    if answer.as_bool() == Some(false) {
        session.say("Configuration could not be atomically updated, please try again");
        return Ok(1);
    }
    session.say("Configuration updated!");
    Ok(0)
}

fn health(session: &Session<'_>) -> Outcome {
    let answer = session
        .api()?
        .answer(http::Method::GET, "/v1/operator/autopilot/health", &[], None)
        .map_err(Fault::of("Error querying Autopilot health"))?;
    let code = answer.status().as_u16();
    // A cluster that is not healthy answers 429, with everything there is to know.
    if code != 200 && code != 429 {
        let problem = crate::nomad_cli::api::unexpected(code, answer.body());
        return Err(Fault::Told(format!("Error querying Autopilot health: {problem}")));
    }
    let found = crate::nomad_cli::api::decode(&answer)?;
    if session.is_set("json") {
        return session.formatted(&found, "*api.OperatorHealthReply");
    }
    session.say(format!("Healthy: {}", found.truth("Healthy")));
    session.say(format!("FailureTolerance: {}", found.number("FailureTolerance")));
    session.say(format!("Leader: {}", found.text("Leader")));
    let voters: Vec<String> = found.texts("Voters").iter().map(|voter| format!("\t{voter}")).collect();
    session.say(format!("Voters:  \n{}", voters.join("\n")));
    let mut lines = vec![
        "ID|Name|Address|SerfStatus|Version|Leader|Voter|Healthy|LastContact|LastTerm|LastIndex|StableSince"
            .to_owned(),
    ];
    for server in found.list("Servers") {
        let contact = match server.at("LastContact") {
            Json::String(text) => text.clone(),
            number => format_duration(std::time::Duration::from_nanos(number.as_u64().unwrap_or_default())),
        };
        let stable = moment_of(server.at("StableSince")).map(plain_time).unwrap_or_default();
        lines.push(format!(
            "{}|{}|{}|{}|{}|{}|{}|{}|{contact}|{}|{}|{stable}",
            server.text("ID"),
            server.text("Name"),
            server.text("Address"),
            server.text("SerfStatus"),
            server.text("Version"),
            server.truth("Leader"),
            server.truth("Voter"),
            server.truth("Healthy"),
            server.number("LastTerm"),
            server.number("LastIndex")
        ));
    }
    session.say(format!("Servers: \n{}\n", table(&lines)));
    Ok(0)
}
