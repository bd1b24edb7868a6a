//! From HCL to a policy.

use lab_hcl::{Block, Body, Item, Value};
use lab_pki::quote;

use super::capabilities as known;
use super::policy::{NamedRule, NamespaceRule, OperatorRule, PathRule, Policy, SimpleRule, VariablesRule};

/// What a policy may have at its top.
const KEYS: [&str; 9] =
    ["namespace", "node_pool", "host_volume", "agent", "node", "operator", "quota", "plugin", "sentinel"];

/// How long a path of a variable may be in a rule.
const MAX_PATH: usize = 128;

pub(super) fn read(rules: &str, mut policy: Policy) -> Result<Policy, String> {
    let unreadable = |text: String| format!("Failed to parse ACL Policy: {text}");
    let body = lab_hcl::hcl1::parse(rules).map_err(|error| unreadable(error.message))?;
    let reader = Reader { text: rules };
    reader.check_shape(&body).map_err(unreadable)?;
    let mut extra = Vec::new();
    for name in body.items.iter().map(Item::name) {
        let single = !matches!(name, "namespace" | "node_pool" | "host_volume");
        let repeated = single && body.blocks_of(name).count() > 1;
        if (!KEYS.contains(&name) || repeated) && !extra.contains(&name) {
            extra.push(name);
        }
    }
    policy.namespaces = some(collect(&body, "namespace", |block, name| reader.namespace(block, name))?);
    policy.node_pools = some(collect(&body, "node_pool", |block, name| reader.node_pool(block, name))?);
    policy.host_volumes = some(collect(&body, "host_volume", |block, name| reader.host_volume(block, name))?);
    policy.agent = reader.simple(&body, "agent")?;
    policy.node = reader.simple(&body, "node")?;
    policy.quota = reader.simple(&body, "quota")?;
    policy.plugin = reader.simple(&body, "plugin")?;
    policy.operator = reader.operator(&body)?;
    policy.sentinel = reader.sentinel(&body)?;
    if policy.is_empty() && !rules.trim().is_empty() {
        return Err(format!("Invalid policy: {rules}"));
    }
    if !extra.is_empty() {
        return Err(format!("Invalid or duplicate policy keys: {}", extra.join(", ")));
    }
    check(&policy)?;
    Ok(expanded(policy))
}

struct Reader<'text> {
    text: &'text str,
}

