//! `nomad tls ca info` and `tls cert info`

use std::path::Path;

use lab_pki::{Certificate, Name};
use time::OffsetDateTime;

use super::decimal;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::session::Session;
use crate::stand_in::file_error;
use crate::stand_in::table::Columns;

pub(in crate::nomad_cli) const AUTHORITY: Command = Command {
    name: "tls ca info",
    synopsis: "Show certificate authority information",
    usage: "<CA file>",
    flags: &[],
    general: General::None,
    arity: Arity::Counted(0, 1, "This command takes up to one argument"),
    run: authority,
};

pub(in crate::nomad_cli) const CERTIFICATE: Command = Command {
    name: "tls cert info",
    synopsis: "Show certificate information",
    usage: "<certificate file>",
    flags: &[],
    general: General::None,
    arity: Arity::Counted(1, 1, "This command takes one argument: <certificate file>"),
    run: certificate,
};

fn read(session: &Session<'_>, what: &str) -> Result<Certificate, Fault> {
    let path = session.argument(0);
    let text = std::fs::read_to_string(path).map_err(|error| {
        Fault::Told(format!("Error reading {what} file: {}", file_error("open", Path::new(path), &error)))
    })?;
    if lab_pki::pem::first(&text).is_none() {
        return Err(Fault::Told("no PEM-encoded data found".to_owned()));
    }
    Certificate::from_pem(&text).map_err(|error| Fault::Told(error.to_string()))
}

fn authority(session: &Session<'_>) -> Outcome {
    if session.arguments().is_empty() {
        return fail("Error reading CA file: <nil>");
    }
    let shown = read(session, "CA")?;
    let mut lines = basics(&shown);
    lines.push(format!("Permitted DNS Domains|[{}]", shown.permitted_dns_names().join(" ")));
    session.say(Columns::LIST.format(&lines));
    Ok(0)
}

fn certificate(session: &Session<'_>) -> Outcome {
    let shown = read(session, "certificate")?;
    let mut lines = basics(&shown);
    let addresses: Vec<String> = shown.ip_addresses().iter().map(ToString::to_string).collect();
    lines.push(format!("DNS Names|[{}]", shown.dns_names().join(" ")));
    lines.push(format!("IP Addresses|[{}]", addresses.join(" ")));
    session.say(Columns::LIST.format(&lines));
    Ok(0)
}

fn basics(shown: &Certificate) -> Vec<String> {
    vec![
        format!("Serial Number|{}", decimal(shown.serial_bytes())),
        format!("Issuer CN|{}", shown.issuer().common_name),
        format!("Common Name|{}", distinguished(shown.subject())),
        format!("Expiry Date|{}", plain_time(shown.not_after())),
    ]
}

/// A name as Go's `pkix.Name` prints it: the last attribute first.
fn distinguished(name: &Name) -> String {
    let escape = |text: &str| {
        text.chars()
            .flat_map(|c| if ",+\"\\<>;".contains(c) { vec!['\\', c] } else { vec![c] })
            .collect::<String>()
    };
    let mut parts = Vec::new();
    let mut add = |kind: &str, values: &[String]| {
        if !values.is_empty() {
            parts.push(
                values.iter().map(|value| format!("{kind}={}", escape(value))).collect::<Vec<_>>().join("+"),
            );
        }
    };
    let own = |text: &String| if text.is_empty() { Vec::new() } else { vec![text.clone()] };
    add("SERIALNUMBER", &own(&name.serial_number));
    add("CN", &own(&name.common_name));
    add("OU", &name.organizational_unit);
    add("O", &name.organization);
    add("POSTALCODE", &name.postal_code);
    add("STREET", &name.street_address);
    add("L", &name.locality);
    add("ST", &name.province);
    add("C", &name.country);
    parts.join(",")
}

/// A moment as Go prints it by default: `2031-11-21 06:55:16 +0000 UTC`.
pub(in crate::nomad_cli) fn plain_time(moment: OffsetDateTime) -> String {
    let text = lab_world::format_rfc3339(moment);
    text.replace('T', " ").replace('Z', " +0000 UTC")
}
