//! Brings the machines up as they are before the first step.

use std::time::Duration;

use super::agents;
use super::context::Context;
use crate::error::Error;
use crate::fleet::{Program, Role};

const LIMIT: Duration = Duration::from_secs(120);

impl Context<'_> {
    /// Vault sealed and empty; servers and clients in plaintext; the jobs running.
    pub(crate) async fn set_up(&self) -> Result<(), Error> {
        for node in self.fleet.with_role(Role::Vault) {
            self.write(node, agents::VAULT, &agents::vault(node), 0o644).await?;
            self.start(node, Program::Vault).await?;
        }
        for role in [Role::Server, Role::Client] {
            for node in self.fleet.with_role(role) {
                self.write(node, agents::NOMAD, &agents::plaintext(node, self.fleet), 0o644).await?;
                self.start(node, Program::Nomad).await?;
            }
            if role == Role::Server {
                self.require("a leader", |knowledge| knowledge.leader.is_some()).await?;
            }
        }
        let clients = self.plan.topology.clients;
        self.require("every client ready", move |knowledge| knowledge.ready() == clients).await?;
        let mut wanted = 0;
        for job in &self.plan.jobs {
            self.run_job(job).await?;
            wanted += if job.system { clients } else { job.count };
        }
        if clients > 0 {
            self.require("every allocation running", move |knowledge| {
                knowledge.allocations_with("running") == wanted
            })
            .await?;
        }
        Ok(())
    }

    async fn require(
        &self,
        condition: &str,
        is_met: impl Fn(&crate::knowledge::Knowledge) -> bool + Send,
    ) -> Result<(), Error> {
        match self.wait_for(condition, LIMIT, is_met).await {
            true => Ok(()),
            false => {
                Err(Error::TimedOut { condition: condition.to_owned(), limit: crate::action::short(LIMIT) })
            }
        }
    }
}
