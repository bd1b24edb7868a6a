//! From a `tls` block to what handshakes need. Errors are Nomad's, as they stand behind `server setup failed: `.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lab_pki::Certificate;
use lab_wire::tls::{ClientAuth, ClientTls, ServerTls, ServerVerify, Version};
use lab_world::{Clock, Disk};

use super::ciphers::{check_ciphers, min_version};
use super::loader::KeyLoader;
use super::names::check_role_and_region;
use crate::config::{TlsBlock, read_named};

/// What a configuration is built from.
#[derive(Clone, Copy)]
pub(crate) struct TlsSettings<'a> {
    pub(crate) block: &'a TlsBlock,
    pub(crate) region: &'a str,
    pub(crate) disk: &'a Disk,
    pub(crate) clock: &'a Clock,
    pub(crate) loader: &'a KeyLoader,
}

/// TLS for connections to other agents' RPC ports. Clones share it.
#[derive(Clone)]
pub(crate) struct Outgoing(Arc<Dialling>);

struct Dialling {
    template: ClientTls,
    verify_hostname: bool,
    by_region: Mutex<BTreeMap<String, ClientTls>>,
}

impl Outgoing {
    /// What to dial a server of `region` with: `verify_server_hostname` asks for `server.<region>.nomad` in its
    /// certificate, and otherwise only the chain is checked, after the handshake.
    pub(crate) fn for_region(&self, region: &str) -> ClientTls {
        let mut known = self.0.by_region.lock().expect("no panic while choosing a name");
        let make = || ClientTls {
            verify: if self.0.verify_hostname {
                ServerVerify::Name(format!("server.{region}.nomad"))
            } else {
                ServerVerify::ChainOnly
            },
            ..self.0.template.clone()
        };
        known.entry(region.to_owned()).or_insert_with(make).clone()
    }
}

/// TLS for outgoing RPC; `None` where `rpc` is off.
pub(crate) fn outgoing(settings: TlsSettings<'_>) -> Result<Option<Outgoing>, String> {
    let version = check(settings)?;
    let block = settings.block;
    if !block.rpc {
        return Ok(None);
    }
    if block.ca_file.is_empty() {
        return Err("VerifyOutgoing set, and no CA certificate provided!".into());
    }
    let roots = read_authorities(settings.disk, &block.ca_file)?;
    load_pair(settings)?;
    let template = ClientTls {
        roots: Arc::from(roots),
        identity: Some(settings.loader.provider()),
        verify: ServerVerify::ChainOnly,
        clock: settings.clock.clone(),
        min_version: version,
        max_version: Version::Tls13,
    };
    let by_region = Mutex::default();
    Ok(Some(Outgoing(Arc::new(Dialling {
        template,
        verify_hostname: block.verify_server_hostname,
        by_region,
    }))))
}

/// TLS for incoming RPC, which always wants a client certificate; `None` where `rpc` is off.
pub(crate) fn incoming_rpc(settings: TlsSettings<'_>) -> Result<Option<ServerTls>, String> {
    let block = settings.block;
    if !block.rpc {
        return Ok(None);
    }
    let mut tls = incoming(settings, true)?;
    if block.verify_server_hostname {
        let region = settings.region.to_owned();
        tls.check = Some(Arc::new(move |leaf: &Certificate| check_role_and_region(leaf, &region)));
    }
    Ok(Some(tls))
}

/// TLS for HTTP, which wants a client certificate only where `verify_https_client` is set; `None` where `http` is off.
pub(crate) fn incoming_http(settings: TlsSettings<'_>) -> Result<Option<ServerTls>, String> {
    if !settings.block.http {
        return Ok(None);
    }
    incoming(settings, settings.block.verify_https_client).map(Some)
}

fn incoming(settings: TlsSettings<'_>, verify: bool) -> Result<ServerTls, String> {
    let min_version = check(settings)?;
    let block = settings.block;
    let roots = match block.ca_file.as_str() {
        "" => Vec::new(),
        file => read_authorities(settings.disk, file)?,
    };
    load_pair(settings)?;
    if verify && block.ca_file.is_empty() {
        return Err("VerifyIncoming set, and no CA certificate provided!".into());
    }
    if verify && settings.loader.current().is_none() {
        return Err("VerifyIncoming set, and no Cert/Key pair provided!".into());
    }
    let client_auth = if verify { ClientAuth::Require { roots: Arc::from(roots) } } else { ClientAuth::None };
    let (identity, clock) = (settings.loader.provider(), settings.clock.clone());
    Ok(ServerTls { identity, client_auth, check: None, min_version, clock })
}

/// Checks suites, key and version, in this order. A pair that cannot be read is no error yet.
fn check(settings: TlsSettings<'_>) -> Result<Version, String> {
    let _ = settings.loader.load(settings.disk, &settings.block.cert_file, &settings.block.key_file);
    check_ciphers(&settings.block.cipher_suites, settings.loader.key_kind())?;
    min_version(&settings.block.min_version)
}

fn load_pair(settings: TlsSettings<'_>) -> Result<(), String> {
    let (cert_file, key_file) = (&settings.block.cert_file, &settings.block.key_file);
    if cert_file.is_empty() || key_file.is_empty() {
        return Ok(());
    }
    let loaded = settings.loader.load(settings.disk, cert_file, key_file);
    loaded.map_err(|error| format!("Failed to load cert/key pair: {error}"))
}

/// The certificates of a bundle, of which at least one must be good; what stands between them is passed over.
fn read_authorities(disk: &Disk, file: &str) -> Result<Vec<Certificate>, String> {
    let bytes = read_named(disk, file).map_err(|error| format!("Failed to read CA file: {error}"))?;
    let found = Certificate::authorities_from_pem(&String::from_utf8_lossy(&bytes));
    if found.is_empty() {
        return Err(format!("Failed to parse any valid certificates in CA file: {file}"));
    }
    Ok(found)
}
