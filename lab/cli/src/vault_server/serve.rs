//! From the start to the signal that ends it.

use std::path::Path;

use lab_world::Host;
use mock_vault::{Error, Server};

use super::dev_tls::DevCertificates;
use super::failure::Failure;
use super::options::Options;
use super::settings::{Settings, settings};
use super::{banner, logging};
use crate::stand_in::{Asked, Environment, Signals, follow_lab_clock};
use crate::terminal::{out, outln};

/// Serves until SIGINT or SIGTERM.
pub(super) async fn serve(options: &Options, environment: &Environment) -> Result<(), Failure> {
    // Signals that come while the server starts are not lost.
    let mut signals = Signals::catch().map_err(|error| Failure::Start(format!("no signals: {error}")))?;
    let directory = std::env::current_dir().map_err(|error| Failure::Start(error.to_string()))?;
    let host = Host::loopback("vault", directory);
    let mut log = KeptLog { host: &host, open: false };
    let _lab_clock = follow_lab_clock(&host.clock, environment);
    let certificates = match options.dev.as_ref().and_then(|dev| dev.tls.as_ref()) {
        Some(tls) => Some(DevCertificates::make(&host, tls)?),
        None => None,
    };
    let files = certificates.as_ref().map(DevCertificates::files);
    let Settings { config, configuration } = settings(&host, options, files)?;
    let is_memory = configuration.storage.as_ref().is_some_and(|storage| storage.kind == "inmem");
    if is_memory && options.dev.is_none() {
        out!("{}", banner::INMEM);
    }
    let server = Server::start(&host, config).await;
    if matches!(server, Ok(_) | Err(Error::Dev(_))) {
        out!("{}", banner::table(&configuration, environment));
    }
    let server = server?;
    out!("{}", banner::STARTED);
    log.open = true;
    logging::open(&host.log, &configuration.log_file)?;
    if let Some(dev) = &options.dev {
        let ca = certificates.as_ref().map(DevCertificates::authority);
        out!("{}", banner::dev(&server, &configuration.api_addr, ca.as_deref()));
        if !dev.no_store_token {
            store_token(&host, &server, environment);
        }
    }
    let pid_file = PidFile::write(&host, &configuration.pid_file)?;
    while let Asked::Reload = signals.next().await {
        reload(&server);
    }
    outln!("==> Vault shutdown triggered");
    drop(pid_file);
    drop(server);
    Ok(())
}

/// The log until it is let out. What was written is not lost with a server that does not start.
struct KeptLog<'a> {
    host: &'a Host,
    open: bool,
}

impl Drop for KeptLog<'_> {
    fn drop(&mut self) {
        if !self.open {
            // Without a file there is nothing that could fail.
            let _ = logging::open(&self.host.log, "");
        }
    }
}

fn reload(server: &Server) {
    outln!("==> Vault reload triggered");
    if let Err(error) = server.reload() {
        let cause = error.to_string();
        let cause = cause.trim_start_matches("Error initializing listener of type tcp: ");
        outln!(
            "Error(s) were encountered during reload: 1 error occurred:\n\t* error encountered reloading listener: {cause}\n\n"
        );
    }
}

/// Leaves the root token where the command line finds it.
fn store_token(host: &Host, server: &Server, environment: &Environment) {
    let (Some(home), Some(token)) = (environment.home(), server.root_token()) else { return };
    if let Err(error) = host.disk.write_atomic(home.join(".vault-token"), token, 0o600) {
        host.log.warn("", format!("the root token could not be stored: {error}"));
    }
}

/// The file with the process's id; it goes when the server does.
struct PidFile<'a> {
    host: &'a Host,
    path: &'a Path,
}

impl<'a> PidFile<'a> {
    fn write(host: &'a Host, path: &'a str) -> Result<Option<Self>, Failure> {
        if path.is_empty() {
            return Ok(None);
        }
        let cannot = |error| Failure::Start(format!("Error storing PID: could not open pid file: {error}"));
        host.disk.write(path, std::process::id().to_string()).map_err(cannot)?;
        Ok(Some(Self { host, path: Path::new(path) }))
    }
}

impl Drop for PidFile<'_> {
    fn drop(&mut self) {
        // Somebody else may have removed it.
        let _ = self.host.disk.remove(self.path);
    }
}
