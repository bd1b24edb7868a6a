//! What is done to agents, one batch after the other.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::agents;
use super::context::Context;
use super::templates;
use crate::action::{Render, Rollout, Selector, TlsSettings};
use crate::error::Error;
use crate::fleet::{Node, Program, Role};

/// How long a leader may take to be found after servers were touched.
const ELECTION: Duration = Duration::from_secs(60);

/// What is done to each agent.
#[derive(Clone, Copy)]
pub(crate) enum Deed {
    Reload,
    Restart,
    Start,
    Stop,
}

impl Context<'_> {
    pub(crate) async fn roll_out(&self, deed: Deed, rollout: &Rollout) -> Result<Vec<String>, Error> {
        let nodes = self.in_order(self.select(&rollout.on), rollout.order);
        for batch in nodes.chunks(rollout.batch.max(1)) {
            for node in batch {
                if matches!(deed, Deed::Restart | Deed::Stop) {
                    self.stop(node, Program::Nomad).await?;
                }
            }
            for node in batch {
                match deed {
                    Deed::Reload => self.reload(node, Program::Nomad).await?,
                    Deed::Restart | Deed::Start => self.start(node, Program::Nomad).await?,
                    Deed::Stop => {}
                }
            }
            self.clock().sleep(rollout.pause).await;
            if batch.iter().any(|node| node.role == Role::Server) && !matches!(deed, Deed::Stop) {
                self.wait_for("a leader", ELECTION, |knowledge| knowledge.leader.is_some()).await;
            }
        }
        Ok(names(&nodes))
    }

    pub(crate) async fn write_tls(
        &self,
        on: &Selector,
        settings: &TlsSettings,
    ) -> Result<Vec<String>, Error> {
        let nodes = self.select(on);
        for node in &nodes {
            let settings = self.remember_tls(node, settings);
            self.write(node, agents::TLS, &settings.to_hcl(), 0o644).await?;
        }
        Ok(names(&nodes))
    }

    /// The whole of a node's settings with these over the older ones.
    pub(crate) fn remember_tls(&self, node: &Node, settings: &TlsSettings) -> TlsSettings {
        let mut memory = self.memory();
        let older = memory.tls.get(&node.name).cloned().unwrap_or_default();
        let settings = agents::with_files(&settings.over(&older));
        memory.tls.insert(node.name.clone(), settings.clone());
        settings
    }

    pub(crate) async fn write_gossip_key(&self, on: &Selector) -> Result<Vec<String>, Error> {
        let key = BASE64.encode(self.entropy.branch("gossip key").bytes::<32>());
        self.recorder.keep_secret(&key);
        let nodes = self.select(on);
        for node in &nodes {
            self.write(node, agents::GOSSIP, &agents::gossip(&key), 0o600).await?;
        }
        Ok(names(&nodes))
    }

    pub(crate) async fn render(&self, render: &Render) -> Result<Vec<String>, Error> {
        let token = self.memory().tokens.get(&render.token).cloned();
        let missing = || {
            Error::OutOfOrder(format!("there is no token called {:?} yet: `token` makes one", render.token))
        };
        let token = token.ok_or_else(missing)?;
        let nodes = self.select(&render.on);
        for node in &nodes {
            for (path, text, mode) in templates::files(render, node, &token) {
                self.write(node, &path, &text, mode).await?;
            }
            self.memory().renders.insert(node.name.clone(), render.clone());
            self.stop(node, Program::ConsulTemplate).await?;
            self.start(node, Program::ConsulTemplate).await?;
        }
        self.wait_for_certificates(&nodes).await;
        Ok(names(&nodes))
    }

    /// Waits until each node has its certificate, or half a minute: templates of the user's own may write elsewhere.
    async fn wait_for_certificates(&self, nodes: &[&Node]) {
        for _ in 0..30 {
            self.clock().sleep(Duration::from_secs(1)).await;
            let mut are_there = true;
            for node in nodes {
                are_there &= self.fleet.read(&node.name, templates::AGENT_KEY).await.is_ok();
            }
            if are_there {
                return;
            }
        }
    }
}

fn names(nodes: &[&Node]) -> Vec<String> {
    nodes.iter().map(|node| node.name.clone()).collect()
}
