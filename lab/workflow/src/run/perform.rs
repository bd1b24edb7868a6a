//! Carries out one action.

use std::time::Duration;

use super::context::Context;
use super::rollout::Deed;
use crate::action::Action;
use crate::error::Error;
use crate::fleet::{Fault, Program, Role};
use crate::scenario::Step;
use crate::timeline::Event;

/// How often the served certificates are looked at while time passes; more often where it is scaled.
const LOOK: Duration = Duration::from_secs(6 * 3600);

impl Context<'_> {
    pub(crate) async fn perform(&self, action: &Action) -> Result<(), Error> {
        let nodes = Box::pin(self.carry(action)).await?;
        let (action, text) = (action.kind().to_owned(), action.describe());
        self.recorder.record(Event::Action { action, text, nodes });
        Ok(())
    }

    /// Remembers what a step did in an earlier run. Tokens are made anew, since nobody kept them.
    pub(crate) async fn recall(&self, step: &Step) -> Result<(), Error> {
        for action in &step.actions {
            match action {
                Action::CreateToken { name, policies, parameters } if self.will_render_with(name) => {
                    self.create_token(name, policies, parameters).await?;
                }
                Action::Tls { on, settings } => {
                    for node in self.select(on) {
                        self.remember_tls(node, settings);
                    }
                }
                Action::Render(render) => {
                    let nodes = self.select(&render.on);
                    let mut memory = self.memory();
                    memory.renders.extend(nodes.iter().map(|node| (node.name.clone(), render.clone())));
                }
                Action::IntermediateCa { mount, .. } => self.prober.use_mount(mount),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a step that is still to come gives this token to consul-template.
    fn will_render_with(&self, token: &str) -> bool {
        let to_come = self.plan.steps.iter().filter(|planned| !planned.is_done && !planned.is_skipped);
        let mut actions = to_come.flat_map(|planned| &planned.step.actions);
        actions.any(|action| matches!(action, Action::Render(render) if render.token == token))
    }

    /// Does what the action says; the names of the machines it was done to.
    async fn carry(&self, action: &Action) -> Result<Vec<String>, Error> {
        match action {
            // A Vault that serves somebody was initialised and unsealed long ago.
            Action::InitVault { .. } | Action::UnsealVault if self.fleet.existing().is_some() => {}
            Action::InitVault { shares, threshold } => self.init_vault(*shares, *threshold).await?,
            Action::UnsealVault => self.unseal_vault().await?,
            Action::SealVault => self.seal_vault().await?,
            Action::RootCa { mount, common_name, ttl } => self.root_ca(mount, common_name, *ttl).await?,
            Action::IntermediateCa { mount, root, common_name, ttl } => {
                self.intermediate_ca(mount, root, common_name, *ttl).await?;
            }
            Action::RotateIntermediate { mount, root, ttl } => {
                self.rotate_intermediate(mount, root, *ttl).await?
            }
            Action::WriteRole { mount, name, parameters } => self.write_role(mount, name, parameters).await?,
            Action::WritePolicy { name, rules } => self.write_policy(name, rules).await?,
            Action::CreateToken { name, policies, parameters } => {
                self.create_token(name, policies, parameters).await?;
            }
            Action::Render(render) => return self.render(render).await,
            Action::Tls { on, settings } => return self.write_tls(on, settings).await,
            Action::GossipKey { on } => return self.write_gossip_key(on).await,
            Action::Reload(rollout) => return self.roll_out(Deed::Reload, rollout).await,
            Action::Restart(rollout) => return self.roll_out(Deed::Restart, rollout).await,
            Action::Start(rollout) => return self.roll_out(Deed::Start, rollout).await,
            Action::Stop(rollout) => return self.roll_out(Deed::Stop, rollout).await,
            Action::Wait { duration, real } => {
                let real = real.filter(|_| !self.clock().is_simulated());
                self.pass_time(real.unwrap_or(*duration)).await;
                return Ok(Vec::new());
            }
            Action::RunJob(job) => {
                self.run_job(job).await?;
                return Ok(Vec::new());
            }
            Action::StopJob { name } => {
                self.stop_job(name).await?;
                return Ok(Vec::new());
            }
            Action::Inject(fault) => return self.inject(fault).await,
            Action::Heal(fault) => return self.heal(fault).await,
            Action::Probe => self.touch_all(),
            Action::TryCertificates => return self.try_certificates().await,
        }
        Ok(self.fleet.with_role(Role::Vault).map(|node| node.name.clone()).collect())
    }

    /// Lets time pass; while much of it does, looks at what the ports serve now and then.
    async fn pass_time(&self, duration: Duration) {
        let end = self.clock().now() + duration;
        let look = LOOK / self.plan.time_scale;
        loop {
            let left = (end - self.clock().now()).unsigned_abs();
            if duration > look {
                self.prober.look_at_served().await;
            }
            if left <= look {
                self.clock().sleep_until(end).await;
                if self.plan.time_scale > 1 {
                    self.prober.look_at_served().await;
                }
                return;
            }
            self.clock().sleep(look).await;
        }
    }

    async fn inject(&self, fault: &Fault) -> Result<Vec<String>, Error> {
        self.fleet.inject(fault).await?;
        self.recorder.record(Event::FaultInjected { text: fault.to_string() });
        self.struck(fault)
    }

    async fn heal(&self, fault: &Fault) -> Result<Vec<String>, Error> {
        self.fleet.heal(fault).await?;
        if let Fault::PowerOff { node } = fault {
            let node = self.fleet.node(node)?;
            let programs: &[Program] = match node.role {
                Role::Vault => &[Program::Vault],
                _ => &[Program::Nomad],
            };
            for program in programs {
                self.start(node, *program).await?;
            }
            if self.memory().renders.contains_key(&node.name) {
                self.start(node, Program::ConsulTemplate).await?;
            }
        }
        self.recorder.record(Event::FaultHealed { text: fault.to_string() });
        self.struck(fault)
    }

    fn struck(&self, fault: &Fault) -> Result<Vec<String>, Error> {
        fault.nodes().for_each(|name| self.recorder.touch(name));
        self.pace.hurry();
        Ok(fault.nodes().map(str::to_owned).collect())
    }

    fn touch_all(&self) {
        self.fleet.nodes().iter().for_each(|node| self.recorder.touch(&node.name));
    }

    /// Tries what a client's token can get from Vault, and every certificate that is kept for probing.
    async fn try_certificates(&self) -> Result<Vec<String>, Error> {
        let render = {
            let memory = self.memory();
            let client =
                self.fleet.with_role(Role::Client).find_map(|node| memory.renders.get(&node.name).cloned());
            client.and_then(|render| Some((memory.tokens.get(&render.token).cloned()?, render)))
        };
        let vault = self.vault()?;
        if let Some((token, render)) = render {
            self.prober.try_client_token(&vault.with_token(&token), &render.mount, &render.role).await;
        }
        self.touch_all();
        Ok(self.fleet.nodes().iter().filter(|node| node.runs_nomad()).map(|node| node.name.clone()).collect())
    }
}
