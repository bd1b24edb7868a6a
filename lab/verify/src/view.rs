//! What other tools may know of an agent that was read, and of what issues its certificates.

use lab_hcl::Kind;
use lab_pki::Certificate;
use lab_wire::tls::Identity;
use mock_nomad::Configuration;

use crate::agent::Agent;
use crate::cluster::Cluster;
use crate::document::{text, texts_of};
use crate::templating::{Rendering, Templating, parameter, request};
use crate::vault::FactKind;

/// An agent as its files describe it.
pub struct AgentView<'a> {
    /// What its node is called.
    pub node: &'a str,
    agent: &'a Agent,
    templatings: Vec<&'a Templating>,
}

impl AgentView<'_> {
    /// Its files merged.
    pub fn configuration(&self) -> &Configuration {
        &self.agent.configuration
    }

    /// Its own certificate on disk, where it can be read.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.agent.material.leaf()
    }

    /// Its certificates and its key, where both can be read and belong together.
    pub fn identity(&self) -> Option<Identity> {
        let chain = self.agent.material.certificates.content()?;
        let key = self.agent.material.key.content()?;
        let fits = lab_pki::key_matches(chain.first()?, key);
        fits.then(|| Identity::new(chain.clone(), key.clone()))
    }

    /// The templates of this node, and those that stand with no node in particular.
    pub fn templates(&self) -> Vec<TemplateView<'_>> {
        let renderings = self.templatings.iter().flat_map(|templating| &templating.renderings);
        renderings.map(|rendering| TemplateView { rendering }).collect()
    }
}

/// A template of consul-template or Vault Agent.
pub struct TemplateView<'a> {
    rendering: &'a Rendering,
}

/// A certificate that a template has Vault issue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssueRequest {
    /// The PKI mount, such as `pki_int`.
    pub mount: String,
    /// The role.
    pub role: String,
    /// The life that is asked for, as it is written.
    pub ttl: Option<String>,
}

impl TemplateView<'_> {
    /// Whether it writes this file, as its destination or with `writeToFile`.
    pub fn writes(&self, path: &str) -> bool {
        self.rendering.writes(path)
    }

    /// Where its result goes.
    pub fn destination(&self) -> &str {
        &self.rendering.settings.destination
    }

    /// The template's own text; none where its file was not found or does not parse.
    pub fn text(&self) -> Option<&str> {
        self.rendering.problem.is_none().then(|| self.rendering.text())
    }

    /// Unix permission bits, where they are said.
    pub fn mode(&self) -> Option<u32> {
        self.rendering.settings.mode
    }

    /// What runs when it has changed; empty where nothing does.
    pub fn command(&self) -> String {
        self.rendering.settings.command.join(" ")
    }

    /// Whether it waits for changes to settle.
    pub fn waits(&self) -> bool {
        self.rendering.settings.waits
    }

    /// What stands around an action: `{{` and `}}` unless the block says otherwise.
    pub fn delimiters(&self) -> (&str, &str) {
        (&self.rendering.settings.left_delimiter, &self.rendering.settings.right_delimiter)
    }

    /// The certificates that it has Vault issue.
    pub fn requests(&self) -> Vec<IssueRequest> {
        let read = |path: &str, ttl: Option<&str>| {
            let (mount, role) = path.split_once("/issue/").or(path.split_once("/sign/"))?;
            Some(IssueRequest { mount: mount.to_owned(), role: role.to_owned(), ttl: ttl.map(str::to_owned) })
        };
        let calls = self.rendering.issuing_calls();
        calls.filter_map(|(_, call)| read(&request(call).0, parameter(call, "ttl"))).collect()
    }
}

/// A role of Vault's PKI as a file, or Vault itself, describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PkiRole {
    /// What it is called.
    pub name: String,
    /// The mount, where that is known.
    pub mount: Option<String>,
    /// What it says, lists with commas between.
    pub parameters: Vec<(String, String)>,
}

/// What a file says beside a role's parameters.
const NOT_OF_ROLES: [&str; 4] = ["name", "backend", "issuer_ref", "key_usage"];

impl Cluster {
    /// The agents that were read.
    pub fn agent_views(&self) -> Vec<AgentView<'_>> {
        let shared = || self.nodes.iter().filter(|node| node.agent.is_none());
        self.agents()
            .map(|(node, agent)| AgentView {
                node: &node.name,
                agent,
                templatings: node
                    .templatings
                    .iter()
                    .chain(shared().flat_map(|node| &node.templatings))
                    .collect(),
            })
            .collect()
    }

    /// The roles of Vault's PKI that were read.
    pub fn pki_roles(&self) -> Vec<PkiRole> {
        let roles = self.facts.iter().filter(|fact| fact.kind == FactKind::PkiRole);
        roles
            .filter_map(|fact| {
                let parameters = fact.body.attributes().filter_map(|attribute| {
                    let said = match &attribute.value.kind {
                        Kind::List(_) => texts_of(&fact.body, &attribute.name)?.join(","),
                        _ => text(&attribute.value)?,
                    };
                    Some((attribute.name.clone(), said))
                });
                Some(PkiRole {
                    name: fact.name.clone()?,
                    mount: fact.mount.clone(),
                    parameters: parameters
                        .filter(|(name, _)| !NOT_OF_ROLES.contains(&name.as_str()))
                        .collect(),
                })
            })
            .collect()
    }
}
