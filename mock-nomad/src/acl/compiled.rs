//! What several policies allow together.

use super::globs::Globs;
use super::policy::{OperatorRule, Policy, SimpleRule};

/// How much one may do with something that has no name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    Nothing,
    List,
    Read,
    Write,
    Deny,
}

/// Whose identity a token is that a workload got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) namespace: String,
    pub(crate) job: String,
    pub(crate) group: String,
    pub(crate) task: String,
    pub(crate) allocation: String,
}

/// What a caller may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acl {
    management: bool,
    /// A node, which may do what clients do.
    client: bool,
    workload: Option<Workload>,
    namespaces: Globs,
    node_pools: Globs,
    /// By namespace and path with a zero byte between them.
    variables: Globs,
    agent: Level,
    node: Level,
    operator: Level,
    operator_capabilities: Vec<String>,
    plugin: Level,
    quota: Level,
}

impl Acl {
    /// May do everything.
    pub(crate) fn management() -> Self {
        Self { management: true, ..Self::default() }
    }

    /// A node.
    pub(crate) fn client() -> Self {
        Self { client: true, agent: Level::Read, node: Level::Read, ..Self::default() }
    }

    /// What policies allow together.
    pub(crate) fn of<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Self {
        let mut acl = Self::default();
        policies.into_iter().for_each(|policy| acl.add(policy));
        acl
    }

    /// The same for a workload, which may also see its own variables and the services.
    pub(crate) fn for_workload(self, workload: Workload) -> Self {
        Self { workload: Some(workload), ..self }
    }

    fn add(&mut self, policy: &Policy) {
        for rule in policy.namespaces.iter().flatten() {
            self.namespaces.add(&rule.name, rule.capabilities.iter().flatten());
            for path in rule.variables.iter().flat_map(|variables| &variables.paths) {
                let name = format!("{}\0{}", rule.name, path.path_spec);
                self.variables.unite(&name, path.capabilities.iter().flatten());
            }
        }
        for rule in policy.node_pools.iter().flatten() {
            self.node_pools.add(&rule.name, rule.capabilities.iter().flatten());
        }
        let level =
            |rule: &Option<SimpleRule>| rule.as_ref().map_or(Level::Nothing, |rule| Level::of(&rule.policy));
        self.agent = self.agent.max(level(&policy.agent));
        self.node = self.node.max(level(&policy.node));
        self.plugin = self.plugin.max(level(&policy.plugin));
        self.quota = self.quota.max(level(&policy.quota));
        if let Some(OperatorRule { policy, capabilities }) = &policy.operator {
            self.operator = self.operator.max(Level::of(policy));
            self.operator_capabilities.extend(capabilities.iter().flatten().cloned());
        }
    }

    /// Whether everything is allowed.
    pub(crate) fn is_management(&self) -> bool {
        self.management
    }

    /// Whether the caller is a node.
    pub(crate) fn is_client(&self) -> bool {
        self.client
    }

    /// Whether something may be done in a namespace; `*`: in any.
    pub(crate) fn allows_in_namespace(&self, namespace: &str, capability: &str) -> bool {
        self.management
            || match namespace {
                "*" => self.namespaces.allows_anywhere(capability),
                name => self.namespaces.allows(name, capability),
            }
    }

    /// Whether a namespace may be seen at all; `*`: whether any.
    pub(crate) fn sees_namespace(&self, namespace: &str) -> bool {
        self.management
            || match namespace {
                "*" => self.namespaces.allows_anything(),
                name => self.namespaces.allows_something(name),
            }
    }

    /// Whether something may be done with a node pool.
    pub(crate) fn allows_in_node_pool(&self, pool: &str, capability: &str) -> bool {
        self.management || self.node_pools.allows(pool, capability)
    }

    /// Whether any node pool may be seen.
    pub(crate) fn sees_node_pools(&self) -> bool {
        self.management || self.node_pools.has_some()
    }

    /// Whether something may be done with a variable.
    pub(crate) fn allows_with_variable(&self, namespace: &str, path: &str, capability: &str) -> bool {
        let name = format!("{namespace}\0{path}");
        if self.management {
            return true;
        }
        match self.variables.own(&name) {
            Some(own) => own.contains(capability),
            None if self.is_own_variable(namespace, path) => matches!(capability, "read" | "list"),
            None => self.variables.allows(&name, capability),
        }
    }

