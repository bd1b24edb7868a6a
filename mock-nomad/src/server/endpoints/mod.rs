//! The RPC endpoints, one file a service.

mod allocation;
mod evaluation;
mod job;
mod job_read;
mod node;
mod node_allocations;
mod operator;
mod plan;
mod status;

pub(super) use self::plan::encode_plan;

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};

/// Services that the real program has; a method of another is an unknown service.
const SERVICES: [&str; 28] = [
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
];

/// Carries out a call, as net/rpc finds its method.
pub(super) async fn dispatch(server: &Server, request: &Request) -> RpcResult {
    let method = request.method.as_str();
    match method.split_once('.') {
        Some(("Status", name)) => status::call(server, request, name).await,
        Some(("Region", "List")) => status::regions(server),
        Some(("Node", name)) => node::call(server, request, name).await,
        Some(("Alloc", name)) => allocation::call(server, request, name).await,
        Some(("Eval", name)) => evaluation::call(server, request, name).await,
        Some(("Plan", "Submit")) => plan::submit(server, request).await,
        Some(("Job", name)) => job::call(server, request, name).await,
        Some(("Operator", name)) => operator::call(server, request, name).await,
        Some(("Deployment", "Reap") | ("Keyring", "Get")) => {
            server.server_only(request)?;
            Err(unsupported(method))
        }
        Some(("ServiceRegistration", "Upsert")) => {
            server.client_only(request)?;
            Err(unsupported(method))
        }
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
