//! From HCL to a policy.

use super::capabilities as known;
use super::check;
use super::decode::{Field, Found, Shape, named};
use super::nodes::{self, Entry, Node};
use super::policy::{NamedRule, NamespaceRule, OperatorRule, PathRule, Policy, SimpleRule, VariablesRule};

const POLICY: Field = Field { name: "Policy", shape: Shape::Text };
const CAPABILITIES: Field = Field { name: "Capabilities", shape: Shape::Texts };
const NAMED: &[Field] = &[POLICY, CAPABILITIES];

/// What a policy may hold.
const POLICY_FILE: Shape = Shape::Block(&[
    Field {
        name: "namespace",
        shape: Shape::Labelled(
            "Name",
            &[
                POLICY,
                CAPABILITIES,
                Field {
                    name: "variables",
                    shape: Shape::Block(&[Field {
                        name: "path",
                        shape: Shape::Labelled("PathSpec", &[CAPABILITIES]),
                    }]),
                },
            ],
        ),
    },
    Field { name: "node_pool", shape: Shape::Labelled("Name", NAMED) },
    Field { name: "host_volume", shape: Shape::Labelled("Name", NAMED) },
    Field { name: "agent", shape: Shape::Block(&[POLICY]) },
    Field { name: "node", shape: Shape::Block(&[POLICY]) },
    Field { name: "operator", shape: Shape::Block(NAMED) },
    Field { name: "sentinel", shape: Shape::Block(NAMED) },
    Field { name: "quota", shape: Shape::Block(&[POLICY]) },
    Field { name: "plugin", shape: Shape::Block(&[POLICY]) },
]);

pub(super) fn read(rules: &str, mut policy: Policy) -> Result<Policy, String> {
    let mut found = decode(rules).map_err(|text| format!("Failed to parse ACL Policy: {text}"))?;
    let namespaces = found.blocks.remove("namespace");
    policy.namespaces = namespaces.map(|rules| rules.into_iter().map(namespace).collect());
    policy.node_pools =
        found.blocks.remove("node_pool").map(|rules| rules.into_iter().map(named_rule).collect());
    policy.host_volumes =
        found.blocks.remove("host_volume").map(|rules| rules.into_iter().map(named_rule).collect());
    let simple = |found: Found| SimpleRule { policy: found.text("Policy") };
    policy.agent = found.block("agent").map(simple);
    policy.node = found.block("node").map(simple);
    policy.quota = found.block("quota").map(simple);
    policy.plugin = found.block("plugin").map(simple);
    policy.operator = found.block("operator").map(operator);
    policy.sentinel = found.block("sentinel").map(operator);
    if policy.is_empty() {
        return Err(format!("Invalid policy: {rules}"));
    }
    check::names(&policy)?;
    let lists = [&policy.node_pools, &policy.host_volumes];
    let names = policy.namespaces.iter().flatten().map(|rule| &rule.name);
    for name in names.chain(lists.into_iter().flatten().flatten().map(|rule| &rule.name)) {
        remove_one(&mut found.unused, name);
    }
    if !found.unused.is_empty() {
        return Err(format!("Invalid or duplicate policy keys: {}", found.unused.join(", ")));
    }
    check::single(&policy)?;
    Ok(expanded(policy))
}

/// What the decoder makes of the rules. It takes a word inside a block without a label for its label, which is mended by
/// looking again; where both looks do not fit together, it breaks down.
fn decode(rules: &str) -> Result<Found, String> {
    let body = lab_hcl::hcl1::parse(rules).map_err(|error| error.message)?;
    let entries = nodes::entries(rules, &body);
    let mut found = Found::default();
    found.read("root", &POLICY_FILE, &Node::Entries(entries.clone()))?;
    for kind in ["namespace", "node_pool", "host_volume"] {
        for (index, entry) in named(&entries, kind).iter().enumerate() {
            unlabel(&mut found, kind, index, entry)
                .map_err(|what| format!("invalid acl policy: runtime error: {what}"))?;
            if index > 0 {
                remove_one(&mut found.unused, kind);
            }
        }
    }
    Ok(found)
}

