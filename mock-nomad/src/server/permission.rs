//! What a caller must be allowed to do for each method. Methods that look at what they find decide themselves.

use super::access::Caller;
use super::{Request, Server};
use crate::acl::Level;
use crate::seam::RpcError;
use crate::structs::Body;

/// What a method asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Nothing, or what the method itself finds out.
    Nothing,
    /// One of these in the namespace of the request.
    InNamespace(&'static [&'static str]),
    /// This in the namespace of the request, or to see its jobs.
    OrJobs(&'static str),
    Node(Level),
    Operator(Level),
    OperatorCapability(&'static str),
    Plugin,
    /// A management token.
    Everything,
}

impl Server {
    /// Refuses who may not put a request.
    pub(super) fn permit(&self, request: &Request) -> Result<(), RpcError> {
        let need = need(request);
        if need == Need::Nothing {
            return Ok(());
        }
        let caller = self.caller(request)?;
        if is_met(need, &caller, namespace_of(request)) { Ok(()) } else { Err(RpcError::permission_denied()) }
    }
}

fn is_met(need: Need, caller: &Caller, namespace: &str) -> bool {
    let acl = &caller.acl;
    match need {
        Need::Nothing => true,
        Need::InNamespace(any_of) => any_of.iter().any(|name| acl.allows_in_namespace(namespace, name)),
        Need::OrJobs(capability) => {
            let allows = |name: &str| acl.allows_in_namespace(namespace, name);
            allows(capability) || (allows("list-jobs") && allows("read-job"))
        }
        // Nodes look at nodes and allocations.
        Need::Node(level) => acl.allows_node(level) || (level == Level::Read && acl.is_client()),
        Need::Operator(level) => acl.allows_operator(level),
        Need::OperatorCapability(name) => acl.allows_operator_capability(name),
        Need::Plugin => acl.allows_plugin(Level::List),
        Need::Everything => acl.is_management(),
    }
}

/// The namespace of a request; of a registration the job's.
fn namespace_of(request: &Request) -> &str {
    let body = Body(&request.body);
    let own = body.get("Job").map_or("", |job| Body(job).string("Namespace"));
    [own, body.string("Namespace"), "default"].into_iter().find(|name| !name.is_empty()).unwrap_or("default")
}

fn need(request: &Request) -> Need {
    use Need::{Everything, InNamespace, Node, Nothing, Operator, OperatorCapability, OrJobs, Plugin};
    let Some((service, name)) = request.method.split_once('.') else { return Nothing };
    match (service, name) {
        ("Node", "Deregister" | "BatchDeregister" | "UpdateDrain" | "UpdateEligibility" | "Evaluate") => {
            Node(Level::Write)
        }
        ("Node", "GetNode" | "List" | "GetAllocs") => Node(Level::Read),
        ("Alloc", "List" | "GetServiceRegistrations") => InNamespace(&["read-job"]),
        ("Alloc", "UpdateDesiredTransition") => Everything,
        ("Eval", "GetEval" | "List" | "Allocations" | "Count") => InNamespace(&["read-job"]),
        ("Eval", "Delete") => Everything,
        ("Job", "List") => InNamespace(&["list-jobs"]),
        ("Job", "Register") => InNamespace(&["submit-job", "register-job"]),
        ("Job", "Deregister") if Body(&request.body).boolean("Purge") => {
            InNamespace(&["submit-job", "purge-job"])
        }
        ("Job", "Deregister") => InNamespace(&["submit-job", "purge-job", "deregister-job"]),
        ("Job", "BatchDeregister") => Everything,
        ("Job", "Plan") => InNamespace(&["submit-job", "plan-job"]),
        ("Job", "Revert") => InNamespace(&["submit-job", "revert-job"]),
        ("Job", "Stable") => InNamespace(&["submit-job", "stable-job"]),
        ("Job", "TagVersion") => InNamespace(&["submit-job", "tag-job-version"]),
        ("Job", "Dispatch") => InNamespace(&["dispatch-job"]),
        ("Job", "Scale") => InNamespace(&["scale-job", "submit-job"]),
        ("Job", "ScaleStatus") => InNamespace(&["read-job-scaling", "read-job"]),
        ("Job", "Statuses") => Nothing,
        ("Job", "Evaluate") => InNamespace(&["submit-job", "evaluate-job"]),
        ("Job", _) => InNamespace(&["read-job"]),
        ("Deployment", "List" | "GetDeployment" | "Allocations") => InNamespace(&["read-job"]),
        // Whether there is such a deployment is told first.
        ("Deployment", _) => Nothing,
        ("Periodic", _) => InNamespace(&["dispatch-job", "submit-job", "force-periodic-job"]),
        ("Scaling", "ListPolicies") => OrJobs("list-scaling-policies"),
        ("Scaling", _) => OrJobs("read-scaling-policy"),
        ("Namespace", "UpsertNamespaces" | "DeleteNamespaces") => Everything,
        (
            "Operator",
            "AutopilotGetConfiguration"
            | "ServerHealth"
            | "SchedulerGetConfiguration"
            | "UpgradeCheckVaultWorkloadIdentity",
        ) => Operator(Level::Read),
        ("Operator", "AutopilotSetConfiguration" | "SchedulerSetConfiguration") => Operator(Level::Write),
        ("Operator", "SnapshotSave") => OperatorCapability("snapshot-save"),
        ("Operator" | "System", _) => Everything,
        ("Keyring", "List") => OperatorCapability("keyring-read"),
        ("Keyring", "Rotate") => OperatorCapability("keyring-rotate"),
        ("Keyring", "Delete") => OperatorCapability("keyring-delete"),
        ("Keyring", "Update") => Everything,
        ("CSIVolume", "List") => {
            InNamespace(&["csi-list-volume", "csi-read-volume", "csi-mount-volume", "list-jobs"])
        }
        ("CSIVolume", "Get") => InNamespace(&["csi-read-volume", "csi-mount-volume", "read-job"]),
        ("CSIPlugin", _) => Plugin,
        ("HostVolume", "Get") => InNamespace(&["host-volume-read"]),
        _ => Nothing,
    }
}
