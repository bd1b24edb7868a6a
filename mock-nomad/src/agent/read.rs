//! Reads and checks the configuration: at the start and at every SIGHUP.

use super::Shared;
use crate::config::{AgentConfig, Settled, load, validate};

/// The configuration and the addresses in it. What is wrong or doubtful is said on the terminal; the error is the last
/// line of it.
pub(super) fn read(shared: &Shared) -> Result<(AgentConfig, Settled), String> {
    let Shared { host, ui, options, .. } = shared;
    let refuse = |line: String| {
        ui.error(&line);
        line
    };
    let base = if options.dev { AgentConfig::development() } else { AgentConfig::defaults() };
    let loaded = load(&host.disk, base, &shared.paths);
    let mut config = loaded.map_err(|(path, error)| {
        refuse(format!("Error loading configuration from {}: {error}", path.display()))
    })?;
    options.overrides.apply(&mut config);
    if config.name.is_empty() {
        config.name.clone_from(&host.name);
    }
    let settled = Settled::of(&config, &host.net, options.dev).map_err(refuse)?;
    let mut last = String::new();
    let mut say = |line: String| {
        ui.error(&line);
        last = line;
    };
    match validate(&mut config, &host.disk, options.dev, &mut say) {
        Ok(()) => Ok((config, settled)),
        Err(()) => Err(last),
    }
}
