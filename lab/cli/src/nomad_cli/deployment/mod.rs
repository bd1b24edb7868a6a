//! `nomad deployment`.

pub(super) mod act;
pub(super) mod list;
pub(super) mod status;

use std::time::Duration;

use serde_json::Value as Json;

use super::command::Fault;
use super::json::Look;
use super::session::Session;
use super::wording::{limit, moment_of, pairs, table, time_text};

/// A deployment as text.
pub(super) fn text(session: &Session<'_>, deployment: &Json) -> String {
    let mut text = pairs(&[
        format!("ID|{}", limit(deployment.text("ID"), session.id_length())),
        format!("Job ID|{}", deployment.text("JobID")),
        format!("Job Version|{}", deployment.number("JobVersion")),
        format!("Status|{}", deployment.text("Status")),
        format!("Description|{}", deployment.text("StatusDescription")),
    ]);
    if !deployment.entries("TaskGroups").is_empty() {
        text.push_str(&format!("\n\n{}\n{}", session.bold("Deployed"), groups(deployment)));
    }
    text
}

/// What a deployment has done to each group.
pub(super) fn groups(deployment: &Json) -> String {
    let groups = deployment.entries("TaskGroups");
    let any = |test: fn(&Json) -> bool| groups.iter().any(|(_, group)| test(group));
    let reverts = any(|group| group.truth("AutoRevert"));
    let canaries = any(|group| group.number("DesiredCanaries") > 0);
    let progress = any(|group| group.number("ProgressDeadline") > 0);
    let mut heading = vec!["Task Group"];
    if reverts {
        heading.push("Auto Revert");
    }
    if canaries {
        heading.push("Promoted");
    }
    heading.push("Desired");
    if canaries {
        heading.push("Canaries");
    }
    heading.extend(["Placed", "Healthy", "Unhealthy"]);
    if progress {
        heading.push("Progress Deadline");
    }
    let mut lines = vec![heading.join("|")];
    for (name, group) in groups {
        let has_canaries = group.number("DesiredCanaries") > 0;
        let mut cells = vec![name.to_owned()];
        if reverts {
            cells.push(group.truth("AutoRevert").to_string());
        }
        if canaries {
            cells.push(if has_canaries { group.truth("Promoted").to_string() } else { "N/A".to_owned() });
        }
        cells.push(group.number("DesiredTotal").to_string());
        if canaries {
            cells.push(if has_canaries {
                group.number("DesiredCanaries").to_string()
            } else {
                "N/A".to_owned()
            });
        }
        for field in ["PlacedAllocs", "HealthyAllocs", "UnhealthyAllocs"] {
            cells.push(group.number(field).to_string());
        }
        if progress {
            cells.push(moment_of(group.at("RequireProgressBy")).map_or_else(|| "N/A".to_owned(), time_text));
        }
        lines.push(cells.join("|"));
    }
    table(&lines)
}

/// Shows a deployment whenever it changes, until it has ended; and the one that it is rolled back by, if one is.
pub(super) fn follow(session: &Session<'_>, id: &str) -> Result<Json, Fault> {
    let api = session.api()?;
    let now = || time_text(api.client().machine().clock.now());
    let path = format!("/v1/deployment/{id}");
    let mut index = 0;
    loop {
        let at = index.to_string();
        let waiting = [("index", at.as_str()), ("stale", ""), ("wait", "60s")];
        let query = if index == 0 { &[][..] } else { &waiting };
        let (deployment, meta) = api
            .get_with_meta(&path, query)
            .map_err(|problem| Fault::Told(format!("{}: Error fetching deployment: {problem}", now())))?;
        if meta.index == index {
            continue;
        }
        index = meta.index;
        session.say(format!("    \n{}\n{}", now(), text(session, &deployment)));
        match deployment.text("Status") {
            "failed" => return rolled_back(session, deployment),
            "successful" | "cancelled" | "blocked" => return Ok(deployment),
            _ => {}
        }
    }
}

/// The end of a failed deployment: where a group reverts by itself, the deployment of what came before is followed.
fn rolled_back(session: &Session<'_>, failed: Json) -> Result<Json, Fault> {
    let reverts = failed.entries("TaskGroups").into_iter().any(|(_, group)| group.truth("AutoRevert"));
    if !reverts || !failed.text("StatusDescription").contains("rolling back") {
        return Ok(failed);
    }
    let api = session.api()?;
    let path = format!("/v1/job/{}/deployment", super::api::path_escape(failed.text("JobID")));
    for _ in 0..20 {
        let latest = api
            .get(&path, &[("namespace", failed.text("Namespace"))])
            .map_err(Fault::of("Error fetching rollback deployment"))?;
        if latest.text("ID") != failed.text("ID") && !latest.is_null() {
            session.say(format!(
                "    \nMonitoring rollback deployment {:?}",
                limit(latest.text("ID"), session.id_length())
            ));
            let rollback = latest.text("ID").to_owned();
            follow(session, &rollback)?;
            return Ok(failed);
        }
        api.client().sleep(Duration::from_millis(250));
    }
    Ok(failed)
}
