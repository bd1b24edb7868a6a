//! Registers the services of an allocation with the servers, where its job names Nomad as their provider.

use std::collections::BTreeMap;
use std::sync::Weak;
use std::time::Duration;

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::Client;
use super::address::Place;
use super::alloc_dir::AllocDir;
use super::environment::{Sources, TaskEnvironment};
use super::runner::Runner;
use crate::server::Access;
use crate::structs::{Allocation, Job, Opaque, ServiceRegistration, Task, TaskGroup};

/// How long after a refusal the servers are asked again.
const AGAIN: Duration = Duration::from_secs(5);
/// Whose work the log says this is.
const LOGGER: &str = "client.service_registration.nomad";

/// Keeps the servers' list of services as the allocation is, for as long as it is here.
pub(super) async fn watch(client: Weak<Client>, runner: Runner) {
    if !has_services(&runner) {
        return;
    }
    let mut registered = BTreeMap::new();
    let mut changed = runner.changes();
    loop {
        changed.borrow_and_update();
        let Some(strong) = client.upgrade() else { return };
        let clock = strong.parts.host.clock.clone();
        let wanted = wanted(&strong, &runner);
        let result = settle(&strong, &mut registered, wanted).await;
        drop(strong);
        match result {
            Ok(()) => {
                if changed.changed().await.is_err() {
                    return;
                }
            }
            Err(()) => clock.sleep(AGAIN).await,
        }
    }
}

fn has_services(runner: &Runner) -> bool {
    let state = runner.state();
    let allocation = &state.allocation;
    let group = allocation.job.as_ref().and_then(|job| job.group(&allocation.task_group));
    group.is_some_and(|group| group.nomad_services().next().is_some())
}

/// Adds and removes what the servers do not know yet.
async fn settle(
    client: &Client,
    registered: &mut BTreeMap<String, ServiceRegistration>,
    wanted: BTreeMap<String, ServiceRegistration>,
) -> Result<(), ()> {
    let old: Vec<String> = registered.keys().filter(|id| !wanted.contains_key(*id)).cloned().collect();
    for id in old {
        // One that is gone already is as it shall be.
        let body = client.request([("ID", id.as_str().into())]);
        let _ = client.rpc("ServiceRegistration.DeleteByID", Access::Write, body).await;
        registered.remove(&id);
    }
    let new: Vec<&ServiceRegistration> = wanted
        .iter()
        .filter(|(id, service)| registered.get(*id) != Some(service))
        .map(|(_, service)| service)
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let services = new.iter().map(|service| to_value(service).unwrap_or(Value::Nil)).collect();
    let body = client.request([("Services", Value::Array(services))]);
    match client.rpc("ServiceRegistration.Upsert", Access::Write, body).await {
        Ok(_) => {
            *registered = wanted;
            Ok(())
        }
        Err(error) => {
            let text = format!("failed to register services: {}", crate::hclog::pair("error", &error));
            client.parts.host.log.error(LOGGER, text);
            Err(())
        }
    }
}

/// What shall be registered now: the group's services until every task is over, a task's while it runs.
fn wanted(client: &Client, runner: &Runner) -> BTreeMap<String, ServiceRegistration> {
    let (allocation, tasks) = {
        let state = runner.state();
        (state.allocation.clone(), state.tasks.clone())
    };
    let Some(job) = allocation.job.clone() else { return BTreeMap::new() };
    let Some(group) = job.group(&allocation.task_group) else { return BTreeMap::new() };
    let mut all = Vec::new();
    let owner = Owner { client, allocation: &allocation, job: &job, group };
    if !allocation.is_server_terminal() && !runner.is_over() {
        let networks = &allocation.allocated_resources.shared.networks;
        let name = format!("group-{}", group.name);
        all.extend(owner.registrations(&name, &Task::default(), group.rest.get("Services"), networks));
    }
    for task in &group.tasks {
        if tasks.get(&task.name).is_some_and(|state| state.state == "running")
            && !allocation.is_server_terminal()
        {
            let own = allocation.allocated_resources.tasks.get(&task.name);
            let networks = own.map_or(&Opaque::Null, |own| &own.networks);
            all.extend(owner.registrations(&task.name, task, task.rest.get("Services"), networks));
        }
    }
    all.into_iter().map(|service| (service.id.clone(), service)).collect()
}

/// Those services that are registered with Nomad itself.
fn of_nomad(services: Option<&Opaque>) -> impl Iterator<Item = &Opaque> {
    let services = services.and_then(Opaque::as_array).into_iter().flatten();
    services.filter(|service| service["Provider"] == "nomad")
}

/// Whose services they are.
struct Owner<'a> {
    client: &'a Client,
    allocation: &'a Allocation,
    job: &'a Job,
    group: &'a TaskGroup,
}

impl Owner<'_> {
    /// The services of a group or a task; none of them where one has no address.
    fn registrations(
        &self,
        workload: &str,
        task: &Task,
        services: Option<&Opaque>,
        networks: &Opaque,
    ) -> Vec<ServiceRegistration> {
        let directory = AllocDir::new(&self.client.parts.settings.alloc_dir, &self.allocation.id);
        let node = self.client.node();
        let environment = TaskEnvironment::of(&Sources {
            node: &node,
            region: &self.client.parts.settings.region,
            allocation: self.allocation,
            job: self.job,
            group: self.group,
            task,
            directory: &directory,
        });
        let made = of_nomad(services).map(|service| {
            let name = environment.interpolate(text(service, "Name"));
            let label = environment.interpolate(text(service, "PortLabel"));
            let (address, port) =
                self.address(service, &label, networks).map_err(|error| (name.clone(), error))?;
            let canary = self.allocation.is_canary().then(|| service["CanaryTags"].as_array()).flatten();
            let tags = canary.filter(|tags| !tags.is_empty()).or_else(|| service["Tags"].as_array());
            let tags = tags.into_iter().flatten().filter_map(Opaque::as_str);
            Ok(ServiceRegistration {
                id: format!("_nomad-task-{}-{workload}-{name}-{label}", self.allocation.id),
                service_name: name,
                namespace: self.allocation.namespace.clone(),
                node_id: node.id.clone(),
                datacenter: node.datacenter.clone(),
                job_id: self.job.id.clone(),
                alloc_id: self.allocation.id.clone(),
                tags: tags.map(|tag| environment.interpolate(tag)).collect(),
                address,
                port,
                ..ServiceRegistration::default()
            })
        });
        made.collect::<Result<_, (String, String)>>().unwrap_or_else(|(name, error)| {
            let text = format!("unable to get address for service {name:?}: {error}");
            self.client.parts.host.log.error(LOGGER, text);
            Vec::new()
        })
    }

    /// Where a service answers, by its `address_mode`; without an address of its own at that of the task's network.
    fn address(&self, service: &Opaque, label: &str, networks: &Opaque) -> Result<(String, i64), String> {
        let ports = &self.allocation.allocated_resources.shared.ports;
        let custom = text(service, "Address");
        let mode = match text(service, "AddressMode") {
            "" => "auto",
            mode => mode,
        };
        let (address, port) = Place { custom, mode, label, networks, ports }.address()?;
        if !address.is_empty() {
            return Ok((address, port));
        }
        let network = networks.as_array().and_then(|networks| networks.first());
        Ok((network.map_or("", |network| text(network, "IP")).to_owned(), port))
    }
}

fn text<'a>(object: &'a Opaque, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}