    /// Whether a rule speaks of variables of a namespace; `*`: of any.
    pub(crate) fn sees_variables(&self, namespace: &str) -> bool {
        let beginning = if namespace == "*" { "" } else { namespace };
        self.management || self.variables.has_below(beginning)
    }

    /// Whether the services of a namespace may be listed.
    pub(crate) fn sees_services(&self, namespace: &str) -> bool {
        self.allows_in_namespace(namespace, "read-job")
            || self.client
            || self.workload.as_ref().is_some_and(|own| own.namespace == namespace || namespace == "*")
    }

    pub(crate) fn allows_agent(&self, level: Level) -> bool {
        self.management || allows(self.agent, level)
    }

    pub(crate) fn allows_node(&self, level: Level) -> bool {
        self.management || allows(self.node, level)
    }

    pub(crate) fn allows_operator(&self, level: Level) -> bool {
        self.management || allows(self.operator, level)
    }

    /// Whether one thing is allowed that operators do.
    pub(crate) fn allows_operator_capability(&self, capability: &str) -> bool {
        let is_known = |name: &str| self.operator_capabilities.iter().any(|known| known == name);
        self.management || self.operator == Level::Write || (is_known(capability) && !is_known("deny"))
    }

    /// Whether quotas may be seen.
    pub(crate) fn allows_quota(&self, level: Level) -> bool {
        self.management || allows(self.quota, level)
    }

    /// Whether plugins may be listed. To write stands for nothing there.
    pub(crate) fn allows_plugin(&self, level: Level) -> bool {
        self.management || (self.plugin != Level::Write && allows(self.plugin, level))
    }

    /// What stands at `nomad/jobs`, and below it under its own names, is a workload's.
    fn is_own_variable(&self, namespace: &str, path: &str) -> bool {
        let Some(own) = self.workload.as_ref().filter(|own| own.namespace == namespace) else { return false };
        let job = format!("nomad/jobs/{}", own.job);
        let group = format!("{job}/{}", own.group);
        path == "nomad/jobs" || path == job || path == group || path == format!("{group}/{}", own.task)
    }
}

fn allows(given: Level, wanted: Level) -> bool {
    given != Level::Deny && given >= wanted
}

impl Level {
    fn of(policy: &str) -> Self {
        match policy {
            "deny" => Self::Deny,
            "write" => Self::Write,
            "read" => Self::Read,
            "list" => Self::List,
            _ => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(rules: &[&str]) -> Acl {
        let policies: Vec<Policy> =
            rules.iter().map(|rules| Policy::parse(rules).expect("good rules")).collect();
        Acl::of(&policies)
    }

    #[test]
    fn policies_add_up_and_to_deny_wins() {
        let both =
            acl(&[r#"node { policy = "read" }"#, r#"node { policy = "write" } agent { policy = "read" }"#]);
        assert!(both.allows_node(Level::Write) && both.allows_agent(Level::Read));
        assert!(!both.allows_agent(Level::Write) && !both.allows_operator(Level::Read));
        let denied = acl(&[r#"node { policy = "write" }"#, r#"node { policy = "deny" }"#]);
        assert!(!denied.allows_node(Level::Read));
        assert!(Acl::management().allows_node(Level::Write));
    }

    #[test]
    fn variables_are_allowed_by_path() {
        let acl = acl(&[r#"namespace "default" { variables {
            path "app/*" { capabilities = ["read"] }
            path "app/secret" { capabilities = ["deny"] } } }"#]);
        assert!(acl.allows_with_variable("default", "app/one", "list"));
        assert!(!acl.allows_with_variable("default", "app/one", "write"));
        assert!(!acl.allows_with_variable("default", "app/secret", "read"));
        assert!(!acl.allows_with_variable("prod", "app/one", "read"));
    }

    #[test]
    fn workloads_see_their_own_variables() {
        let own = Workload {
            namespace: "default".into(),
            job: "app".into(),
            group: "g".into(),
            task: "t".into(),
            ..Workload::default()
        };
        let acl = Acl::default().for_workload(own);
        for path in ["nomad/jobs", "nomad/jobs/app", "nomad/jobs/app/g", "nomad/jobs/app/g/t"] {
            assert!(acl.allows_with_variable("default", path, "read"), "{path}");
        }
        assert!(!acl.allows_with_variable("default", "nomad/jobs/other", "read"));
        assert!(!acl.allows_with_variable("default", "nomad/jobs/app", "write"));
        assert!(acl.sees_services("default") && !acl.sees_services("prod"));
    }
}
