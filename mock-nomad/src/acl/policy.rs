//! One policy, as `RulesJSON` shows it.

use serde::Serialize;

use super::read;

/// What a policy's rules say, with short policies written out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policy {
    pub(crate) namespaces: Option<Vec<NamespaceRule>>,
    pub(crate) node_pools: Option<Vec<NamedRule>>,
    pub(crate) host_volumes: Option<Vec<NamedRule>>,
    pub(crate) agent: Option<SimpleRule>,
    pub(crate) node: Option<SimpleRule>,
    pub(crate) operator: Option<OperatorRule>,
    pub(crate) quota: Option<SimpleRule>,
    pub(crate) plugin: Option<SimpleRule>,
    pub(crate) sentinel: Option<OperatorRule>,
    #[serde(rename = "ExtraKeysHCL")]
    pub(crate) extra_keys: Option<Vec<String>>,
    pub(crate) raw: String,
}

/// What one may do in namespaces of a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NamespaceRule {
    pub(crate) name: String,
    pub(crate) policy: String,
    pub(crate) capabilities: Option<Vec<String>>,
    pub(crate) variables: Option<VariablesRule>,
}

/// What one may do with the variables of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VariablesRule {
    pub(crate) paths: Vec<PathRule>,
}

/// What one may do with variables of a path.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PathRule {
    pub(crate) path_spec: String,
    pub(crate) capabilities: Option<Vec<String>>,
}

/// What one may do with node pools or host volumes of a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NamedRule {
    pub(crate) name: String,
    pub(crate) policy: String,
    pub(crate) capabilities: Option<Vec<String>>,
}

/// What one may do, in one word.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SimpleRule {
    pub(crate) policy: String,
}

/// What one may do as an operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OperatorRule {
    pub(crate) policy: String,
    pub(crate) capabilities: Option<Vec<String>>,
}

impl Policy {
    /// Reads rules. The error is the real program's.
    pub(crate) fn parse(rules: &str) -> Result<Self, String> {
        let policy = Self { raw: rules.to_owned(), ..Self::default() };
        if rules.is_empty() { Ok(policy) } else { read::read(rules, policy) }
    }

    /// Whether it says nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self { raw: self.raw.clone(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capabilities(rules: &str) -> Vec<String> {
        let policy = Policy::parse(rules).expect("good rules");
        policy.namespaces.expect("a namespace").remove(0).capabilities.unwrap_or_default()
    }

    #[test]
    fn short_policies_are_written_out() {
        assert_eq!(capabilities(r#"namespace "x" { policy = "scale" }"#).len(), 6);
        assert_eq!(capabilities(r#"namespace "x" { policy = "write" }"#).len(), 21);
        assert_eq!(capabilities(r#"{"namespace":{"x":{"policy":"read"}}}"#).len(), 9);
        assert_eq!(capabilities(r#"namespace "x" {}"#).len(), 0);
        let policy = Policy::parse(r#"namespace "x" { variables { path "a" { capabilities = ["read"] } } }"#);
        let rule = policy.expect("good rules").namespaces.expect("one").remove(0);
        let path = &rule.variables.expect("variables").paths[0];
        assert_eq!(path.capabilities, Some(vec!["read".to_owned(), "list".to_owned()]));
    }

    #[test]
    fn recorded_rules_are_understood_as_the_real_program_does() {
        let mut differing = Vec::new();
        for line in include_str!("recorded.jsonl").lines() {
            let recorded: serde_json::Value = serde_json::from_str(line).expect("a recording is JSON");
            let rules = recorded["rules"].as_str().expect("rules");
            let told = match Policy::parse(rules) {
                Ok(policy) => ("shown", serde_json::to_value(policy).expect("plain values")),
                Err(error) => ("error", error.into()),
            };
            if recorded[told.0] != told.1 {
                differing.push(format!("{rules}\n  real {recorded}\n  here {told:?}"));
            }
        }
        assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
    }

    #[test]
    fn faults_are_named_as_the_real_program_does() {
        for (rules, error) in [
            (
                r#"namespace "x" { policy = "fly" }"#,
                r#"Invalid namespace policy: &acl.NamespacePolicy{Name:"x", Policy:"fly", Capabilities:[]string(nil), Variables:(*acl.VariablesPolicy)(nil)}"#,
            ),
            (r#"node { policy = "list" }"#, r#"Invalid node policy: &acl.NodePolicy{Policy:"list"}"#),
            (
                r#"host_volume "x" { capabilities = ["x"] }"#,
                r#"Invalid host volume capability 'x': &acl.HostVolumePolicy{Name:"x", Policy:"", Capabilities:[]string{"x"}}"#,
            ),
            (
                r#"node { policy = "read" } node { policy = "write" }"#,
                "Invalid or duplicate policy keys: node",
            ),
            (r#"foo "x" { policy = "read" }"#, r#"Invalid policy: foo "x" { policy = "read" }"#),
            (
                r#"namespace "x" {"#,
                "Failed to parse ACL Policy: At 1:17: object expected closing RBRACE got: EOF",
            ),
        ] {
            assert_eq!(Policy::parse(rules), Err(error.to_owned()), "{rules}");
        }
    }
}
