//! `Operator`: settings of the whole cluster.

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::job_stub::JobStub;
use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::state::{Command, SettingsCommand, Topic};
use crate::structs::{AutopilotConfiguration, Body, SchedulerConfiguration, map};

/// `Operator.SchedulerGetConfiguration`
pub(super) fn scheduler(server: &Server) -> Value {
    let (index, configuration) = server.store.read(|tables| {
        let configuration = tables.settings.scheduler.clone();
        (tables.index_of(&Topic::SchedulerConfiguration), configuration)
    });
    server.meta(index).reply([("SchedulerConfig", to_value(&configuration).unwrap_or(Value::Nil))])
}

/// `Operator.SchedulerSetConfiguration`
pub(super) async fn set_scheduler(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let configuration: SchedulerConfiguration = body.object("Config")?.unwrap_or_default();
    if !matches!(configuration.scheduler_algorithm.as_str(), "" | "binpack" | "spread") {
        let text = format!("invalid scheduler algorithm: {}", configuration.scheduler_algorithm);
        return Err(RpcError::coded(400, &text));
    }
    let only_at = body.boolean("CAS").then_some(configuration.modify_index);
    let command = Command::Settings(SettingsCommand::Scheduler { configuration, only_at });
    let index = server.apply(command).await?;
    let updated = server.store.read(|tables| tables.settings.scheduler.modify_index == index);
    Ok(map([("Updated", updated.into()), ("Index", index.into())]))
}

/// `Operator.AutopilotGetConfiguration`
pub(super) fn autopilot(server: &Server) -> Value {
    server.store.read(|tables| to_value(&tables.settings.autopilot).unwrap_or(Value::Nil))
}

/// `Operator.AutopilotSetConfiguration`: whether it was set.
pub(super) async fn set_autopilot(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let configuration: AutopilotConfiguration = body.object("Config")?.unwrap_or_default();
    let only_at = body.boolean("CAS").then_some(configuration.modify_index);
    let command = Command::Settings(SettingsCommand::Autopilot { configuration, only_at });
    let index = server.apply(command).await?;
    Ok(server.store.read(|tables| tables.settings.autopilot.modify_index == index).into())
}

/// `Operator.UpgradeCheckVaultWorkloadIdentity`: jobs that ask for Vault without an identity for it.
pub(super) fn without_vault_identity(server: &Server) -> Value {
    let (index, jobs) = server.store.read(|tables| {
        let lacking = tables.jobs.values().filter(|job| {
            job.task_groups.iter().flat_map(|group| &group.tasks).any(|task| {
                let wants = task.rest.get("Vault").is_some_and(|vault| !vault.is_null());
                let identities = task.rest.get("Identities").and_then(|list| list.as_array());
                let has = identities
                    .into_iter()
                    .flatten()
                    .any(|identity| identity["Name"].as_str().is_some_and(|name| name.starts_with("vault_")));
                wants && !has
            })
        });
        let jobs = lacking.map(|job| JobStub::of(tables, job, false).value()).collect();
        (tables.index, jobs)
    });
    server.meta(index).reply([
        ("JobsWithoutVaultIdentity", Value::Array(jobs)),
        ("OutdatedNodes", Value::Array(Vec::new())),
        ("VaultTokens", Value::Nil),
    ])
}