fn unlabel(found: &mut Found, kind: &str, index: usize, entry: &Entry) -> Result<(), String> {
    let no_paths = || "invalid memory address or nil pointer dereference".to_owned();
    let rules = found.blocks.get_mut(kind).map(Vec::as_mut_slice).unwrap_or_default();
    if entry.words.is_empty() {
        at_index(rules, index)?.label.clear();
    }
    let Node::Object(inner, _) = &entry.node else { return Ok(()) };
    let variables = named(inner, "variables");
    let Some(Entry { node: Node::Object(inner, _), .. }) = variables.first().filter(|_| kind == "namespace")
    else {
        return Ok(());
    };
    for (at, path) in named(inner, "path").iter().enumerate() {
        if path.words.is_empty() {
            let rule = at_index(rules, index)?;
            let variables = rule
                .blocks
                .get_mut("variables")
                .and_then(|blocks| blocks.first_mut())
                .ok_or_else(no_paths)?;
            let paths = variables.blocks.get_mut("path").map(Vec::as_mut_slice).unwrap_or_default();
            at_index(paths, at)?.label.clear();
        }
    }
    Ok(())
}

fn at_index(found: &mut [Found], index: usize) -> Result<&mut Found, String> {
    let length = found.len();
    found.get_mut(index).ok_or_else(|| format!("index out of range [{index}] with length {length}"))
}

fn remove_one(words: &mut Vec<String>, word: &str) {
    if let Some(at) = words.iter().position(|known| known == word) {
        words.remove(at);
    }
}

fn namespace(mut found: Found) -> NamespaceRule {
    let variables = found.block("variables").map(|mut variables| {
        let paths = variables.blocks.remove("path").unwrap_or_default();
        let rule = |mut path: Found| PathRule {
            capabilities: path.lists.remove("Capabilities"),
            path_spec: path.label,
        };
        VariablesRule { paths: paths.into_iter().map(rule).collect() }
    });
    let NamedRule { name, policy, capabilities } = named_rule(found);
    NamespaceRule { name, policy, capabilities, variables }
}

fn named_rule(mut found: Found) -> NamedRule {
    let policy = found.text("Policy");
    NamedRule { policy, capabilities: found.lists.remove("Capabilities"), name: found.label }
}

fn operator(mut found: Found) -> OperatorRule {
    OperatorRule { policy: found.text("Policy"), capabilities: found.lists.remove("Capabilities") }
}

/// With the short policies written out.
fn expanded(mut policy: Policy) -> Policy {
    for rule in policy.namespaces.iter_mut().flatten() {
        extend(&mut rule.capabilities, known::of_namespace_policy(&rule.policy));
        let given = rule.capabilities.iter().flatten();
        let implied = given.flat_map(|name| known::implied(name)).copied().collect();
        extend(&mut rule.capabilities, implied);
        for path in rule.variables.iter_mut().flat_map(|variables| &mut variables.paths) {
            let Some(names) = &mut path.capabilities else { continue };
            if names.iter().any(|name| name == "deny") {
                *names = vec!["deny".to_owned()];
            } else if names.iter().any(|name| name == "read") && !names.iter().any(|name| name == "list") {
                names.push("list".to_owned());
            }
        }
    }
    for rule in policy.node_pools.iter_mut().flatten() {
        extend(&mut rule.capabilities, known::of_node_pool_policy(&rule.policy));
    }
    for rule in policy.host_volumes.iter_mut().flatten() {
        extend(&mut rule.capabilities, known::of_host_volume_policy(&rule.policy));
    }
    if let Some(rule) = &mut policy.operator {
        extend(&mut rule.capabilities, known::of_operator_policy(&rule.policy));
    }
    if let Some(rule) = &mut policy.sentinel {
        extend(&mut rule.capabilities, known::of_sentinel_policy(&rule.policy));
    }
    policy
}

fn extend(capabilities: &mut Option<Vec<String>>, more: Vec<&str>) {
    if !more.is_empty() {
        capabilities.get_or_insert_default().extend(more.into_iter().map(str::to_owned));
    }
}
