//! The check of the TLS files that comes with the metrics of their expiry: the first PEM block of each must be a
//! certificate, which stops a start with a combined file whose key comes first.

use lab_pki::{Certificate, pem};
use lab_world::Disk;

use crate::config::TlsBlock;

/// Reads what the metrics would watch; the error is Nomad's.
pub(super) fn check(tls: &TlsBlock, disk: &Disk) -> Result<(), String> {
    for (what, file) in [("TLS certificate", &tls.cert_file), ("TLS CA", &tls.ca_file)] {
        if file.is_empty() {
            continue;
        }
        parse(disk, file).map_err(|error| {
            format!("failed to set up TLS expiration metrics: failed to parse {what} file: {error}")
        })?;
    }
    Ok(())
}

fn parse(disk: &Disk, file: &str) -> Result<(), String> {
    let bytes = disk.read(file).map_err(|error| format!("failed to read file: {error}"))?;
    let text = String::from_utf8_lossy(&bytes);
    let block = pem::first(&text).ok_or("failed to decode PEM")?;
    let parsed = Certificate::from_der(&block.content);
    parsed.map(drop).map_err(|error| format!("failed to parse certificate: {error}"))
}
