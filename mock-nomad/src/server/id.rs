//! A server's id.

use std::path::Path;

use crate::hclog::pair;
use lab_world::Host;

/// The id of the server on this machine: kept in `<data_dir>/server/node-id`, drawn when there is none.
pub(crate) fn server_id(host: &Host, data_dir: Option<&Path>) -> String {
    let drawn = || host.entropy.branch("server-id").uuid();
    let Some(path) = data_dir.map(|directory| directory.join("server").join("node-id")) else {
        return drawn();
    };
    if let Ok(kept) = host.disk.read_to_string(&path)
        && !kept.trim().is_empty()
    {
        return kept.trim().to_owned();
    }
    let id = drawn();
    if let Err(error) = host.disk.write_atomic(&path, &id, 0o600) {
        host.log.error(super::LOGGER, format!("failed to persist server id: {}", pair("error", &error)));
    }
    id
}
