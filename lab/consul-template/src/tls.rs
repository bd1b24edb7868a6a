//! TLS to the servers that templates ask.

use lab_pki::Certificate;
use lab_wire::tls::{ClientTls, Identity, ServerVerify};
use lab_world::{Disk, Host};

use crate::Error;
use crate::config::Tls;
use crate::journal::Journal;

/// TLS as configured, which is read even where the server is reached without it. `whom` names the server in what is said.
pub(crate) fn client_tls(host: &Host, config: &Tls, address: &str, whom: &str) -> Result<ClientTls, Error> {
    let failed = |cause: String| Error::Runner(format!("runner: runner: client set: {whom}{cause}"));
    let name = address.split("://").last().unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
    let name = if config.server_name.is_empty() { name } else { &config.server_name };
    let verify = match config.verify {
        Some(false) => {
            Journal::new(&host.log).warn(format!("(clients) disabling {whom} SSL verification"));
            ServerVerify::None
        }
        _ => ServerVerify::Name(name.to_owned()),
    };
    let roots =
        roots(&host.disk, config).map_err(|cause| failed(format!(" configuring TLS failed: {cause}")))?;
    let tls = ClientTls::new(&host.clock).roots(roots).verify(verify);
    if config.cert.is_empty() {
        return Ok(tls);
    }
    let key = if config.key.is_empty() { &config.cert } else { &config.key };
    let read = |path: &str| host.disk.read_to_string(path).map_err(|error| failed(format!(": {error}")));
    let identity = Identity::from_pem(&read(&config.cert)?, &read(key)?);
    Ok(tls.identity(identity.map_err(|error| failed(format!(": {error}")))?))
}

/// The authorities: those of a file, or else of a text, or else of a directory.
fn roots(disk: &Disk, config: &Tls) -> Result<Vec<Certificate>, String> {
    let read = |path: &str| {
        let text = disk.read_to_string(path).map_err(|error| format!("Error loading CA File: {error}"))?;
        match Certificate::authorities_from_pem(&text) {
            none if none.is_empty() => Err(format!("Error loading CA File: Couldn't parse PEM in: {path}")),
            found => Ok(found),
        }
    };
    if !config.ca_cert.is_empty() {
        return read(&config.ca_cert);
    }
    if !config.ca_cert_bytes.is_empty() {
        return Ok(Certificate::authorities_from_pem(&config.ca_cert_bytes));
    }
    if config.ca_path.is_empty() {
        return Ok(Vec::new());
    }
    let path = &config.ca_path;
    let files = disk.list(path).map_err(|_| format!("lstat {path}: no such file or directory"))?;
    let mut found = Vec::new();
    for file in files {
        found.extend(read(&file.display().to_string())?);
    }
    Ok(found)
}
