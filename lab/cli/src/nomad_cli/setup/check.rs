//! `nomad setup vault -check`

use serde_json::{Value as Json, json};

use crate::nomad_cli::command::{Fault, Outcome};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::shape::sorted_keys;
use crate::nomad_cli::wording::{limit, table};

/// Says which jobs, nodes and tokens still use Vault without identities.
pub(super) fn check(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let found = api.get("/v1/jobs", &[("namespace", "*")]).map_err(Fault::of("Error querying jobs"))?;
    let mut jobs = Vec::new();
    for stub in items(&found) {
        let path = format!("/v1/job/{}", crate::nomad_cli::api::path_escape(stub.text("ID")));
        let job = api
            .get(&path, &[("namespace", stub.text("Namespace"))])
            .map_err(Fault::of("Error querying job"))?;
        if lacks_identity(&job) {
            jobs.push(job);
        }
    }
    let nodes = api.get("/v1/nodes", &[]).map_err(Fault::of("Error querying nodes"))?;
    let outdated: Vec<&Json> =
        items(&nodes).iter().filter(|node| is_outdated(node.text("Version"))).collect();
    if session.is_formatted() {
        let answer = json!({
            "JobsWithoutVaultIdentity": jobs,
            "OutdatedNodes": outdated,
            "VaultTokens": null,
        });
        session.say(sorted_keys(&answer, 4));
        return Ok(0);
    }
    if jobs.is_empty() && outdated.is_empty() {
        session.say(session.style("Nomad cluster is ready to use workload identities with Vault.", "1;32"));
        return Ok(0);
    }
    if !jobs.is_empty() {
        let mut lines = vec!["ID|Namespace|Type|Status".to_owned()];
        lines.extend(jobs.iter().map(|job| {
            format!(
                "{}|{}|{}|{}",
                job.text("ID"),
                job.text("Namespace"),
                job.text("Type"),
                job.text("Status")
            )
        }));
        session.say(format!(
            "{}\n{}",
            session.bold("Jobs Without Workload Identity for Vault"),
            table(&lines)
        ));
    }
    if !outdated.is_empty() {
        let mut lines = vec!["ID|Name|Address|Version|Drain|Eligibility|Status".to_owned()];
        lines.extend(outdated.iter().map(|node| {
            format!(
                "{}|{}|{}|{}|{}|{}|{}",
                limit(node.text("ID"), session.id_length()),
                node.text("Name"),
                node.text("Address"),
                node.text("Version"),
                node.truth("Drain"),
                node.text("SchedulingEligibility"),
                node.text("Status")
            )
        }));
        session.say(format!("\n{}\n{}", session.bold("Outdated Nodes"), table(&lines)));
    }
    Ok(0)
}

/// Whether a task of the job uses Vault and has no identity for it.
fn lacks_identity(job: &Json) -> bool {
    let tasks = job.list("TaskGroups").iter().flat_map(|group| group.list("Tasks"));
    tasks.filter(|task| !task.at("Vault").is_null()).any(|task| {
        let mut identities = task.list("Identities").iter();
        !identities.any(|identity| identity.text("Name").starts_with("vault_"))
    })
}

/// Whether a version is older than 1.7, which brought identities for Vault.
fn is_outdated(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u64>().unwrap_or(u64::MAX));
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) < (1, 7)
}
