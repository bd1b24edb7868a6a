//! Functions that look at the machine: its environment, its clock and its files.

use lab_template::Value;
use lab_world::{Disk, format_rfc3339};
use time::OffsetDateTime;

use super::{Surroundings, text};

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
        [layout] => in_layout(now, text(layout)),
        many => {
            let given = many.len();
            return Err(format!("timestamp: wrong number of arguments, expected 0 or 1, but got {given}"));
        }
    }))
}

/// Go's layouts show how one certain moment would be written: Mon Jan 2 15:04:05 2006.
fn in_layout(now: OffsetDateTime, layout: &str) -> String {
    let now = now.to_offset(time::UtcOffset::UTC);
    let (month, weekday) = (now.month().to_string(), now.weekday().to_string());
    let hour = (now.hour() + 11) % 12 + 1;
    let parts: [(&str, String); 26] = [
        ("January", month.clone()),
        ("Jan", month[..3].to_owned()),
        ("Monday", weekday.clone()),
        ("Mon", weekday[..3].to_owned()),
        ("MST", "UTC".to_owned()),
        ("2006", format!("{:04}", now.year())),
        ("-07:00", "+00:00".to_owned()),
        ("-0700", "+0000".to_owned()),
        ("Z07:00", "Z".to_owned()),
        ("Z0700", "Z".to_owned()),
        (".000000000", format!(".{:09}", now.nanosecond())),
        (".000000", format!(".{:06}", now.microsecond())),
        (".000", format!(".{:03}", now.millisecond())),
        ("01", format!("{:02}", u8::from(now.month()))),
        ("02", format!("{:02}", now.day())),
        ("03", format!("{hour:02}")),
        ("04", format!("{:02}", now.minute())),
        ("05", format!("{:02}", now.second())),
        ("06", format!("{:02}", now.year() % 100)),
        ("15", format!("{:02}", now.hour())),
        ("PM", if now.hour() < 12 { "AM" } else { "PM" }.to_owned()),
        ("_2", format!("{:2}", now.day())),
        ("1", u8::from(now.month()).to_string()),
        ("2", now.day().to_string()),
        ("3", hour.to_string()),
        ("4", now.minute().to_string()),
    ];
    let mut written = String::new();
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        match parts.iter().find(|(part, _)| rest.starts_with(part)) {
            Some((part, value)) => {
                written.push_str(value);
                rest = &rest[part.len()..];
            }
            None => {
                written.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    written
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn layouts_are_gos() {
        let now = datetime!(2026-01-05 15:04:09.25 UTC);
        for (layout, written) in [
            ("2006-01-02T15:04:05Z07:00", "2026-01-05T15:04:09Z"),
            ("Mon Jan _2 15:04:05 2006", "Mon Jan  5 15:04:09 2026"),
            ("3:04PM", "3:04PM"),
            ("2006-01-02 15:04:05.000", "2026-01-05 15:04:09.250"),
            ("Monday, 02-Jan-06 15:04:05 MST", "Monday, 05-Jan-26 15:04:09 UTC"),
        ] {
            assert_eq!(in_layout(now, layout), written);
        }
    }
}
