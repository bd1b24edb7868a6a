//! `lab verify --vault`: what a live Vault says, read only.

use std::fs;
use std::path::Path;

use lab_pki::Certificate;
use lab_verify::live::{self, Live, Vault};
use lab_world::{Clock, Net};

use crate::exit::Failure;
use crate::files;
use crate::terminal::errln;

/// Reads a Vault at this address, or where `VAULT_ADDR` says, as `VAULT_TOKEN` and with `VAULT_CACERT`.
pub(super) fn read(address: &str) -> Result<Live, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let address = match address {
        "" => variable("VAULT_ADDR").unwrap_or_else(|| "https://127.0.0.1:8200".to_owned()),
        address => address.to_owned(),
    };
    let token = variable("VAULT_TOKEN").or_else(kept_token).ok_or_else(|| {
        Failure::Usage("--vault wants a token: export VAULT_TOKEN, or log in with `vault login`".to_owned())
    })?;
    let vault = Vault { address, token, authorities: authorities(variable("VAULT_CACERT").as_deref())? };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Choice(format!("no runtime: {error}")))?;
    let read = runtime.block_on(live::read(&vault, &Net::outgoing(), &Clock::system()));
    runtime.shutdown_background();
    let live = read.map_err(|error| Failure::Choice(format!("{}: {error}", vault.address)))?;
    for refused in &live.refused {
        errln!("warning: {}: {refused}", vault.address);
    }
    Ok(live)
}

/// What `vault login` keeps.
fn kept_token() -> Option<String> {
    let home = std::env::var_os("HOME")?;
    let token = fs::read_to_string(Path::new(&home).join(".vault-token")).ok()?;
    Some(token.trim().to_owned()).filter(|token| !token.is_empty())
}

fn authorities(file: Option<&str>) -> Result<Vec<Certificate>, Failure> {
    let Some(file) = file else { return Ok(Vec::new()) };
    Ok(Certificate::authorities_from_pem(&files::read(Path::new(file))?))
}
