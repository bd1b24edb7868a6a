//! Whether a job may be registered at all, wherever it would run.

use lab_pki::quote;

use super::{Request, Server};
use crate::seam::RpcError;
use crate::structs::{Job, Namespace};

/// Refuses any job where operators have closed the door.
pub(super) fn admit(server: &Server, request: &Request) -> Result<(), RpcError> {
    let caller = server.caller(request)?;
    let closed = server.store.read(|tables| tables.settings.scheduler.reject_job_registration);
    if closed && !caller.acl.is_management() {
        return Err(RpcError::new(
            "Job registration, dispatch, and scale are disabled by the scheduler configuration",
        ));
    }
    Ok(())
}

/// That a job's namespace or node pool is not there, or what its namespace does not allow.
pub(super) fn misplaced(server: &Server, job: &Job) -> Vec<String> {
    let (namespace, pool) = server.store.read(|tables| {
        let pools = &tables.registry.node_pools;
        (
            tables.registry.namespaces.contains_key(&job.namespace),
            // A pool that nodes name is there even before anybody describes it.
            job.node_pool.is_empty()
                || pools.contains_key(&job.node_pool)
                || tables.nodes.values().any(|node| node.node_pool == job.node_pool),
        )
    });
    let own = if namespace {
        server.store.read(|tables| forbidden(tables.registry.namespaces.get(&job.namespace)?, job))
    } else {
        Some(format!("job {} is in nonexistent namespace {}", quote(&job.id), quote(&job.namespace)))
    };
    let pool = (!pool)
        .then(|| format!("job {} is in nonexistent node pool {}", quote(&job.id), quote(&job.node_pool)));
    own.into_iter().chain(pool).collect()
}

/// What of a job its namespace does not allow.
fn forbidden(namespace: &Namespace, job: &Job) -> Option<String> {
    let capabilities = namespace.capabilities.as_ref()?;
    let is_allowed = |name: &str, enabled: &Option<Vec<String>>, disabled: &Option<Vec<String>>| {
        let names = |list: &Option<Vec<String>>| list.iter().flatten().any(|known| known == name);
        (enabled.as_ref().is_none_or(Vec::is_empty) || names(enabled)) && !names(disabled)
    };
    let drivers = job.task_groups.iter().flat_map(|group| &group.tasks).map(|task| task.driver.as_str());
    let drivers: Vec<&str> = drivers
        .filter(|driver| {
            !is_allowed(driver, &capabilities.enabled_task_drivers, &capabilities.disabled_task_drivers)
        })
        .collect();
    let networks =
        job.task_groups.iter().filter_map(|group| group.rest.get("Networks")?.as_array()).flatten();
    let modes = networks.filter_map(|network| network["Mode"].as_str());
    // A network without a mode is one of the host.
    let modes: Vec<&str> = modes
        .map(|mode| if mode.is_empty() { "host" } else { mode })
        .filter(|mode| {
            !is_allowed(mode, &capabilities.enabled_network_modes, &capabilities.disabled_network_modes)
        })
        .collect();
    let own = quote(&namespace.name);
    let told = |what: &str, names: &[&str]| match names {
        [] => None,
        [one] => Some(format!("used {what} {} is not allowed in namespace {own}", quote(one))),
        many => {
            let many = many.iter().map(|name| quote(name)).collect::<Vec<_>>().join(" ");
            Some(format!("used {what}s [{many}] are not allowed in namespace {own}"))
        }
    };
    told("task driver", &drivers).or_else(|| told("group network mode", &modes))
}
