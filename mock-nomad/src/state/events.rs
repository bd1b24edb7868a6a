//! What happened, for those who follow it: the last changes of the state, each with what it made.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::family::{AccessCommand, RegistryCommand};
use super::{Command, JobCommand, Tables};
use crate::structs::{
    AclPolicy, AclRole, AclToken, Allocation, AuthMethod, Deployment, Evaluation, Job, Node, NodePool,
    ServiceRegistration,
};

/// How many changes are remembered.
const REMEMBERED: usize = 100;

/// What an event is about, as it is after it, or as it last was.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Node(Arc<Node>),
    Job(Arc<Job>),
    Allocation(Arc<Allocation>),
    Evaluation(Arc<Evaluation>),
    Deployment(Box<Deployment>),
    Service(Box<ServiceRegistration>),
    NodePool(Box<NodePool>),
    Policy(Box<AclPolicy>),
    Token(Box<AclToken>),
    Role(Box<AclRole>),
    AuthMethod(Box<AuthMethod>),
}

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its type, such as `JobRegistered`.
    pub(crate) kind: &'static str,
    pub(crate) subject: Subject,
}

/// The events of one change.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// The change's index.
    pub(crate) index: u64,
    pub(crate) events: Vec<Event>,
}

/// The last changes, oldest first.
#[derive(Default)]
pub(super) struct Events {
    batches: Mutex<VecDeque<Arc<Batch>>>,
    newest: watch::Sender<u64>,
}

impl Events {
    pub(super) fn push(&self, batch: Batch) {
        let index = batch.index;
        {
            let mut batches = self.batches.lock().expect("no panic while events are held");
            batches.push_back(Arc::new(batch));
            if batches.len() > REMEMBERED {
                batches.pop_front();
            }
        }
        self.newest.send_replace(index);
    }

    /// The remembered changes from `index` on.
    pub(super) fn since(&self, index: u64) -> Vec<Arc<Batch>> {
        let batches = self.batches.lock().expect("no panic while events are held");
        batches.iter().filter(|batch| batch.index >= index).cloned().collect()
    }

    /// The index of the newest change, and of those that follow.
    pub(super) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

/// What a change makes happen: known before it is carried out where something goes, and completed after it.
pub(super) struct Outlook {
    kind: &'static str,
    gone: Vec<Subject>,
    command: Option<Named>,
}

/// What was written by name.
enum Named {
    NodePools(Vec<String>),
    Services(Vec<String>),
    Policies(Vec<String>),
    Tokens(Vec<String>),
    Roles(Vec<String>),
    AuthMethods(Vec<String>),
}

impl Outlook {
    /// Before the change.
    pub(super) fn of(tables: &Tables, command: &Command) -> Self {
        let (kind, gone, command) = match command {
            Command::DeregisterNodes(ids) => {
                ("NodeDeregistration", pick(ids, |id| tables.nodes.get(id).cloned().map(Subject::Node)), None)
            }
            Command::DeregisterJob { namespace, job_id, purge, .. } => {
                let gone = tables.job(namespace, job_id).filter(|_| *purge).cloned().map(Subject::Job);
                ("JobDeregistered", gone.into_iter().collect(), None)
            }
            Command::Registry(command) => registry(tables, command),
            Command::Access(command) => access(tables, command),
            other => (kind_of(other), Vec::new(), None),
        };
        Self { kind, gone, command }
    }

    /// After it: `changed` is what it put into the tables.
    pub(super) fn complete(self, tables: &Tables, changed: Vec<Subject>) -> Vec<Event> {
        let mut subjects = self.gone;
        subjects.extend(changed);
        subjects.extend(self.command.map(|named| written(tables, &named)).unwrap_or_default());
        subjects.into_iter().map(|subject| Event { kind: self.kind, subject }).collect()
    }
}

fn kind_of(command: &Command) -> &'static str {
    match command {
        Command::RegisterNode { .. } => "NodeRegistration",
        Command::UpdateNodeStatus(_) => "NodeEvent",
        Command::UpdateNodeEligibility { .. } => "NodeEligibility",
        Command::AddNodeEvents(_) => "NodeStreamEvent",
        Command::RegisterJob { .. } => "JobRegistered",
        Command::UpdateEvaluations(_) => "EvaluationUpdated",
        Command::UpdateAllocations { .. } => "AllocationUpdated",
        Command::ApplyPlan(_) => "PlanResult",
        Command::Job(JobCommand::Transitions { .. }) => "AllocationUpdateDesiredStatus",
        Command::Job(JobCommand::Drain(_)) => "NodeDrain",
        Command::Job(JobCommand::Deployment(change)) => {
            match (change.promote.is_empty(), change.healthy.is_empty() && change.unhealthy.is_empty()) {
                (false, _) => "DeploymentPromotion",
                (true, false) => "DeploymentAllocHealth",
                _ => "DeploymentStatusUpdate",
            }
        }
        _ => "JobRegistered",
    }
}

