//! The RPC endpoints, one file a service.

mod absent;
mod acl;
mod admission;
mod allocation;
mod deployment;
mod dispatch;
mod evaluation;
mod job;
mod job_plan;
mod job_read;
mod job_scale;
mod job_statuses;
mod job_stub;
mod job_tag;
mod job_versions;
mod keyring;
mod namespace;
mod node;
mod node_allocations;
mod node_drain;
mod node_pool;
mod operator;
mod plan;
mod raft;
mod scaling;
mod search;
mod services;
mod settings;
mod status;
mod system;
mod variables;

pub(super) use self::acl::LoginRequests;
pub(super) use self::plan::encode_plan;
pub(super) use self::variables::{LockTimes, watch_locks};

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};

/// Services that the real program has; a method of another is an unknown service.
const SERVICES: [&str; 30] = [
    "ACL",
    "Agent",
    "Alloc",
    "Allocations",
    "CSIPlugin",
    "CSIVolume",
    "ClientAllocations",
    "ClientCSI",
    "ClientStats",
    "Deployment",
    "Enterprise",
    "Eval",
    "Event",
    "FileSystem",
    "HostVolume",
    "Job",
    "Keyring",
    "Namespace",
    "Node",
    "NodePool",
    "Operator",
    "Periodic",
    "Plan",
    "Region",
    "Scaling",
    "Search",
    "ServiceRegistration",
    "Status",
    "System",
    "Variables",
];

/// Carries out a call, as net/rpc finds its method.
pub(super) async fn dispatch(server: &Server, request: &Request) -> RpcResult {
    let method = request.method.as_str();
    match method.split_once('.') {
        Some(("Status", name)) => status::call(server, request, name).await,
        Some(("Region", "List")) => status::regions(server),
        Some(("Node", name)) => node::call(server, request, name).await,
        Some(("Eval", name)) => evaluation::call(server, request, name).await,
        Some(("Plan", "Submit")) => plan::submit(server, request).await,
        Some(("Deployment", name)) if name != "Reap" => deployment::call(server, request, name).await,
        Some(("Periodic", "Force")) => dispatch::force(server, request).await,
        Some(("Job", "Statuses")) => job_statuses::call(server, request).await,
        Some(("Job", "GetServiceRegistrations")) => services::of_job(server, request).await,
        Some(("Alloc", "GetServiceRegistrations")) => services::of_allocation(server, request).await,
        Some(("Alloc", name)) => allocation::call(server, request, name).await,
        Some(("Scaling", name)) => scaling::call(server, request, name).await,
        Some(("Job", name)) => job::call(server, request, name).await,
        Some(("Operator", name)) => operator::call(server, request, name).await,
        Some(("Deployment", "Reap")) => {
            server.server_only(request)?;
            Err(unsupported(method))
        }
        Some(("CSIVolume" | "CSIPlugin" | "HostVolume", name)) => absent::call(server, request, name).await,
        Some(("ACL", name)) => acl::call(server, request, name).await,
        Some(("Keyring", name)) => keyring::call(server, request, name).await,
        Some(("Namespace", name)) => namespace::call(server, request, name).await,
        Some(("NodePool", name)) => node_pool::call(server, request, name).await,
        Some(("Search", name)) => search::call(server, request, name).await,
        Some(("ServiceRegistration", name)) => services::call(server, request, name).await,
        Some(("System", name)) => system::call(server, request, name).await,
        Some(("Variables", name)) => variables::call(server, request, name).await,
        _ => Err(unknown(method)),
    }
}

/// What net/rpc says of a method that is not there.
fn unknown(method: &str) -> RpcError {
    let known = method.split_once('.').is_some_and(|(service, _)| SERVICES.contains(&service));
    match (method.contains('.'), known) {
        (false, _) => RpcError::new(format!("rpc: service/method request ill-formed: {method}")),
        (true, true) => RpcError::new(format!("rpc: can't find method {method}")),
        (true, false) => RpcError::new(format!("rpc: can't find service {method}")),
    }
}

/// A method of the real program that this one does not have.
fn unsupported(method: &str) -> RpcError {
    RpcError::new(format!("{method} is not supported by this server"))
}
