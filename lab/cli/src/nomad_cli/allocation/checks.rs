//! `nomad alloc checks`

use serde_json::Value as Json;

use crate::nomad_cli::api::Api;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::json::{Look, sorted};
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{nano_text, or, table};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "alloc checks",
    synopsis: "Outputs service health check status information.",
    usage: "[options] <allocation>",
    flags: &[
        ("verbose", Takes::Bool, "Show whole identifiers."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "An allocation ID is required"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let allocation = lookup::allocation(api, session.argument(0), session.id_length())?;
    let checks = of(api, &allocation).map_err(Fault::of("Error querying allocation checks"))?;
    if session.is_formatted() {
        return session.formatted(&checks, "map[string]api.AllocCheckStatus");
    }
    let checks = sorted(&checks);
    session.say(session.bold(&format!("Status of {} Nomad Service Checks\n", checks.len())));
    for (id, check) in checks {
        let mut lines = vec![
            format!("ID|=|{}", or(check.text("ID"), id)),
            format!("Name|=|{}", check.text("Check")),
            format!("Group|=|{}", check.text("Group")),
            format!("Task|=|{}", or(check.text("Task"), "(group)")),
            format!("Service|=|{}", check.text("Service")),
            format!("Status|=|{}", check.text("Status")),
        ];
        if check.number("StatusCode") > 0 {
            lines.push(format!("StatusCode|=|{}", check.number("StatusCode")));
        }
        lines.extend([
            format!("Mode|=|{}", check.text("Mode")),
            format!("Timestamp|=|{}", nano_text(check.number("Timestamp").saturating_mul(1_000_000_000))),
            format!("Output|=|{}", check.text("Output")),
        ]);
        session.say(format!("{}\n", table(&lines)));
    }
    Ok(0)
}

/// What an allocation's status shows of its checks; `None`: it has none, or nobody knows of them.
pub(super) fn overview(session: &Session<'_>, allocation: &Json) -> Option<String> {
    let checks = of(session.api().ok()?, allocation).ok()?;
    let mut rows: Vec<[&str; 5]> = sorted(&checks)
        .into_iter()
        .map(|(_, check)| {
            let text = |field: &str| check.text(field);
            [text("Service"), or(text("Task"), "(group)"), text("Check"), text("Mode"), text("Status")]
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    rows.sort_unstable();
    let mut lines = vec!["Service|Task|Name|Mode|Status".to_owned()];
    lines.extend(rows.iter().map(|row| row.join("|")));
    Some(format!("\n{}\n{}", session.bold("Nomad Service Checks:"), table(&lines)))
}

/// The results of an allocation's checks by their ids.
fn of(api: &Api, allocation: &Json) -> Result<Json, String> {
    let path = format!("/v1/client/allocation/{}/checks", allocation.text("ID"));
    api.get(&path, &[("namespace", allocation.text("Namespace"))])
}