type Written = (&'static str, Vec<Subject>, Option<Named>);

fn registry(tables: &Tables, command: &RegistryCommand) -> Written {
    let registry = &tables.registry;
    let service = |found: &ServiceRegistration| Subject::Service(Box::new(found.clone()));
    match command {
        RegistryCommand::UpsertNodePools(pools) => {
            ("NodePoolUpserted", Vec::new(), Some(Named::NodePools(names(pools, |pool| &pool.name))))
        }
        RegistryCommand::DeleteNodePools(ids) => {
            let find = |id: &String| {
                registry.node_pools.get(id).map(|found| Subject::NodePool(Box::new(found.clone())))
            };
            ("NodePoolDeleted", pick(ids, find), None)
        }
        RegistryCommand::UpsertServices(services) => {
            ("ServiceRegistration", Vec::new(), Some(Named::Services(names(services, |found| &found.id))))
        }
        RegistryCommand::DeleteServices(ids) => {
            ("ServiceDeregistration", pick(ids, |id| registry.services.get(id).map(service)), None)
        }
        RegistryCommand::UpsertNamespaces(_) | RegistryCommand::DeleteNamespaces(_) => ("", Vec::new(), None),
    }
}

fn access(tables: &Tables, command: &AccessCommand) -> Written {
    let known = &tables.access;
    match command {
        AccessCommand::UpsertPolicies(policies) => {
            ("ACLPolicyUpserted", Vec::new(), Some(Named::Policies(names(policies, |found| &found.name))))
        }
        AccessCommand::DeletePolicies(ids) => {
            let find =
                |id: &String| known.policies.get(id).map(|found| Subject::Policy(Box::new(found.clone())));
            ("ACLPolicyDeleted", pick(ids, find), None)
        }
        AccessCommand::Bootstrap { token, .. } => {
            ("ACLTokenUpserted", Vec::new(), Some(Named::Tokens(vec![token.accessor_id.clone()])))
        }
        AccessCommand::UpsertTokens(tokens) => {
            ("ACLTokenUpserted", Vec::new(), Some(Named::Tokens(names(tokens, |found| &found.accessor_id))))
        }
        AccessCommand::DeleteTokens(ids) => {
            let find =
                |id: &String| known.tokens.get(id).map(|found| Subject::Token(Box::new(found.clone())));
            ("ACLTokenDeleted", pick(ids, find), None)
        }
        AccessCommand::UpsertRoles(roles) => {
            ("ACLRoleUpserted", Vec::new(), Some(Named::Roles(names(roles, |found| &found.id))))
        }
        AccessCommand::DeleteRoles(ids) => {
            let find = |id: &String| known.roles.get(id).map(|found| Subject::Role(Box::new(found.clone())));
            ("ACLRoleDeleted", pick(ids, find), None)
        }
        AccessCommand::UpsertAuthMethods(methods) => (
            "ACLAuthMethodUpserted",
            Vec::new(),
            Some(Named::AuthMethods(names(methods, |found| &found.name))),
        ),
        AccessCommand::DeleteAuthMethods(ids) => {
            let find = |id: &String| {
                known.auth_methods.get(id).map(|found| Subject::AuthMethod(Box::new(found.clone())))
            };
            ("ACLAuthMethodDeleted", pick(ids, find), None)
        }
        _ => ("", Vec::new(), None),
    }
}

fn written(tables: &Tables, named: &Named) -> Vec<Subject> {
    let (registry, access) = (&tables.registry, &tables.access);
    match named {
        Named::NodePools(ids) => {
            pick(ids, |id| Some(Subject::NodePool(Box::new(registry.node_pools.get(id)?.clone()))))
        }
        Named::Services(ids) => {
            pick(ids, |id| Some(Subject::Service(Box::new(registry.services.get(id)?.clone()))))
        }
        Named::Policies(ids) => {
            pick(ids, |id| Some(Subject::Policy(Box::new(access.policies.get(id)?.clone()))))
        }
        Named::Tokens(ids) => pick(ids, |id| Some(Subject::Token(Box::new(access.tokens.get(id)?.clone())))),
        Named::Roles(ids) => pick(ids, |id| Some(Subject::Role(Box::new(access.roles.get(id)?.clone())))),
        Named::AuthMethods(ids) => {
            pick(ids, |id| Some(Subject::AuthMethod(Box::new(access.auth_methods.get(id)?.clone()))))
        }
    }
}

fn names<T>(of: &[T], name: impl Fn(&T) -> &String) -> Vec<String> {
    of.iter().map(|found| name(found).clone()).collect()
}

fn pick(ids: &[String], find: impl Fn(&String) -> Option<Subject>) -> Vec<Subject> {
    ids.iter().filter_map(find).collect()
}
