//! Jobs.

use std::time::Duration;

use super::context::Context;
use crate::action::Job;
use crate::error::Error;
use crate::fleet::Role;

/// How often a refused request is repeated: during an election every server refuses for some seconds.
const ATTEMPTS: usize = 10;

impl Context<'_> {
    /// Registers a job with whichever server takes it.
    pub(crate) async fn run_job(&self, job: &Job) -> Result<(), Error> {
        let (region, clients) = (self.plan.topology.region.as_str(), self.plan.topology.clients);
        self.insist(async |node| self.nomad.register(node, job, region, clients).await).await
    }

    /// Stops a job.
    pub(crate) async fn stop_job(&self, name: &str) -> Result<(), Error> {
        self.insist(async |node| self.nomad.deregister(node, name).await).await
    }

    /// Asks the servers in turn until one does it. A cluster that takes nothing is what some breaks show, so that
    /// this is said in the timeline and the run goes on.
    async fn insist(&self, ask: impl AsyncFn(&crate::fleet::Node) -> Result<(), Error>) -> Result<(), Error> {
        self.pace.hurry();
        let mut last = None;
        for _ in 0..ATTEMPTS {
            for server in self.fleet.with_role(Role::Server) {
                match ask(server).await {
                    Ok(()) => return Ok(()),
                    Err(error) => last = Some(error),
                }
            }
            self.clock().sleep(Duration::from_secs(1)).await;
        }
        if let Some(error) = last {
            self.recorder
                .record(crate::timeline::Event::Note { text: format!("no server takes the job: {error}") });
        }
        Ok(())
    }
}
