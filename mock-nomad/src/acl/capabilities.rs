//! What capabilities there are, and which of them a short policy stands for.

/// What one may be allowed to do in a namespace.
pub(super) const NAMESPACE: [&str; 45] = [
    "deny",
    "parse-job",
    "list-jobs",
    "read-job",
    "submit-job",
    "dispatch-job",
    "read-logs",
    "read-fs",
    "alloc-lifecycle",
    "alloc-exec",
    "alloc-node-exec",
    "csi-register-plugin",
    "csi-write-volume",
    "csi-read-volume",
    "csi-list-volume",
    "csi-mount-volume",
    "list-scaling-policies",
    "read-scaling-policy",
    "read-job-scaling",
    "scale-job",
    "submit-recommendation",
    "sentinel-override",
    "host-volume-create",
    "host-volume-delete",
    "host-volume-read",
    "host-volume-register",
    "host-volume-write",
    "register-job",
    "revert-job",
    "deregister-job",
    "purge-job",
    "evaluate-job",
    "plan-job",
    "tag-job-version",
    "stable-job",
    "fail-deployment",
    "pause-deployment",
    "promote-deployment",
    "unblock-deployment",
    "cancel-deployment",
    "set-alloc-health-deployment",
    "gc-allocation",
    "pause-allocation",
    "force-periodic-job",
    "delete-service-registration",
];

/// What one may be allowed to do with variables.
pub(super) const VARIABLES: [&str; 5] = ["deny", "list", "read", "write", "destroy"];

/// What one may be allowed to do with node pools.
pub(super) const NODE_POOL: [&str; 4] = ["delete", "deny", "read", "write"];

/// What one may be allowed to do with host volumes.
pub(super) const HOST_VOLUME: [&str; 3] = ["deny", "mount-readonly", "mount-readwrite"];

/// What one may be allowed to do as an operator.
pub(super) const OPERATOR: [&str; 6] =
    ["deny", "license-read", "snapshot-save", "keyring-read", "keyring-rotate", "keyring-delete"];

/// What one may be allowed to do with Sentinel's policies.
pub(super) const SENTINEL: [&str; 4] = ["deny", "sentinel-read", "sentinel-submit", "sentinel-delete"];

const READ: [&str; 9] = [
    "list-jobs",
    "parse-job",
    "read-job",
    "csi-list-volume",
    "csi-read-volume",
    "read-job-scaling",
    "list-scaling-policies",
    "read-scaling-policy",
    "host-volume-read",
];

const WRITE: [&str; 11] = [
    "scale-job",
    "submit-job",
    "dispatch-job",
    "read-logs",
    "read-fs",
    "alloc-exec",
    "alloc-lifecycle",
    "csi-mount-volume",
    "csi-write-volume",
    "submit-recommendation",
    "host-volume-create",
];

const SCALE: [&str; 6] = [
    "list-scaling-policies",
    "read-scaling-policy",
    "read-job-scaling",
    "scale-job",
    "read-job",
    "submit-recommendation",
];

/// What a namespace's short policy stands for.
pub(super) fn of_namespace_policy(policy: &str) -> Vec<&'static str> {
    match policy {
        "deny" => vec!["deny"],
        "read" => READ.to_vec(),
        "write" => READ.into_iter().chain(WRITE).collect(),
        "scale" => SCALE.to_vec(),
        _ => Vec::new(),
    }
}

/// What a node pool's short policy stands for.
pub(super) fn of_node_pool_policy(policy: &str) -> Vec<&'static str> {
    match policy {
        "deny" => vec!["deny"],
        "read" => vec!["read"],
        "write" => vec!["delete", "read", "write"],
        _ => Vec::new(),
    }
}

/// What a host volume's short policy stands for.
pub(super) fn of_host_volume_policy(policy: &str) -> Vec<&'static str> {
    match policy {
        "deny" => vec!["deny"],
        "read" => vec!["mount-readonly"],
        "write" => vec!["mount-readonly", "mount-readwrite"],
        _ => Vec::new(),
    }
}

/// What the operator's short policy stands for.
pub(super) fn of_operator_policy(policy: &str) -> Vec<&'static str> {
    match policy {
        "deny" => vec!["deny"],
        "read" => vec!["license-read", "keyring-read"],
        "write" => vec!["snapshot-save", "license-read", "keyring-rotate", "keyring-read", "keyring-delete"],
        _ => Vec::new(),
    }
}

/// What Sentinel's short policy stands for.
pub(super) fn of_sentinel_policy(policy: &str) -> Vec<&'static str> {
    match policy {
        "deny" => vec!["deny"],
        "read" => vec!["sentinel-read"],
        "write" => vec!["sentinel-read", "sentinel-submit", "sentinel-delete"],
        _ => Vec::new(),
    }
}

/// What a capability in a namespace brings along.
pub(super) fn implied(capability: &str) -> &'static [&'static str] {
    match capability {
        "host-volume-write" => {
            &["host-volume-register", "host-volume-create", "host-volume-delete", "host-volume-read"]
        }
        "host-volume-register" => &["host-volume-create", "host-volume-read"],
        "host-volume-create" => &["host-volume-read"],
        _ => &[],
    }
}
