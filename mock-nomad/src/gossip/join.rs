//! `retry_join`: tries to meet other servers until one answers.

use std::time::Duration;

use super::Gossip;
use crate::config::resolve;
use crate::hclog;

/// Whom to meet, and how long to try.
#[derive(Clone, Debug)]
pub(crate) struct JoinPlan {
    /// Addresses as they were written, with or without a port.
    pub(crate) addresses: Vec<String>,
    pub(crate) interval: Duration,
    /// 0: for ever.
    pub(crate) most: i64,
}

/// Tries until one answers; `false` where all tries are used up, which ends a real agent.
pub(crate) async fn run(gossip: &Gossip, plan: JoinPlan, serf_port: u16) -> bool {
    let host = &gossip.0.host;
    let log = &host.log;
    if plan.addresses.is_empty() {
        return true;
    }
    log.info(
        "agent.joiner",
        format!("starting retry join: servers={}", lab_pki::quote(&plan.addresses.join(" "))),
    );
    let mut tries = 0;
    loop {
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for text in &plan.addresses {
            match resolve(&host.net, text, serf_port) {
                Ok(address) if address == gossip.own().address => {}
                Ok(address) => found.push(address),
                Err(problem) => problems.push(problem),
            }
        }
        let (joined, more) = gossip.join(&found).await;
        problems.extend(more);
        // A server that is told to join only itself has nobody to wait for.
        if joined > 0 || found.is_empty() && problems.is_empty() {
            log.info(
                "agent.joiner",
                format!("retry join completed: initial_servers={joined} agent_mode=server"),
            );
            return true;
        }
        tries += 1;
        if plan.most > 0 && tries > plan.most {
            log.error("agent.joiner", "max join retry exhausted, exiting: agent_mode=server");
            return false;
        }
        let count = problems.len();
        let listed: String = problems.iter().map(|problem| format!("\n\t* {problem}")).collect();
        let error = format!("{count} error{} occurred:{listed}\n\n", if count == 1 { "" } else { "s" });
        let (error, retry) = (hclog::pair("error", error), lab_world::format_duration(plan.interval));
        log.warn("agent.joiner", format!("join failed: {error} retry={retry} agent_mode=server"));
        host.clock.sleep(plan.interval).await;
    }
}
