//! The gossip keys: from the configuration at first, then from `serf.keyring`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab_world::Disk;

use super::crypt;
use crate::config::decode_key;

/// The keys, the first of which encrypts; none: gossip is plain. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Keyring(Arc<RwLock<Vec<Vec<u8>>>>);

impl Keyring {
    /// The keys of a server whose configuration says `encrypt` and whose data is in `data_dir`.
    ///
    /// The file is written once, from the configuration, and read ever after: a key changed in the configuration is
    /// ignored, which `warn` is told. The error is Nomad's.
    pub(crate) fn open(
        disk: &Disk,
        data_dir: Option<&Path>,
        encrypt: &str,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self, String> {
        let file = data_dir.map(|directory| directory.join("server").join("serf.keyring"));
        if let Some(keys) = file.as_ref().and_then(|file| read(disk, file)) {
            if !encrypt.is_empty() {
                warn("WARNING: keyring exists but -encrypt given, using keyring".into());
            }
            return Self::of(keys?);
        }
        if encrypt.is_empty() {
            return Ok(Self::default());
        }
        let key = decode_key(encrypt)?;
        let keyring = Self::of(vec![key])?;
        if let Some(file) = file {
            let text = serde_json::to_string(&[encrypt]).map_err(|error| error.to_string())?;
            disk.write_atomic(file, text, 0o600).map_err(|error| error.to_string())?;
        }
        Ok(keyring)
    }

    fn of(keys: Vec<Vec<u8>>) -> Result<Self, String> {
        for key in &keys {
            crypt::check_key(key)?;
        }
        Ok(Self(Arc::new(RwLock::new(keys))))
    }

    /// Whether gossip is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.primary().is_some()
    }

    pub(super) fn primary(&self) -> Option<Vec<u8>> {
        self.keys().first().cloned()
    }

    pub(super) fn keys(&self) -> Vec<Vec<u8>> {
        self.0.read().map(|keys| keys.clone()).unwrap_or_default()
    }

    /// The keys in base64, as the API shows them.
    pub(crate) fn encoded(&self) -> Vec<String> {
        self.keys().iter().map(|key| STANDARD.encode(key)).collect()
    }
}

/// The keys of a keyring file, where there is one.
fn read(disk: &Disk, file: &PathBuf) -> Option<Result<Vec<Vec<u8>>, String>> {
    let text = disk.read_to_string(file).ok()?;
    let decode = || {
        let keys: Vec<String> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if keys.is_empty() {
            return Err(format!("no keys present in keyring file: {}", file.display()));
        }
        keys.iter().map(|key| decode_key(key)).collect()
    };
    Some(decode())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "cg8StVXbQJ0gPvMd9o7yrg==";
    const OTHER: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

    fn open(disk: &Disk, encrypt: &str) -> (Result<Vec<String>, String>, Vec<String>) {
        let mut warnings = Vec::new();
        let keyring = Keyring::open(disk, Some(Path::new("/data")), encrypt, &mut |line| warnings.push(line));
        (keyring.map(|keyring| keyring.encoded()), warnings)
    }

    #[test]
    fn the_first_key_stays_whatever_the_configuration_says_later() {
        let disk = Disk::memory();
        assert_eq!(open(&disk, ""), (Ok(vec![]), vec![]));
        assert_eq!(open(&disk, KEY), (Ok(vec![KEY.into()]), vec![]));
        assert_eq!(disk.read_to_string("/data/server/serf.keyring").expect("a file"), format!("[\"{KEY}\"]"));
        let warning = "WARNING: keyring exists but -encrypt given, using keyring".to_owned();
        assert_eq!(open(&disk, OTHER), (Ok(vec![KEY.into()]), vec![warning]));
        assert_eq!(open(&disk, ""), (Ok(vec![KEY.into()]), vec![]));
    }

    #[test]
    fn bad_keys_are_refused() {
        let size = "Invalid key: key size must be 16, 24 or 32 bytes";
        assert_eq!(open(&Disk::memory(), "YWJj").0, Err(size.into()));
        assert_eq!(open(&Disk::memory(), "***").0, Err("illegal base64 data at input byte 0".into()));
        let disk = Disk::memory();
        disk.write("/data/server/serf.keyring", "[\"YWJj\"]").expect("a write");
        assert_eq!(open(&disk, "").0, Err(size.into()));
        disk.write("/data/server/serf.keyring", "garbage").expect("a write");
        assert!(open(&disk, "").0.is_err());
    }
}
