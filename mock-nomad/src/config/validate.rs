//! What Nomad checks before it starts anything, and what it warns of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab_world::{Disk, Level};

use super::AgentConfig;

/// Checks a configuration as the real program does before it starts; sets the checksum of the TLS files.
///
/// `say` is given each line for the terminal, without its `==> `. `Err`: the last line said is why nothing starts.
pub(crate) fn validate(
    config: &mut AgentConfig,
    disk: &Disk,
    dev: bool,
    say: &mut dyn FnMut(String),
) -> Result<(), ()> {
    let refuse = |text: String, say: &mut dyn FnMut(String)| {
        say(text);
        Err(())
    };
    if let Err(error) = config.tls.set_checksum(disk) {
        say(format!("WARNING: Error when parsing TLS configuration: {error}"));
    }
    if !config.server.enabled && !config.client.enabled && !dev {
        return refuse("Must specify either server, client or dev mode for the agent.".into(), say);
    }
    for (what, text) in [("Region", &config.region), ("Datacenter", &config.datacenter)] {
        if text.contains('\0') {
            return refuse(format!("{what} contains null character"), say);
        }
    }
    if !(dev || config.tls.http && config.tls.rpc) {
        say("WARNING: mTLS is not configured - Nomad is not secure without mTLS!".into());
    }
    if config.server.enabled
        && !config.server.encrypt.is_empty()
        && let Err(problem) = decode_key(&config.server.encrypt)
    {
        return refuse(format!("Invalid encryption key: {problem}"), say);
    }
    if !dev && config.data_dir.is_empty() {
        let wanted = if config.server.enabled {
            "Must specify \"data_dir\" config option or \"data-dir\" CLI flag"
        } else {
            "Must specify the state, alloc-dir, alloc-mounts-dir and plugin-dir if data-dir is omitted."
        };
        return refuse(wanted.into(), say);
    }
    if !config.data_dir.is_empty() && !config.data_dir.starts_with('/') {
        return refuse(format!("data-dir must be given as an absolute path: got {}", config.data_dir), say);
    }
    warn_of_bootstrap(config, dev, say);
    Ok(())
}

/// The level called `text`; the error is what the real program says of another.
pub(crate) fn log_level(text: &str) -> Result<Level, String> {
    match text.to_ascii_uppercase().as_str() {
        "TRACE" => Ok(Level::Trace),
        "DEBUG" => Ok(Level::Debug),
        "INFO" => Ok(Level::Info),
        "WARN" => Ok(Level::Warn),
        "ERROR" | "OFF" => Ok(Level::Error),
        other => Err(format!(
            "Invalid log level: {other}. Valid log levels are: [TRACE DEBUG INFO WARN ERROR OFF]"
        )),
    }
}

/// Decodes a gossip key; the error is Go's, with the place of the first bad byte.
pub(crate) fn decode_key(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| {
        let position = match error {
            base64::DecodeError::InvalidByte(position, _)
            | base64::DecodeError::InvalidLastSymbol(position, _) => position,
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => {
                text.len() - text.len() % 4
            }
        };
        format!("illegal base64 data at input byte {position}")
    })
}

fn warn_of_bootstrap(config: &AgentConfig, dev: bool, say: &mut dyn FnMut(String)) {
    if !config.server.enabled || dev {
        return;
    }
    match config.server.bootstrap_expect {
        1 => say("WARNING: Bootstrap mode enabled! Potentially unsafe operation.".into()),
        number if number % 2 == 0 => {
            say("WARNING: Number of bootstrap servers should ideally be set to an odd number.".into());
        }
        _ => {}
    }
}
