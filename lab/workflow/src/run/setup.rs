//! What comes before the first step.

use std::time::Duration;

use lab_wire::tls::Identity;
use serde_json::Value;

use super::agents;
use super::context::Context;
use crate::error::Error;
use crate::fleet::{Existing, Program, Role};
use crate::timeline::Event;
use crate::vault::VaultApi;

const LIMIT: Duration = Duration::from_secs(120);

impl Context<'_> {
    /// New machines are set up; a cluster that runs already is looked at, before anything is done to it.
    pub(crate) async fn begin(&self) -> Result<(), Error> {
        match self.fleet.existing() {
            None => self.set_up().await,
            Some(existing) => self.meet(&existing).await,
        }
    }

    /// Finds out whether everything that the run will need answers.
    async fn meet(&self, existing: &Existing) -> Result<(), Error> {
        for node in self.fleet.nodes() {
            self.fleet.check(&node.name).await?;
        }
        if let Some((certificate, key)) = &existing.nomad_identity {
            let identity =
                Identity::from_pem(certificate, key).map_err(|error| Error::Pki(error.to_string()))?;
            self.nomad.set_identity(identity);
        }
        [&existing.nomad_token, &existing.vault_token]
            .into_iter()
            .flatten()
            .for_each(|token| self.recorder.keep_secret(token));
        if let Some(vault) = VaultApi::existing(self.fleet.operator(), existing) {
            vault.read("auth/token/lookup-self").await?;
            self.memory().vault = Some(vault);
        }
        self.require("a leader", |knowledge| knowledge.leader.is_some()).await?;
        self.tell_versions().await;
        Ok(())
    }

    /// Says which releases answer: what is known here was measured on others, perhaps.
    async fn tell_versions(&self) {
        let version = |answer: &Value, at: &str| {
            answer.pointer(at).and_then(Value::as_str).map_or("of an unknown version", |text| text).to_owned()
        };
        let server = self.fleet.with_role(Role::Server).next();
        let mut found = Vec::new();
        if let Some(server) = server
            && let Ok((_, answer)) = self.nomad.get::<Value>(server, "/v1/agent/self").await
        {
            found.push(format!("Nomad {}", version(&answer, "/config/Version/Version")));
        }
        let vault = self.memory().vault.clone();
        if let Some(vault) = vault
            && let Ok(answer) = vault.read("sys/health").await
        {
            found.push(format!("Vault {}", version(&answer, "/version")));
        }
        let text = format!(
            "{} there; what scenarios say holds for Nomad 1.11 and Vault 1.21",
            if found.is_empty() { "no version is told".to_owned() } else { found.join(" and ") }
        );
        self.recorder.record(Event::Note { text });
    }

    /// Removes from a cluster that ran before what only the run itself needed.
    pub(crate) async fn leave(&self) {
        if self.fleet.existing().is_some()
            && let Ok(vault) = self.vault()
        {
            self.prober.remove_roles(&vault).await;
        }
    }

    /// Vault sealed and empty; servers and clients in plaintext; the jobs running.
    async fn set_up(&self) -> Result<(), Error> {
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
