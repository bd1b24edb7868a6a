//! Runs a check once.

use std::net::SocketAddr;
use std::sync::Weak;

use lab_world::{Host, WireFault};

use super::definition::Check;
use super::http;
use super::result::Finding;
use crate::client::Client;
use crate::client::driver;
use crate::client::runner::Runner;
use crate::structs::{Stage, Task, TaskGroup};

/// Asks what a check asks. `None`: the agent has gone.
pub(super) async fn ask(
    client: &Weak<Client>,
    runner: &Runner,
    host: &Host,
    check: &Check,
) -> Option<Finding> {
    let address = match &check.address {
        Ok(address) => address.clone(),
        Err(error) => return Some(Finding::failure(error)),
    };
    let is_served = simulated(client.upgrade()?.as_ref(), runner, check);
    Some(match (is_served, &check.request) {
        (Some(false), request) => {
            let problem = format!("dial tcp {address}: connect: connection refused");
            Finding::failure(
                request.as_ref().map_or(problem.clone(), |request| http::failed(request, &address, &problem)),
            )
        }
        (Some(true), None) => Finding::success(TCP_OK),
        (Some(true), Some(_)) => Finding { status_code: 200, ..Finding::success(http::OK) },
        (None, None) => match host.clock.timeout(check.timeout, connect(host, &address)).await {
            None => Finding::failure(format!("dial tcp {address}: i/o timeout")),
            Some(Err(problem)) => Finding::failure(format!("dial tcp {problem}")),
            Some(Ok(())) => Finding::success(TCP_OK),
        },
        (None, Some(request)) => http::ask(host, request, &address, check.timeout).await,
    })
}

const TCP_OK: &str = "nomad: tcp ok";

async fn connect(host: &Host, address: &str) -> Result<(), String> {
    let (name, port) =
        address.rsplit_once(':').ok_or_else(|| format!("address {address}: missing port in address"))?;
    let port = port.parse().map_err(|_| format!("address {address}: invalid port"))?;
    let name = if name.is_empty() { "localhost" } else { name };
    let addresses = host.net.resolve(name).map_err(|error| format!("tcp: {error}"))?;
    let mut last = String::new();
    for address in addresses {
        let address = SocketAddr::new(address, port);
        match host.net.connect(address).await {
            Ok(_) => return Ok(()),
            Err(error) => {
                let problem =
                    WireFault::of(&error).map_or(error.to_string(), |fault| format!("connect: {fault}"));
                last = format!("{address}: {problem}");
            }
        }
    }
    Err(last)
}

/// Whether simulated tasks serve what a check asks for; `None`: there are real ones to ask.
fn simulated(client: &Client, runner: &Runner, check: &Check) -> Option<bool> {
    let state = runner.state();
    let job = state.allocation.job.as_ref()?;
    let group = job.group(&state.allocation.task_group)?;
    let tasks = || concerned(group, &check.about);
    if client.runs_processes() && tasks().any(|task| driver::is_real(task, true)) {
        return None;
    }
    let now = client.parts.host.clock.now();
    let serves = |task: &Task| {
        let known = state.tasks.get(&task.name).filter(|known| known.state == "running");
        let since = known.and_then(|known| known.started_at.0);
        since.is_some_and(|since| driver::passes(task, &check.name, (now - since).unsigned_abs()))
    };
    Some(tasks().all(serves))
}

/// The tasks that a check is about: the one it names, or the main ones.
fn concerned<'a>(group: &'a TaskGroup, named: &'a str) -> impl Iterator<Item = &'a Task> {
    group.tasks.iter().filter(move |task| match named {
        "" => Stage::of(task) == Stage::Main,
        named => task.name == named,
    })
}
