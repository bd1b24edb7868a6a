//! The certificate and key that every handshake of the agent asks for.

use std::sync::{Arc, RwLock};

use lab_pki::KeyKind;
use lab_wire::tls::Identity;
use lab_world::Disk;

use crate::config::read_named;

/// Holds the pair that is shown now; clones share it. So a new pair is used by the next handshake of every listener
/// and dialler, without any of them being rebuilt.
#[derive(Clone, Default)]
pub(crate) struct KeyLoader(Arc<RwLock<Option<Identity>>>);

impl KeyLoader {
    /// Reads a pair and shows it from now on; nothing where neither file is named. On error the old one stays.
    ///
    /// The error is Nomad's: `Failed to load cert/key pair: tls: private key does not match public key`.
    pub(crate) fn load(&self, disk: &Disk, cert_file: &str, key_file: &str) -> Result<(), String> {
        if cert_file.is_empty() && key_file.is_empty() {
            return Ok(());
        }
        let pair =
            read_pair(disk, cert_file, key_file).map_err(|e| format!("Failed to load cert/key pair: {e}"))?;
        if let Ok(mut current) = self.0.write() {
            *current = Some(pair);
        }
        Ok(())
    }

    /// The pair shown now.
    pub(crate) fn current(&self) -> Option<Identity> {
        self.0.read().ok().and_then(|current| current.clone())
    }

    /// What handshakes ask.
    pub(crate) fn provider(&self) -> Arc<dyn Fn() -> Option<Identity> + Send + Sync> {
        let loader = self.clone();
        Arc::new(move || loader.current())
    }

    /// The kind of the key shown now.
    pub(crate) fn key_kind(&self) -> Option<KeyKind> {
        self.current().map(|identity| identity.key.kind())
    }
}

fn read_pair(disk: &Disk, cert_file: &str, key_file: &str) -> Result<Identity, String> {
    let certificate = read_named(disk, cert_file).map_err(|error| error.to_string())?;
    let key = read_named(disk, key_file).map_err(|error| error.to_string())?;
    let (certificate, key) = (String::from_utf8_lossy(&certificate), String::from_utf8_lossy(&key));
    Identity::from_pem(&certificate, &key).map_err(|error| error.to_string())
}
