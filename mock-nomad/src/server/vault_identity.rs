//! The identity that tasks prove themselves to Vault with, where their job does not say one.

use serde_json::json;

use super::Server;
use crate::structs::{Constraint, Job, Opaque, Task};

/// What the identity is called.
const NAME: &str = "vault_default";
/// What the agent's `default_identity` adds to every token for Vault.
pub(in crate::server) const EXTRA_CLAIMS: &str = "ExtraClaims";

impl Server {
    /// Gives each task that asks for Vault the agent's `default_identity`, unless it has one, and lets it run only where
    /// Vault can be reached.
    pub(super) fn add_vault_identities(&self, job: &mut Job) {
        let default = &self.parts.settings.vault_identity;
        let mut asks = false;
        for task in job.task_groups.iter_mut().flat_map(|group| &mut group.tasks) {
            if task.rest.get("Vault").is_none_or(Opaque::is_null) {
                continue;
            }
            asks = true;
            if !default.is_null() && !has_identity(task) {
                add_identity(task, default);
            }
        }
        if asks {
            for (left, operand, right) in [
                ("${attr.vault.version}", "semver", ">= 0.6.1"),
                ("${attr.nomad.version}", "semver", ">= 1.7.0-a"),
            ] {
                add_constraint(job, left, operand, right);
            }
        }
    }
}

fn has_identity(task: &Task) -> bool {
    let identities = task.rest.get("Identities").and_then(Opaque::as_array);
    identities.into_iter().flatten().any(|identity| identity["Name"] == NAME)
}

fn add_identity(task: &mut Task, default: &Opaque) {
    let mut identity = json!({
        "Name": NAME, "Audience": [], "ChangeMode": "", "ChangeSignal": "", "Env": false, "File": false,
        "Filepath": "", "ServiceName": "", "TTL": 0,
    });
    if let (Some(identity), Some(default)) = (identity.as_object_mut(), default.as_object()) {
        identity.extend(default.clone());
        // Those are the servers' own: they are added when a token is signed, and no job shows them.
        identity.remove(EXTRA_CLAIMS);
    }
    let identities = task.rest.entry("Identities".to_owned()).or_insert_with(|| json!([]));
    if identities.is_null() {
        *identities = json!([]);
    }
    if let Some(identities) = identities.as_array_mut() {
        identities.push(identity);
    }
}

/// To each group with a task that asks; the real program adds them there.
fn add_constraint(job: &mut Job, left: &str, operand: &str, right: &str) {
    for group in &mut job.task_groups {
        let asks =
            group.tasks.iter().any(|task| task.rest.get("Vault").is_some_and(|vault| !vault.is_null()));
        let constraint =
            Constraint { left: left.to_owned(), right: right.to_owned(), operand: operand.to_owned() };
        let constraints = group.constraints.get_or_insert_with(Vec::new);
        if asks && !constraints.contains(&constraint) {
            constraints.push(constraint);
        }
    }
}
