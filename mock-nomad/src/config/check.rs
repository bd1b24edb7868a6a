//! What `nomad config validate` finds.

use std::path::PathBuf;

use lab_world::Disk;

use super::AgentConfig;
use super::load::load;
use super::validate::validate;
use crate::structs::listed;

/// What the agent says of a configuration before it starts anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Which files cannot be read, each with why, as the real program lists them; `None`: all can.
    pub unreadable: Option<String>,
    /// What would be said on the terminal, warnings and the reason why nothing would start.
    pub said: Vec<String>,
    /// Whether an agent would begin to start. Certificates that are missing or wrong do not keep it from that.
    pub is_valid: bool,
}

/// Reads files and directories as an agent does, and checks what they say together as far as `nomad config validate` does.
pub fn check_configuration(disk: &Disk, paths: &[PathBuf]) -> Checked {
    let mut checked = Checked::default();
    let mut config = AgentConfig::defaults();
    let mut unreadable = Vec::new();
    for path in paths {
        match load(disk, config.clone(), std::slice::from_ref(path)) {
            Ok(merged) => config = merged,
            Err((path, error)) => {
                unreadable.push(format!("Error loading configuration from {}: {error}", path.display()));
            }
        }
    }
    if unreadable.is_empty() {
        let said = &mut checked.said;
        checked.is_valid = validate(&mut config, disk, false, &mut |line| said.push(line)).is_ok();
    } else {
        checked.unreadable = Some(listed(&unreadable) + "\n\n");
    }
    checked
}
