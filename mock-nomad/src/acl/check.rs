//! What is wrong with a policy, in the words of the real program.

use lab_pki::quote;

use super::capabilities as known;
use super::policy::{NamespaceRule, Policy, SimpleRule};

const POLICIES: [&str; 4] = ["deny", "read", "write", "scale"];
const PLUGIN_POLICIES: [&str; 4] = ["deny", "read", "list", "write"];

/// Faults of the rules that have a name.
pub(super) fn names(policy: &Policy) -> Result<(), String> {
    policy.namespaces.iter().flatten().try_for_each(namespace)?;
    for rule in policy.node_pools.iter().flatten() {
        if !is_name(&rule.name, "-_*") {
            return Err(format!("Invalid node pool name '{}'", rule.name));
        }
        if !is_policy(&rule.policy) {
            return Err(format!("Invalid node pool policy '{}' for '{}'", rule.policy, rule.name));
        }
        if let Some(bad) = unknown(&rule.capabilities, &known::NODE_POOL) {
            return Err(format!("Invalid node pool capability '{bad}' for '{}'", rule.name));
        }
    }
    for rule in policy.host_volumes.iter().flatten() {
        let shown = || {
            format!(
                "&acl.HostVolumePolicy{{Name:{}, Policy:{}, Capabilities:{}}}",
                quote(&rule.name),
                quote(&rule.policy),
                list(&rule.capabilities)
            )
        };
        if !is_name(&rule.name, "-*") {
            return Err(format!("Invalid host volume name: {}", shown()));
        }
        if !is_policy(&rule.policy) {
            return Err(format!("Invalid host volume policy: {}", shown()));
        }
        if let Some(bad) = unknown(&rule.capabilities, &known::HOST_VOLUME) {
            return Err(format!("Invalid host volume capability '{bad}': {}", shown()));
        }
    }
    Ok(())
}

/// Faults of the rules that have none.
pub(super) fn single(policy: &Policy) -> Result<(), String> {
    let simple = |rule: &Option<SimpleRule>, what: &str, kind: &str, allowed: &[&str]| match rule {
        Some(rule) if !allowed.contains(&rule.policy.as_str()) => {
            Err(format!("Invalid {what} policy: &acl.{kind}{{Policy:{}}}", quote(&rule.policy)))
        }
        _ => Ok(()),
    };
    simple(&policy.agent, "agent", "AgentPolicy", &POLICIES)?;
    simple(&policy.node, "node", "NodePolicy", &POLICIES)?;
    for (rule, what, kind, capabilities) in [
        (&policy.operator, "operator", "OperatorPolicy", &known::OPERATOR[..]),
        (&policy.sentinel, "sentinel", "SentinelPolicy", &known::SENTINEL[..]),
    ] {
        let Some(rule) = rule else { continue };
        if !is_policy(&rule.policy) {
            return Err(format!(
                "Invalid {what} policy: &acl.{kind}{{Policy:{}, Capabilities:{}}}",
                quote(&rule.policy),
                list(&rule.capabilities)
            ));
        }
        if let Some(bad) = unknown(&rule.capabilities, capabilities) {
            return Err(format!("Invalid {what} capability '{bad}'"));
        }
    }
    simple(&policy.quota, "quota", "QuotaPolicy", &POLICIES)?;
    simple(&policy.plugin, "plugin", "PluginPolicy", &PLUGIN_POLICIES)
}

fn namespace(rule: &NamespaceRule) -> Result<(), String> {
    let shown = || {
        let variables = if rule.variables.is_some() {
            "(*acl.VariablesPolicy)(0xc000000000)"
        } else {
            "(*acl.VariablesPolicy)(nil)"
        };
        format!(
            "&acl.NamespacePolicy{{Name:{}, Policy:{}, Capabilities:{}, Variables:{variables}}}",
            quote(&rule.name),
            quote(&rule.policy),
            list(&rule.capabilities)
        )
    };
    if !is_name(&rule.name, "-*") {
        return Err(format!("Invalid namespace name: {}", shown()));
    }
    if !is_policy(&rule.policy) {
        return Err(format!("Invalid namespace policy: {}", shown()));
    }
    if let Some(bad) = unknown(&rule.capabilities, &known::NAMESPACE) {
        return Err(format!("Invalid namespace capability '{bad}': {}", shown()));
    }
    let Some(variables) = &rule.variables else { return Ok(()) };
    if variables.paths.is_empty() {
        return Err(format!("Invalid variable policy: no variable paths in namespace {}", rule.name));
    }
    for path in &variables.paths {
        if path.path_spec.is_empty() {
            return Err(format!("Invalid missing variable path in namespace {}", rule.name));
        }
        if path.path_spec.starts_with('/') {
            return Err(format!(
                "Invalid variable path {} in namespace {}: cannot start with a leading '/'`",
                quote(&path.path_spec),
                rule.name
            ));
        }
        if let Some(bad) = unknown(&path.capabilities, &known::VARIABLES) {
            return Err(format!("Invalid variable capability '{bad}' in namespace {}", rule.name));
        }
    }
    Ok(())
}

fn is_policy(policy: &str) -> bool {
    policy.is_empty() || POLICIES.contains(&policy)
}

fn is_name(name: &str, marks: &str) -> bool {
    (1..=128).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

fn unknown<'rule>(capabilities: &'rule Option<Vec<String>>, known: &[&str]) -> Option<&'rule str> {
    capabilities.iter().flatten().map(String::as_str).find(|name| !known.contains(name))
}

/// A list as Go prints it with its type.
fn list(capabilities: &Option<Vec<String>>) -> String {
    match capabilities {
        None => "[]string(nil)".to_owned(),
        Some(names) => {
            format!("[]string{{{}}}", names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", "))
        }
    }
}