impl Reader<'_> {
    /// What the decoder of the real program says of values where blocks belong.
    fn check_shape(&self, body: &Body) -> Result<(), String> {
        if let Some(attribute) = body.attributes().find(|attribute| KEYS.contains(&attribute.name.as_str())) {
            let place = self.place(attribute.value.span.start);
            return Err(match attribute.name.as_str() {
                "namespace" | "node_pool" | "host_volume" => {
                    format!("At {place}: unknown slice type: *ast.LiteralType")
                }
                name => format!("At {place}: root.{name}: not an object type for struct (*ast.LiteralType)"),
            });
        }
        for (index, block) in body.blocks().enumerate() {
            for attribute in block.body.attributes() {
                let place = self.place(attribute.value.span.start);
                let is_list = matches!(attribute.value.kind, lab_hcl::Kind::List(_));
                match attribute.name.as_str() {
                    "policy" if is_list => {
                        return Err(format!(
                            "At {place}: root.{}[{index}].Policy: unknown type for string *ast.ListType",
                            block.kind
                        ));
                    }
                    "capabilities" if !is_list => {
                        return Err(format!("At {place}: unknown slice type: *ast.LiteralType"));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn place(&self, at: usize) -> String {
        let before = &self.text[..at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        format!("{line}:{column}")
    }

    fn namespace(&self, body: &Body, name: &str) -> Result<NamespaceRule, String> {
        let variables = body.blocks_of("variables").next().map(|block| VariablesRule {
            paths: block
                .body
                .blocks_of("path")
                .flat_map(|path| named(path))
                .map(|(name, body)| PathRule { path_spec: name, capabilities: strings(body, "capabilities") })
                .collect(),
        });
        Ok(NamespaceRule {
            name: name.to_owned(),
            policy: string(body, "policy"),
            capabilities: strings(body, "capabilities"),
            variables,
        })
    }

    fn node_pool(&self, body: &Body, name: &str) -> Result<NamedRule, String> {
        Ok(NamedRule {
            name: name.to_owned(),
            policy: string(body, "policy"),
            capabilities: strings(body, "capabilities"),
        })
    }

    fn host_volume(&self, body: &Body, name: &str) -> Result<NamedRule, String> {
        self.node_pool(body, name)
    }

    fn simple(&self, body: &Body, kind: &str) -> Result<Option<SimpleRule>, String> {
        Ok(body.blocks_of(kind).last().map(|block| SimpleRule { policy: string(&block.body, "policy") }))
    }

    fn operator(&self, body: &Body) -> Result<Option<OperatorRule>, String> {
        let block = body.blocks_of("operator").last();
        Ok(block.map(|block| OperatorRule {
            policy: string(&block.body, "policy"),
            capabilities: strings(&block.body, "capabilities"),
        }))
    }

    fn sentinel(&self, body: &Body) -> Result<Option<OperatorRule>, String> {
        let block = body.blocks_of("sentinel").last();
        Ok(block.map(|block| OperatorRule {
            policy: string(&block.body, "policy"),
            capabilities: strings(&block.body, "capabilities"),
        }))
    }
}

fn collect<T>(
    body: &Body,
    kind: &str,
    read: impl Fn(&Body, &str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    body.blocks_of(kind).flat_map(|block| named(block)).map(|(name, body)| read(body, &name)).collect()
}

/// A block with its label; in JSON the names are blocks inside it.
fn named(block: &Block) -> Vec<(String, &Body)> {
    match block.label() {
        Some(label) => vec![(label.to_owned(), &block.body)],
        None => block.body.blocks().map(|inner| (inner.kind.clone(), &inner.body)).collect(),
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

fn string(body: &Body, name: &str) -> String {
    body.value(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn strings(body: &Body, name: &str) -> Option<Vec<String>> {
    match &body.value(name)?.kind {
        lab_hcl::Kind::List(items) => {
            Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => None,
    }
}

/// Every fault in the words of the real program.
fn check(policy: &Policy) -> Result<(), String> {
    policy.namespaces.iter().flatten().try_for_each(check_namespace)?;
    for rule in policy.node_pools.iter().flatten() {
        if !is_name(&rule.name, "-_*") {
            return Err(format!("Invalid node pool name '{}'", rule.name));
        }
        if !matches!(rule.policy.as_str(), "" | "deny" | "read" | "write") {
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
        if !matches!(rule.policy.as_str(), "" | "deny" | "read" | "write") {
            return Err(format!("Invalid host volume policy: {}", shown()));
        }
        if let Some(bad) = unknown(&rule.capabilities, &known::HOST_VOLUME) {
            return Err(format!("Invalid host volume capability '{bad}': {}", shown()));
        }
    }
    check_single(policy)
}

fn check_single(policy: &Policy) -> Result<(), String> {
    let general = ["", "deny", "read", "list", "write", "scale"];
    let strict = ["", "deny", "read", "write"];
    for (rule, what, type_name, allowed) in [
        (&policy.agent, "agent", "AgentPolicy", &general[..]),
        (&policy.node, "node", "NodePolicy", &strict[..]),
        (&policy.quota, "quota", "QuotaPolicy", &strict[..]),
        (&policy.plugin, "plugin", "PluginPolicy", &general[..]),
    ] {
        if let Some(rule) = rule.as_ref().filter(|rule| !allowed.contains(&rule.policy.as_str())) {
            return Err(format!("Invalid {what} policy: &acl.{type_name}{{Policy:{}}}", quote(&rule.policy)));
        }
    }
    for (rule, what, type_name) in
        [(&policy.operator, "operator", "OperatorPolicy"), (&policy.sentinel, "sentinel", "SentinelPolicy")]
    {
        let Some(rule) = rule else { continue };
        if !strict.contains(&rule.policy.as_str()) {
            return Err(format!(
                "Invalid {what} policy: &acl.{type_name}{{Policy:{}, Capabilities:{}}}",
                quote(&rule.policy),
                list(&rule.capabilities)
            ));
        }
        if what == "operator"
            && let Some(bad) = unknown(&rule.capabilities, &known::OPERATOR)
        {
            return Err(format!("Invalid operator capability '{bad}'"));
        }
    }
    Ok(())
}

fn check_namespace(rule: &NamespaceRule) -> Result<(), String> {
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
    if !matches!(rule.policy.as_str(), "" | "deny" | "read" | "write" | "scale") {
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
        if path.path_spec.len() > MAX_PATH {
            return Err(format!(
                "Invalid variable path {} in namespace {}",
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

/// With the short policies written out.
fn expanded(mut policy: Policy) -> Policy {
    for rule in policy.namespaces.iter_mut().flatten() {
        extend(&mut rule.capabilities, known::of_namespace_policy(&rule.policy));
        for path in rule.variables.iter_mut().flat_map(|variables| &mut variables.paths) {
            let names = path.capabilities.get_or_insert_default();
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
    policy
}

fn extend(capabilities: &mut Option<Vec<String>>, more: Vec<&str>) {
    if !more.is_empty() {
        capabilities.get_or_insert_default().extend(more.into_iter().map(str::to_owned));
    }
}
