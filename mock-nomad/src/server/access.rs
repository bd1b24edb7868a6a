//! Finds out who calls and what they may do. This is the one place that does.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Request, Server};
use crate::acl::{Acl, Policy, Workload};
use crate::seam::RpcError;
use crate::state::Tables;
use crate::structs::{AclToken, Body};

/// The `acl` block of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessSettings {
    pub(crate) enabled: bool,
    /// How long tokens that end live at least and at most.
    pub(crate) token_min_ttl: Duration,
    pub(crate) token_max_ttl: Duration,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            token_min_ttl: Duration::from_secs(60),
            token_max_ttl: Duration::from_secs(24 * 3600),
        }
    }
}

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Caller {
    pub(crate) acl: Acl,
    /// The token, where it is one of the state's.
    pub(crate) token: Option<AclToken>,
    /// What a signed identity says.
    pub(crate) claims: Option<Map<String, Value>>,
    /// The node whose secret or identity it is.
    pub(crate) node: Option<String>,
}

impl Caller {
    fn may_everything() -> Self {
        Self { acl: Acl::management(), ..Self::default() }
    }
}

impl Server {
    /// Who puts a request; what is wrong with a token is no caller's business.
    pub(super) fn caller(&self, request: &Request) -> Result<Arc<Caller>, RpcError> {
        self.authenticated(request).map_err(|_| RpcError::permission_denied())
    }

    /// The same, where the caller is told what is wrong.
    pub(super) fn authenticated(&self, request: &Request) -> Result<Arc<Caller>, RpcError> {
        if let Some(caller) = request.caller.get() {
            return Ok(Arc::clone(caller));
        }
        let caller = Arc::new(self.resolve(Body(&request.body).string("AuthToken"))?);
        Ok(Arc::clone(request.caller.get_or_init(|| caller)))
    }

    /// Whose token this is.
    ///
    /// Errors: `ACL token not found`, `ACL token expired`, and what is wrong with a signed identity.
    pub(crate) fn resolve(&self, token: &str) -> Result<Caller, RpcError> {
        if token == self.own_token {
            return Ok(Caller::may_everything());
        }
        if !self.parts.settings.access.enabled {
            return Ok(Caller::may_everything());
        }
        if token.is_empty() {
            return Ok(self.store.read(|tables| Caller { acl: anonymous(tables), ..Caller::default() }));
        }
        if is_uuid(token) {
            return self.resolve_secret(token);
        }
        self.resolve_identity(token)
    }

    fn resolve_secret(&self, secret: &str) -> Result<Caller, RpcError> {
        let now = self.parts.host.clock.now();
        self.store.read(|tables| {
            if let Some(node) = tables.node_by_secret(secret) {
                return Ok(Caller { acl: Acl::client(), node: Some(node.id.clone()), ..Caller::default() });
            }
            let token = tables.access.token_by_secret(secret);
            let token = token.ok_or_else(RpcError::permission_denied)?;
            if token.expiration_time.0.is_some_and(|until| until <= now) {
                return Err(RpcError::new("ACL token expired"));
            }
            Ok(Caller {
                acl: acl_of(tables, token),
                token: Some(tables.access.shown(token)),
                ..Caller::default()
            })
        })
    }

    fn resolve_identity(&self, token: &str) -> Result<Caller, RpcError> {
        let claims = self.verify_identity(token)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let subject = text("sub");
        if subject.starts_with("node-introduction:") {
            return Ok(Caller { claims: Some(claims), ..Caller::default() });
        }
        if subject.starts_with("node:") {
            let node = Some(text("nomad_node_id"));
            return Ok(Caller { acl: Acl::client(), claims: Some(claims), node, ..Caller::default() });
        }
        let allocation = text("nomad_allocation_id");
        let workload = self.store.read(|tables| {
            let found = tables.allocations.get(&allocation);
            let found = found.ok_or_else(|| RpcError::new("allocation does not exist"))?;
            if found.is_terminal() {
                return Err(RpcError::new("allocation is terminal"));
            }
            Ok(Workload {
                namespace: found.namespace.clone(),
                job: text("nomad_job_id"),
                group: found.task_group.clone(),
                task: text("nomad_task"),
                allocation: allocation.clone(),
            })
        })?;
        let acl = self.store.read(|tables| Acl::of(&policies_of_workload(tables, &workload)));
        Ok(Caller { acl: acl.for_workload(workload), claims: Some(claims), ..Caller::default() })
    }
}

/// Whether a text looks as secrets of tokens and nodes do; anything else is a signed identity.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn anonymous(tables: &Tables) -> Acl {
    let rules = tables.access.policies.get("anonymous").map(|policy| policy.rules.as_str());
    Acl::of(&parsed(rules.into_iter()))
}

fn acl_of(tables: &Tables, token: &AclToken) -> Acl {
    if token.kind == "management" {
        return Acl::management();
    }
    let names = policy_names(tables, token);
    let policies = names.iter().filter_map(|name| tables.access.policies.get(name));
    Acl::of(&parsed(policies.map(|policy| policy.rules.as_str())))
}

/// The policies of a token, those of its roles among them.
pub(super) fn policy_names(tables: &Tables, token: &AclToken) -> std::collections::BTreeSet<String> {
    let roles = token.roles.iter().flatten().filter_map(|link| tables.access.roles.get(&link.id));
    let of_roles = roles.flat_map(|role| &role.policies).map(|link| link.name.clone());
    token.policies.iter().flatten().cloned().chain(of_roles).collect()
}

fn policies_of_workload(tables: &Tables, workload: &Workload) -> Vec<Policy> {
    let fits = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
    let policies = tables.access.policies.values().filter(|policy| {
        policy.job_acl.as_ref().is_some_and(|job| {
            job.namespace == workload.namespace
                && fits(&job.job_id, &workload.job)
                && fits(&job.group, &workload.group)
                && fits(&job.task, &workload.task)
        })
    });
    parsed(policies.map(|policy| policy.rules.as_str()))
}

/// Rules were checked when they were written.
fn parsed<'a>(rules: impl Iterator<Item = &'a str>) -> Vec<Policy> {
    rules.filter_map(|rules| Policy::parse(rules).ok()).collect()
}
