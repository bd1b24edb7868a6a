//! SIGHUP: what a changed configuration does to a running agent, and what it does not.

use lab_world::Disk;

use super::read::read;
use super::start::Running;
use super::{Exit, Shared, http, metrics};
use crate::config::{AgentConfig, log_level};
use crate::hclog;

/// Reads the files again and applies them. `Err`: the agent ends.
pub(super) async fn reload(shared: &Shared, running: &mut Running) -> Result<(), Exit> {
    let (ui, log) = (&shared.ui, &shared.host.log);
    ui.output("Caught signal: hangup");
    ui.output("Reloading configuration...");
    let Ok((mut new, _)) = read(shared) else {
        ui.error("Failed to reload configs");
        return Ok(());
    };
    match log_level(&new.log_level) {
        Ok(level) => log.set_level(level),
        Err(line) => {
            ui.error(&line);
            new.log_level = running.config().log_level;
        }
    }
    let todo = should_reload(&running.config(), &mut new, &shared.host);
    if todo.agent {
        log.debug("agent", "starting reload of agent config");
        if let Err(error) = reload_agent(shared, running, &new) {
            log.error("agent", format!("failed to reload the config: {}", hclog::pair("error", error)));
            return Ok(());
        }
    }
    if let Some(server) = &mut running.server {
        log.debug("agent", "starting reload of server config");
        server.reload(&new).await.map_err(|error| fatal(shared, "server", &error))?;
    }
    if let Some(client) = &mut running.client {
        log.debug("agent", "starting reload of client config");
        client.reload(&new).map_err(|error| fatal(shared, "client", &error))?;
    }
    if todo.http {
        reload_http(shared, running).await;
    }
    Ok(())
}

/// Which parts see that something changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Todo {
    agent: bool,
    http: bool,
}

/// What the agent notices: the log level, the content and names of the TLS files, and three of the switches. The other
/// settings of `tls` go unnoticed unless one of these changes with them.
fn should_reload(old: &AgentConfig, new: &mut AgentConfig, host: &lab_world::Host) -> Todo {
    let todo = Todo { agent: old.log_level != new.log_level, http: false };
    match same_certificates(old, new, &host.disk) {
        Err(error) => {
            host.log.error("agent", format!("parsing TLS certificate: {}", hclog::pair("error", error)));
            todo
        }
        Ok(false) => Todo { agent: true, http: true },
        Ok(true) => {
            let http = old.tls.http != new.tls.http;
            let other = old.tls.rpc != new.tls.rpc || old.tls.rpc_upgrade_mode != new.tls.rpc_upgrade_mode;
            Todo { agent: todo.agent || http || other, http }
        }
    }
}

fn same_certificates(old: &AgentConfig, new: &mut AgentConfig, disk: &Disk) -> Result<bool, String> {
    old.tls.same_certificates(&mut new.tls, disk).map_err(|error| error.to_string())
}

/// The agent's own part: the pair that every handshake shows, and the configuration that the API shows.
fn reload_agent(shared: &Shared, running: &Running, new: &AgentConfig) -> Result<(), String> {
    let log = &shared.host.log;
    let old = running.config();
    match (old.tls.is_empty(), new.tls.is_empty()) {
        (false, true) => log.warn("agent", "downgrading agent's existing TLS configuration to plaintext"),
        (true, false) => log.info("agent", "upgrading from plaintext configuration to TLS"),
        (false, false) => running.loader.load(&shared.host.disk, &new.tls.cert_file, &new.tls.key_file)?,
        (true, true) => {}
    }
    metrics::restart(&old.tls, &new.tls, &shared.host);
    if let Ok(mut config) = running.config.write() {
        config.log_level.clone_from(&new.log_level);
        config.tls.clone_from(&new.tls);
    }
    Ok(())
}

async fn reload_http(shared: &Shared, running: &mut Running) {
    let log = &shared.host.log;
    log.info("agent", "reloading HTTP server with new TLS configuration");
    if let Some(server) = running.http.take() {
        log.debug("http", "shutting down http server");
        server.close().await;
    }
    let config = running.config();
    let opened =
        http::open(&shared.host, &shared.tasks, &config, &running.settled, &running.loader, &running.handler)
            .await;
    match opened {
        Ok(server) => running.http = Some(server),
        Err(error) => log.error("http", format!("reloading config failed: {}", hclog::pair("error", error))),
    }
}

fn fatal(shared: &Shared, part: &str, error: &str) -> Exit {
    let failed = format!("reloading {part} config failed");
    shared.host.log.error("agent", format!("{failed}: {}", hclog::pair("error", error)));
    let message = format!("Fatal error while reloading: {failed}: {error}");
    shared.ui.error(&message);
    Exit { code: 1, message }
}

impl Running {
    /// The configuration as the agent sees it now.
    pub(super) fn config(&self) -> AgentConfig {
        self.config.read().map(|config| config.clone()).unwrap_or_default()
    }
}
