//! Whether a node that is new may register: by `client_introduction`, with a token that introduces it, or without.

use std::time::Duration;

use lab_world::Level;
use serde_json::{Map, Value};

use super::Server;
use crate::hclog::pair;
use crate::seam::RpcError;
use crate::structs::Node;

/// The logger of what servers say of clients.
const LOG: &str = "nomad.client";

/// How strictly new nodes are asked to introduce themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enforcement {
    /// Not at all.
    None,
    /// Those that do not are let in and told of.
    Warn,
    /// Those that do not are refused.
    Strict,
}

/// What `client_introduction` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IntroductionSettings {
    pub(crate) enforcement: Enforcement,
    /// How long a token lives unless it is asked otherwise.
    pub(crate) default_life: Duration,
    /// How long a token lives at most.
    pub(crate) longest_life: Duration,
}

impl Default for IntroductionSettings {
    fn default() -> Self {
        Self {
            enforcement: Enforcement::Warn,
            default_life: Duration::from_secs(300),
            longest_life: Duration::from_secs(1_800),
        }
    }
}

impl Enforcement {
    /// As it is written in files; `None` for what is none.
    pub(crate) fn named(text: &str) -> Option<Self> {
        [Self::None, Self::Warn, Self::Strict].into_iter().find(|level| level.name() == text)
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Warn => "warn",
            Self::Strict => "strict",
        }
    }
}

impl Server {
    /// Refuses a new node that does not introduce itself as it must; says so of others.
    pub(super) fn admit(&self, node: &Node, token: &str) -> Result<(), RpcError> {
        let level = self.parts.settings.introduction.enforcement;
        let is_known = self.store.read(|tables| tables.nodes.contains_key(&node.id));
        if level == Enforcement::None || is_known {
            return Ok(());
        }
        let claims = self.verify_identity(token).unwrap_or_default();
        let about = |extra: &str| {
            let (level, id) = (level.name(), &node.id);
            let (pool, name) = (pair("node_pool", &node.node_pool), pair("node_name", &node.name));
            format!("enforcement_level={level} node_id={id} {pool} {name}{extra}")
        };
        match introduced(&claims) {
            Some((pool, name)) => {
                if pool == node.node_pool && (name.is_empty() || name == node.name) {
                    return Ok(());
                }
                let claimed = format!(" {} {}", pair("claim_node_pool", pool), pair("claim_node_name", name));
                let line = format!("node registration introduction claims mismatch: {}", about(&claimed));
                self.parts.host.log.error(LOG, line);
            }
            // It was here before, and its servers have forgotten it.
            None if claims.contains_key("nomad_node_id") => return Ok(()),
            None => {
                let how = if level == Enforcement::Strict { Level::Error } else { Level::Warn };
                let line = format!("node registration without introduction token: {}", about(""));
                self.parts.host.log.write(how, LOG, line);
            }
        }
        if level == Enforcement::Strict { Err(RpcError::permission_denied()) } else { Ok(()) }
    }
}

/// The pool and the name that a token introduces; an empty name is any.
fn introduced(claims: &Map<String, Value>) -> Option<(&str, &str)> {
    let name = claims.get("nomad_node_name")?.as_str()?;
    Some((claims.get("nomad_node_pool")?.as_str()?, name))
}
