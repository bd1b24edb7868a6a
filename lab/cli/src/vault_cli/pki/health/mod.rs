//! `pki health-check`: what of a mount differs from what is advised.

mod acme;
mod audit;
mod authorities;
mod fetch;
mod finding;
mod leaves;
mod lists;
mod roles;
mod settings;
mod tidy;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(super) use self::fetch::parse;

use self::fetch::Mount;
use self::finding::{Finding, Level};
use self::settings::Settings;
use crate::stand_in::unread;
use crate::vault_cli::data;
use crate::vault_cli::failure::{Failure, Outcome};
use crate::vault_cli::session::Session;
use crate::vault_cli::text::sanitize;
use crate::vault_cli::tree::Tree;

/// A check.
struct Check {
    name: &'static str,
    run: fn(&Mount<'_>, &Settings) -> Result<Vec<Finding>, Failure>,
}

/// All checks, in the order in which they are made.
const CHECKS: [Check; 14] = [
    Check { name: "ca_validity_period", run: authorities::validity },
    Check { name: "crl_validity_period", run: lists::validity },
    Check { name: "hardware_backed_root", run: authorities::hardware },
    Check { name: "root_issued_leaves", run: leaves::issued_by_root },
    Check { name: "role_allows_localhost", run: roles::localhost },
    Check { name: "role_allows_glob_wildcards", run: roles::glob_wildcards },
    Check { name: "role_no_store_false", run: roles::stored },
    Check { name: "audit_visibility", run: audit::visibility },
    Check { name: "allow_if_modified_since", run: audit::if_modified_since },
    Check { name: "enable_auto_tidy", run: tidy::automatic },
    Check { name: "tidy_last_run", run: tidy::last_run },
    Check { name: "too_many_certs", run: leaves::count },
    Check { name: "enable_acme_issuance", run: acme::issuance },
    Check { name: "allow_acme_headers", run: acme::headers },
];

pub(in crate::vault_cli) fn health_check(session: &Session<'_>) -> Outcome {
    let is_list = session.is_set("list");
    match session.arguments() {
        [] if !is_list => {
            return Err(Failure::Usage("Not enough arguments (expected mount path, got nothing)".into()));
        }
        [] | [_] => {}
        _ if is_list => {}
        arguments => return Err(Failure::Usage(too_many(arguments))),
    }
    let cut_off = cut_off(session.flags.text("return-indicator").unwrap_or("default"))?;
    let api = session.api().map_err(Failure::into_usage)?;
    if is_list {
        return list(session);
    }
    let settings = Settings::read(&file(session)?, !session.is_set("default-disabled"))
        .map_err(|told| Failure::Usage(format!("Failed to build health check configuration: {told}")))?;
    let mount = Mount::new(&api, sanitize(session.argument(0)));
    let found =
        run(&mount, &settings).map_err(|failure| failure.told("Failed to run health check").into_usage())?;
    show(session, &found);
    let worst = found.iter().flat_map(|(_, findings)| findings).map(|finding| finding.level).max();
    Ok(worst.filter(|worst| *worst >= cut_off).map_or(0, Level::code))
}

/// What the checks found, in their order.
type Found = Vec<(&'static str, Vec<Finding>)>;

fn run(mount: &Mount<'_>, settings: &Settings) -> Result<Found, Failure> {
    let enabled = CHECKS.iter().filter(|check| settings.enabled.contains(check.name));
    let found = enabled.map(|check| {
        let findings = (check.run)(mount, settings);
        let told = |failure: Failure| failure.told(&format!("failed to fetch resources {}", check.name));
        Ok((check.name, findings.map_err(told)?))
    });
    found.collect()
}

fn too_many(arguments: &[String]) -> String {
    let count = arguments.len();
    let told = format!("Too many arguments (expected only mount path, got {count} arguments)");
    super::with_late_flag(told, arguments)
}

/// The level from which on a finding makes the exit status.
fn cut_off(indicator: &str) -> Result<Level, Failure> {
    match indicator {
        "" | "default" | "informational" => Ok(Level::Informational),
        "warning" => Ok(Level::Warning),
        "critical" => Ok(Level::Critical),
        "permission" => Ok(Level::InvalidVersion),
        other => Err(Failure::Usage(format!(
            "Invalid flag -return-indicator={other}; known options are default, informational, warning, critical, \
             and permission"
        ))),
    }
}

/// Prints the checks that there are, with their settings.
fn list(session: &Session<'_>) -> Outcome {
    match session.anywhere.format.as_str() {
        "yaml" | "yml" => {
            return Err(Failure::Usage(
                "YAML output format is not supported by the --list command".to_owned(),
            ));
        }
        "json" => {}
        _ => session.say("Default health check config:"),
    }
    let all: Map<String, Value> =
        CHECKS.iter().map(|check| (check.name.to_owned(), settings::defaults(check.name).into())).collect();
    session.say(&Tree::Value(all.into()).json());
    Ok(0)
}

/// The settings that a file names; none without one.
fn file(session: &Session<'_>) -> Result<Map<String, Value>, Failure> {
    let path = session.text("health-config");
    if path.is_empty() {
        return Ok(Map::new());
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::Usage(format!("Failed to read configuration file {path}: {}", unread(path.as_ref(), &error)))
    })?;
    data::object(&text)
        .map_err(|told| Failure::Usage(format!("Failed to parse configuration file {path}: {told}")))
}

fn show(session: &Session<'_>, found: &Found) {
    if session.is_table() {
        return found.iter().for_each(|(name, findings)| show_check(session, name, findings));
    }
    let sorted: BTreeMap<&str, &Vec<Finding>> = found.iter().map(|(name, all)| (*name, all)).collect();
    let trees = |all: &Vec<Finding>| Tree::List(all.iter().map(Finding::tree).collect());
    let tree = Tree::Fields(sorted.into_iter().map(|(name, all)| (name.to_owned(), trees(all))).collect());
    if !super::show_data(session, &tree) {
        let format = &session.anywhere.format;
        session.warn(&format!("Failed to render results for display: unknown output format: {format}"));
    }
}

fn show_check(session: &Session<'_>, name: &str, findings: &[Finding]) {
    session.say(name);
    session.say(&"-".repeat(name.len()));
    let mut rows = vec!["status♨endpoint♨message".to_owned()];
    rows.extend(findings.iter().map(Finding::row));
    session.show_rows(&rows);
    session.say("\n");
}
