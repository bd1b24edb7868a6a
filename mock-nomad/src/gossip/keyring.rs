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
pub(crate) struct Keyring {
    keys: Arc<RwLock<Vec<Vec<u8>>>>,
    /// Where changes are written.
    file: Option<(Disk, PathBuf)>,
}

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
            return Self::of(keys?).map(|keyring| keyring.kept_in(disk, file)).map_err(invalid);
        }
        if encrypt.is_empty() {
            return Ok(Self::default());
        }
        let key = decode_key(encrypt)?;
        let keyring = Self::of(vec![key]).map_err(invalid)?;
        if let Some(file) = &file {
            let text = serde_json::to_string(&[encrypt]).map_err(|error| error.to_string())?;
            disk.write_atomic(file, text, 0o600).map_err(|error| error.to_string())?;
        }
        Ok(keyring.kept_in(disk, file))
    }

    /// These keys. The error is memberlist's.
    pub(super) fn of(keys: Vec<Vec<u8>>) -> Result<Self, String> {
        for key in &keys {
            crypt::check_key(key)?;
        }
        Ok(Self { keys: Arc::new(RwLock::new(keys)), file: None })
    }

    fn kept_in(self, disk: &Disk, file: Option<PathBuf>) -> Self {
        Self { file: file.map(|file| (disk.clone(), file)), ..self }
    }

    /// Adds a key to decrypt with. The error is memberlist's, here and below.
    pub(super) fn install(&self, key: Vec<u8>) -> Result<(), String> {
        crypt::check_key(&key)?;
        self.change(|keys| {
            if !keys.contains(&key) {
                keys.push(key);
            }
            Ok(())
        })
    }

    /// Makes a key that is there the one to encrypt with.
    pub(super) fn set_primary(&self, key: &[u8]) -> Result<(), String> {
        self.change(|keys| {
            let place = keys.iter().position(|known| known == key);
            let place = place.ok_or("requested key is not in the keyring")?;
            keys[..=place].rotate_right(1);
            Ok(())
        })
    }

    /// Takes a key out; one that is not there is out already.
    pub(super) fn remove(&self, key: &[u8]) -> Result<(), String> {
        self.change(|keys| {
            if keys.first().is_some_and(|primary| primary == key) {
                return Err("removing the primary key is not allowed".into());
            }
            keys.retain(|known| known != key);
            Ok(())
        })
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Vec<u8>>) -> Result<(), String>) -> Result<(), String> {
        let mut keys = self.keys.write().expect("no panic among keys");
        let mut changed = keys.clone();
        change(&mut changed)?;
        if let Some((disk, file)) = &self.file {
            let encoded: Vec<String> = changed.iter().map(|key| STANDARD.encode(key)).collect();
            let text = serde_json::to_string_pretty(&encoded).map_err(|error| error.to_string())?;
            let written = disk.write_atomic(file, text, 0o600);
            written.map_err(|error| format!("Failed to write keyring file: {error}"))?;
        }
        *keys = changed;
        Ok(())
    }

    /// Whether gossip is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.primary().is_some()
    }

    pub(super) fn primary(&self) -> Option<Vec<u8>> {
        self.keys.read().expect("no panic among keys").first().cloned()
    }

    pub(super) fn keys(&self) -> Vec<Vec<u8>> {
        self.keys.read().expect("no panic among keys").clone()
    }

    /// The keys in base64.
    pub(super) fn encoded(&self) -> Vec<String> {
        self.keys().iter().map(|key| STANDARD.encode(key)).collect()
    }
}

/// What is said of a bad key when an agent starts.
fn invalid(error: String) -> String {
    format!("Invalid key: {error}")
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
    fn changes_are_kept_in_the_file() {
        let disk = Disk::memory();
        let keyring = Keyring::open(&disk, Some(Path::new("/data")), KEY, &mut |_| {}).expect("a keyring");
        let other = decode_key(OTHER).expect("a key");
        assert_eq!(keyring.set_primary(&other), Err("requested key is not in the keyring".into()));
        assert_eq!(keyring.install(other.clone()), Ok(()));
        assert_eq!(keyring.install(other.clone()), Ok(()), "it is there already");
        assert_eq!(keyring.install(vec![1; 17]), Err("key size must be 16, 24 or 32 bytes".into()));
        assert_eq!(keyring.set_primary(&other), Ok(()));
        let file = disk.read_to_string("/data/server/serf.keyring").expect("a file");
        assert_eq!(file, format!("[\n  \"{OTHER}\",\n  \"{KEY}\"\n]"));
        assert_eq!(keyring.remove(&other), Err("removing the primary key is not allowed".into()));
        assert_eq!(keyring.remove(&decode_key(KEY).expect("a key")), Ok(()));
        assert_eq!(keyring.remove(&[9; 16]), Ok(()));
        assert_eq!(open(&disk, "").0, Ok(vec![OTHER.into()]));
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
