//! The end of leases.

use std::time::Duration;

use time::OffsetDateTime;

use crate::lease::Grant;
use crate::logical::{Environment, Refusal};
use crate::state::State;

/// How often revoking is tried before it is given up, and how long the first pause is.
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// How many leases end at one go, so that requests are served in between.
const BATCH: usize = 256;

impl State {
    /// Ends what is over at the environment's present and does the engines' chores; tells when to come again.
    pub(crate) fn expire(&mut self, environment: &Environment) -> Option<OffsetDateTime> {
        for id in self.leases.due(environment.now, BATCH) {
            // A failure is recorded in the lease, which is tried again or given up.
            let _ = self.revoke_lease(&id, environment, false);
        }
        self.mounts.do_chores(environment);
        self.next_event()
    }

    /// When a lease ends next, or an engine has something to do.
    pub(crate) fn next_event(&self) -> Option<OffsetDateTime> {
        self.leases.next_deadline().into_iter().chain(self.mounts.next_chore()).min()
    }

    /// Revokes a lease and what was granted; unknown ones are none.
    ///
    /// Errors: why the engine cannot revoke it. The lease is then tried again later, unless `force` drops it.
    pub(crate) fn revoke_lease(
        &mut self,
        id: &str,
        environment: &Environment,
        force: bool,
    ) -> Result<(), Refusal> {
        let Some(lease) = self.leases.get(id).cloned() else { return Ok(()) };
        match &lease.grant {
            Grant::Token { .. } => {
                self.revoke_token(&lease.token, environment);
                self.leases.remove(id);
                Ok(())
            }
            Grant::Secret { internal, .. } => {
                let outcome = self
                    .with_engine(&lease.path, |engine, mount| engine.revoke(internal, mount, environment));
                match outcome {
                    Some(Err(reason)) if !force => {
                        self.postpone(id, environment.now, &reason);
                        Err(Refusal::Failed(format!("failed to revoke entry: {reason}")))
                    }
                    _ => {
                        self.leases.remove(id);
                        Ok(())
                    }
                }
            }
        }
    }

    fn postpone(&mut self, id: &str, now: OffsetDateTime, reason: &str) {
        let Some(mut lease) = self.leases.remove(id) else { return };
        lease.attempts += 1;
        if lease.attempts >= ATTEMPTS {
            lease.irrevocable = Some(reason.to_owned());
        } else {
            lease.expires = Some(now + FIRST_PAUSE * 2u32.pow(lease.attempts - 1));
        }
        self.leases.put(lease);
    }
}
