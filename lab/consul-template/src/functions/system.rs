//! Functions that look at the machine: its environment, its clock and its files.

use lab_template::Value;
use lab_world::{Disk, format_rfc3339};
use time::OffsetDateTime;

use super::{Surroundings, text};
use crate::layout;

/// A variable of the environment. What the configuration says of Vault comes first, as for a child process.
pub(super) fn variable(around: &Surroundings<'_>, name: &str) -> Option<String> {
    let vault = around.vault;
    let own = match name {
        "VAULT_ADDR" => Some(vault.address.as_str()),
        "VAULT_CACERT" => Some(vault.tls.ca_cert.as_str()),
        "VAULT_CAPATH" => Some(vault.tls.ca_path.as_str()),
        "VAULT_CLIENT_CERT" => Some(vault.tls.cert.as_str()),
        "VAULT_CLIENT_KEY" => Some(vault.tls.key.as_str()),
        "VAULT_TLS_SERVER_NAME" => Some(vault.tls.server_name.as_str()),
        "VAULT_SKIP_VERIFY" if vault.tls.verify == Some(false) => Some("true"),
        "CONSUL_HTTP_SSL" => Some("false"),
        "CONSUL_HTTP_SSL_VERIFY" => Some("true"),
        _ => None,
    };
    own.filter(|value| !value.is_empty()).map(str::to_owned).or_else(|| around.environment.get(name).cloned())
}

/// The time: in RFC 3339, in seconds (`unix`), or in a layout as Go has them.
pub(super) fn timestamp(now: OffsetDateTime, arguments: &[Value]) -> Result<Value, String> {
    Ok(Value::from(match arguments {
        [] => format_rfc3339(now),
        [layout] if text(layout) == "unix" => now.unix_timestamp().to_string(),
        [layout] => layout::in_layout(now, text(layout)),
        many => {
            let given = many.len();
            return Err(format!("timestamp: wrong number of arguments, expected 0 or 1, but got {given}"));
        }
    }))
}

/// `writeToFile path user group permissions [flags] content`: writes in place, and gives nothing. The flags are
/// `append` and `newline`. Nobody owns the files of a simulated disk.
pub(super) fn write_to_file(disk: &Disk, arguments: &[Value]) -> Result<Value, String> {
    let (Some(path), Some(permissions), Some(content)) =
        (arguments.first(), arguments.get(3), arguments.get(4..))
    else {
        return Ok(Value::from(""));
    };
    let (path, permissions) = (text(path), text(permissions));
    let (flags, content) = match content {
        // The real program falls over here.
        [] => return Err("writeToFile: no content".to_owned()),
        [flags, content] => (text(flags), text(content)),
        [.., content] => ("", text(content)),
    };
    let mode = u32::from_str_radix(permissions, 8)
        .map_err(|_| format!("strconv.ParseUint: parsing {permissions:?}: invalid syntax"))?;
    let mut bytes = content.to_owned();
    if flags.contains("newline") {
        bytes.push('\n');
    }
    let written = match flags.contains("append") {
        true => disk.append(path, bytes),
        false => disk.write(path, bytes),
    };
    written.and_then(|()| disk.set_mode(path, mode)).map_err(|error| error.to_string())?;
    Ok(Value::from(""))
}
