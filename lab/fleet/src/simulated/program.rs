//! The programs of a machine, each started as its service unit starts it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use futures::future::BoxFuture;
use lab_consul_template::Runner;
use lab_pki::KeySource;
use lab_workflow::Program;
use lab_world::Host;

use super::machine::Machine;
use super::systemctl::Systemctl;

const VAULT_DATA: &str = "/opt/vault/data";
const NOMAD_CONFIG: &str = "/etc/nomad.d";
const CONSUL_TEMPLATE_CONFIG: &str = "/etc/consul-template.d/consul-template.hcl";

/// A program that was started; dropping it kills it.
pub(super) trait Running: Send + Sync + fmt::Debug {
    /// SIGHUP.
    fn reload(&self) -> BoxFuture<'_, ()>;
    /// SIGTERM, until it has ended.
    fn stop(&self) -> BoxFuture<'_, ()>;
    /// How it ended, if it did: exit status and last words.
    fn exited(&self) -> Option<(i32, String)>;
}

/// Starts a program on a machine; the error is what it says before it exits.
pub(super) async fn start(
    machine: &Arc<Machine>,
    host: Host,
    program: Program,
) -> Result<Arc<dyn Running>, String> {
    Ok(match program {
        Program::Vault => Arc::new(Vault::start(machine, &host).await?),
        Program::Nomad => Arc::new(Nomad::start(&host).await?),
        Program::ConsulTemplate => Arc::new(ConsulTemplate::start(machine, &host)?),
    })
}

#[derive(Debug)]
struct Vault {
    server: Mutex<Option<mock_vault::Server>>,
}

impl Vault {
    async fn start(machine: &Machine, host: &Host) -> Result<Self, String> {
        let config = mock_vault::Config {
            listen: machine.node().vault.ok_or("this machine has no port for Vault")?,
            storage: mock_vault::Storage::File(PathBuf::from(VAULT_DATA)),
            keys: KeySource::simulated(&host.entropy),
            ..mock_vault::Config::for_host(host)
        };
        let server = mock_vault::Server::start(host, config).await.map_err(|error| error.to_string())?;
        Ok(Self { server: Mutex::new(Some(server)) })
    }
}

impl Running for Vault {
    /// Vault reloads its listeners' certificates and its log level: there are none here.
    fn reload(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        drop(self.server.lock().expect("no panic while stopping").take());
        Box::pin(async {})
    }

    fn exited(&self) -> Option<(i32, String)> {
        None
    }
}

#[derive(Debug)]
struct Nomad {
    agent: mock_nomad::Agent,
}

impl Nomad {
    async fn start(host: &Host) -> Result<Self, String> {
        let paths = [PathBuf::from(NOMAD_CONFIG)];
        let agent = mock_nomad::Agent::start(host, &paths, mock_nomad::Options::default()).await;
        agent.map(|agent| Self { agent }).map_err(|error| error.to_string())
    }
}

impl Running for Nomad {
    fn reload(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.agent.reload())
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.agent.stop())
    }

    fn exited(&self) -> Option<(i32, String)> {
        self.agent.exited().map(|exit| (exit.code, exit.message))
    }
}

#[derive(Debug)]
struct ConsulTemplate {
    runner: Mutex<Runner>,
}

impl ConsulTemplate {
    fn start(machine: &Arc<Machine>, host: &Host) -> Result<Self, String> {
        let commands = Arc::new(Systemctl::new(Arc::downgrade(machine)));
        let runner = Runner::start(host, CONSUL_TEMPLATE_CONFIG, BTreeMap::new(), commands);
        runner.map(|runner| Self { runner: Mutex::new(runner) }).map_err(|error| error.to_string())
    }

    fn runner(&self) -> MutexGuard<'_, Runner> {
        self.runner.lock().expect("no panic while signalling consul-template")
    }
}

impl Running for ConsulTemplate {
    fn reload(&self) -> BoxFuture<'_, ()> {
        self.runner().reload();
        Box::pin(async {})
    }

    /// Its unit's stop signal is SIGINT: SIGTERM does not end consul-template.
    fn stop(&self) -> BoxFuture<'_, ()> {
        self.runner().stop();
        Box::pin(async {})
    }

    fn exited(&self) -> Option<(i32, String)> {
        self.runner().exited().map(|exit| (exit.code, exit.message))
    }
}
