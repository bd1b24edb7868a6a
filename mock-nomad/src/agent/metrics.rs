//! What is seen of the metrics of the TLS files' expiry: their lines in the log, and their check of the files. The first PEM
//! block of each must be a certificate, which stops a start with a combined file whose key comes first.

use lab_pki::{Certificate, pem};
use lab_world::{Disk, Host};

use crate::config::TlsBlock;
use crate::hclog;

const LOGGER: &str = "agent";

/// Begins with the TLS files of an agent that starts; the error is Nomad's.
pub(super) fn start(tls: &TlsBlock, host: &Host) -> Result<(), String> {
    if !tls.is_empty() {
        check(tls, &host.disk)
            .map_err(|error| format!("failed to set up TLS expiration metrics: {error}"))?;
        host.log.info(LOGGER, "starting TLS expiration metric process");
    }
    Ok(())
}

/// Begins anew with other TLS files. What is wrong with them is only told.
pub(super) fn restart(old: &TlsBlock, new: &TlsBlock, host: &Host) {
    let log = &host.log;
    if !new.is_empty()
        && let Err(error) = check(new, &host.disk)
    {
        log.error(
            LOGGER,
            format!("failed to initialize TLS metrics emitter: {}", hclog::pair("error", error)),
        );
        return;
    }
    if !old.is_empty() {
        log.info(LOGGER, "stopping TLS expiration metric process");
    }
    if !new.is_empty() {
        log.info(LOGGER, "starting TLS expiration metric process");
    }
}

fn check(tls: &TlsBlock, disk: &Disk) -> Result<(), String> {
    for (what, file) in [("TLS certificate", &tls.cert_file), ("CA", &tls.ca_file)] {
        if !file.is_empty() {
            parse(disk, file).map_err(|error| format!("failed to parse {what} file: {error}"))?;
        }
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
