//! Reads and checks the configuration: at the start and at every SIGHUP.

use super::Shared;
use crate::config::{AgentConfig, Settled, load, validate};

/// The configuration and the addresses in it. What is wrong or doubtful is said on the terminal; the error is the last
/// line of it.
pub(super) fn read(shared: &Shared) -> Result<(AgentConfig, Settled), String> {
    let Shared { host, ui, options, .. } = shared;
    let refuse = |line: String| {
        ui.output(&line);
        line
    };
    let loaded = load(&host.disk, &shared.paths);
    let mut config = loaded.map_err(|(path, error)| {
        refuse(format!("Error loading configuration from {}: {error}", path.display()))
    })?;
    if options.dev {
        as_dev(&mut config);
    }
    if config.name.is_empty() {
        config.name.clone_from(&host.name);
    }
    let settled = Settled::of(&config, &host.net, options.dev).map_err(refuse)?;
    let mut last = String::new();
    let mut say = |line: String| {
        ui.output(&line);
        last = line;
    };
    match validate(&mut config, &host.disk, options.dev, &mut say) {
        Ok(()) => Ok((config, settled)),
        Err(()) => Err(last),
    }
}

/// `-dev` over the files.
fn as_dev(config: &mut AgentConfig) {
    config.server.enabled = true;
    config.client.enabled = true;
    config.server.bootstrap_expect = 1;
    config.data_dir.clear();
    if config.bind_addr == "0.0.0.0" {
        config.bind_addr = "127.0.0.1".into();
    }
}
