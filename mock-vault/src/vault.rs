//! The server between its storage and its clients: sealed or not.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::{KeyKind, KeyPair, KeySource};
use lab_world::{Clock, Disk, DiskError, Entropy, Host, format_rfc3339_nano};
use time::OffsetDateTime;
use tokio::sync::{Notify, oneshot};

use crate::dispatch::{Answer, takes_bytes};
use crate::logical::{Environment, Request};
use crate::mounts::SystemTtl;
use crate::seal::{Barrier, Keyring, SealConfig, open_with, seal_with};
use crate::server::Dev;
use crate::settings::{Cors, ServerFacts, Verdict};
use crate::state::State;
use crate::storage::{Physical, Scope, decode};
use crate::sys::{Attempts, Progress};

/// Entries outside the barrier.
const SEAL_CONFIG: &str = "core/seal-config";
const ROOT_KEY: &str = "core/hsm/barrier-unseal-keys";
const KEYRING: &str = "core/keyring";
const OUTSIDE: [&str; 3] = [SEAL_CONFIG, ROOT_KEY, KEYRING];

/// A server: everything behind one lock, since every request is quick.
pub(crate) struct Vault {
    inner: Mutex<Inner>,
    pub(crate) clock: Clock,
    entropy: Entropy,
    keys: KeySource,
    /// Told when something is due earlier than anything before.
    pub(crate) earlier: Notify,
}

/// What the lock guards.
pub(crate) struct Inner {
    storage: Physical,
    disk: Disk,
    pub(crate) config: Option<SealConfig>,
    pub(crate) progress: Progress,
    pub(crate) attempts: Attempts,
    pub(crate) unsealed: Option<Box<Unsealed>>,
    /// When the server looks at its leases and its engines again.
    armed: Option<OffsetDateTime>,
    pub(crate) ui: bool,
    /// What a new cluster is called; `None` makes a name up.
    pub(crate) cluster_name: Option<String>,
    /// The lifetimes of mounts that set none.
    pub(crate) system_ttl: SystemTtl,
    /// How the server was started.
    pub(crate) facts: Arc<ServerFacts>,
}

/// What is known only while the server is unsealed.
pub(crate) struct Unsealed {
    pub(crate) state: State,
    pub(crate) root_key: [u8; 32],
    barrier: Barrier,
}

impl Vault {
    /// A server on `storage`: uninitialised where that is empty, otherwise sealed.
    ///
    /// Errors: the storage cannot be read, or its seal configuration is damaged.
    pub(crate) fn new(storage: Physical, host: &Host, keys: KeySource, ui: bool) -> Result<Self, String> {
        let text = |error: DiskError| error.to_string();
        let config = match storage.get(SEAL_CONFIG).map_err(text)? {
            Some(bytes) => Some(decode(&bytes)?),
            None => None,
        };
        let inner = Inner {
            storage,
            disk: host.disk.clone(),
            config,
            progress: Progress::default(),
            attempts: Attempts::default(),
            unsealed: None,
            armed: None,
            ui,
            cluster_name: None,
            system_ttl: SystemTtl::default(),
            facts: Arc::default(),
        };
        let entropy = host.entropy.branch("vault");
        Ok(Self {
            inner: Mutex::new(inner),
            clock: host.clock.clone(),
            entropy,
            keys,
            earlier: Notify::new(),
        })
    }

    /// The server's inside; nothing waits while it is held.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What the world gives to a call that is made now.
    pub(crate) fn environment(&self) -> Environment {
        Environment { now: self.clock.now(), entropy: self.entropy.clone(), keys: self.keys.clone() }
    }

    /// A key of a kind that takes long to make, without keeping anybody else.
    pub(crate) async fn make_key(&self, kind: KeyKind) -> Result<KeyPair, lab_pki::Error> {
        let (sender, receiver) = oneshot::channel();
        self.keys.make(kind, move |key| {
            // Whoever asked may be gone.
            let _ = sender.send(key);
        });
        receiver.await.unwrap_or_else(|_| self.keys.key(kind))
    }

    /// Which web pages may call, where any may.
    pub(crate) fn cors(&self) -> Option<Cors> {
        let inner = self.lock();
        let cors = inner.unsealed.as_ref()?.state.settings.cors.get();
        cors.enabled.then(|| cors.clone())
    }

    /// Counts a request of a client against the rate limits; `None` where nothing limits it.
    pub(crate) fn admit(&self, path: &str, client: IpAddr) -> Option<Verdict> {
        let mut inner = self.lock();
        let quotas = &mut inner.unsealed.as_mut()?.state.settings.quotas;
        if quotas.rules.len() == 0 { None } else { quotas.admit(path, client, self.clock.now()) }
    }

    /// Whether what is written to a path is bytes, and no JSON.
    pub(crate) fn takes_bytes(&self, path: &str) -> bool {
        let inner = self.lock();
        inner.unsealed.as_ref().is_some_and(|unsealed| takes_bytes(&unsealed.state.mounts, path))
    }

    /// A new request id.
    pub(crate) fn request_id(&self) -> String {
        self.entropy.uuid()
    }

    /// Serves a request of the logical layer; `None` while sealed.
    pub(crate) fn serve(&self, request: &mut Request) -> Option<Answer> {
        let environment = self.environment();
        let mut inner = self.lock();
        let unsealed = inner.unsealed.as_mut()?;
        let answer = unsealed.state.serve(request, &environment);
        inner.settle(&environment);
        self.rearm(&mut inner);
        Some(answer)
    }

    /// Wakes whoever waits for what is due next, where something is due earlier now.
    pub(crate) fn rearm(&self, inner: &mut Inner) {
        let next = inner.unsealed.as_ref().and_then(|unsealed| unsealed.state.next_event());
        if next.is_some_and(|next| inner.armed.is_none_or(|armed| next < armed)) {
            inner.armed = next;
            self.earlier.notify_one();
        }
    }

    /// Ends the leases that are over and does the engines' chores; tells when to come again.
    pub(crate) fn expire(&self) -> Option<OffsetDateTime> {
        let environment = self.environment();
        let mut inner = self.lock();
        inner.armed = None;
        let next = inner.unsealed.as_mut()?.state.expire(&environment);
        inner.settle(&environment);
        inner.armed = next;
        next
    }

    /// Initialises and unseals a development server; gives its root token and its unseal key.
    pub(crate) fn start_dev(&self, dev: &Dev) -> Result<(String, String), String> {
        let environment = self.environment();
        let mut inner = self.lock();
        let (keys, token) = inner.initialize(SealConfig { shares: 1, threshold: 1 }, &environment)?;
        let key = keys.first().ok_or("no unseal key")?;
        inner.unseal(key, &environment)?;
        let unsealed = inner.unsealed.as_mut().ok_or("sealed")?;
        let token = unsealed.state.prepare_dev(dev, token, &environment);
        inner.settle(&environment);
        Ok((token, STANDARD.encode(key)))
    }
}

impl Inner {
    /// `inmem` or `file`.
    pub(crate) fn storage_kind(&self) -> &'static str {
        self.storage.kind()
    }

    /// Makes a new server: its state, the key that locks it, and the root token.
    pub(crate) fn initialize(
        &mut self,
        config: SealConfig,
        environment: &Environment,
    ) -> Result<(Vec<Vec<u8>>, String), String> {
        let entropy = &environment.entropy;
        let installed = format_rfc3339_nano(environment.now);
        let unseal_key: [u8; 32] = entropy.bytes();
        let root_key: [u8; 32] = entropy.bytes();
        let mut state = State::new(entropy, installed.clone());
        if let Some(name) = &self.cluster_name {
            state.rename_cluster(name);
        }
        let token = state.grant_root("auth/token/root", environment);
        let barrier = Barrier::new(Keyring::new(entropy, installed));
        let mut unsealed = Box::new(Unsealed { state, root_key, barrier });
        self.put(ROOT_KEY, &seal_with(&unseal_key, entropy, &root_key))?;
        self.write_config(config)?;
        self.persist(&mut unsealed, environment, true)?;
        self.put_keyring(&unsealed, entropy)?;
        Ok((config.split(&unseal_key, |buffer| entropy.fill(buffer)), token))
    }

    /// Unseals with the whole unseal key.
    ///
    /// Errors: the text behind `unable to retrieve stored keys: ` or the like.
    pub(crate) fn unseal(&mut self, unseal_key: &[u8], environment: &Environment) -> Result<(), String> {
        let failed = "unable to retrieve stored keys: invalid key: failed to decrypt keys from storage: error decrypting seal \
            wrapped value\nerror decrypting using seal shamir: cipher: message authentication failed";
        let root_key = self.root_key(unseal_key)?.ok_or(failed)?;
        let sealed = self.get(KEYRING)?.ok_or("no keyring")?;
        let keyring: Keyring = decode(&open_with(&root_key, &sealed).ok_or(failed)?)?;
        let barrier = Barrier::new(keyring);
        let mut state = State::default();
        for key in self.storage.keys().map_err(|error| error.to_string())? {
            if OUTSIDE.contains(&key.as_str()) {
                continue;
            }
            let Some(sealed) = self.get(&key)? else { continue };
            let bytes = barrier.open(&key, &sealed).ok_or_else(|| format!("{key}: decryption failed"))?;
            state.load(&key, &bytes)?;
        }
        state.audit.attach(self.disk.clone());
        state.mounts.set_system(self.system_ttl);
        state.server = Arc::clone(&self.facts);
        let mut unsealed = Box::new(Unsealed { state, root_key, barrier });
        unsealed.refresh();
        self.persist(&mut unsealed, environment, false)?;
        self.unsealed = Some(unsealed);
        Ok(())
    }

    /// The root key that an unseal key opens; `None` where it is another's.
    pub(crate) fn root_key(&self, unseal_key: &[u8]) -> Result<Option<[u8; 32]>, String> {
        let Ok(unseal_key) = <[u8; 32]>::try_from(unseal_key) else { return Ok(None) };
        let sealed = self.get(ROOT_KEY)?.ok_or("no stored keys")?;
        Ok(open_with(&unseal_key, &sealed).and_then(|key| key.try_into().ok()))
    }

    /// Locks the root key with a new unseal key and gives its shares.
    pub(crate) fn rekey(
        &mut self,
        config: SealConfig,
        root_key: [u8; 32],
        entropy: &Entropy,
    ) -> Result<Vec<Vec<u8>>, String> {
        let unseal_key: [u8; 32] = entropy.bytes();
        self.put(ROOT_KEY, &seal_with(&unseal_key, entropy, &root_key))?;
        self.write_config(config)?;
        Ok(config.split(&unseal_key, |buffer| entropy.fill(buffer)))
    }

    /// Forgets everything that the barrier protects.
    pub(crate) fn seal(&mut self) {
        self.unsealed = None;
        self.progress = Progress::default();
        self.attempts = Attempts::default();
    }

    /// Writes what a request changed, and does what it asked of the server itself.
    pub(crate) fn settle(&mut self, environment: &Environment) {
        let Some(mut unsealed) = self.unsealed.take() else { return };
        // A storage that cannot be written seals the server, as it does the real one in the end.
        let seal = std::mem::take(&mut unsealed.state.seal);
        let mut written = self.persist(&mut unsealed, environment, seal);
        let used_up = unsealed.state.settings.rotation.get().is_due(unsealed.barrier.keyring.encryptions);
        if std::mem::take(&mut unsealed.state.rotate) || used_up {
            let mut keyring = unsealed.barrier.keyring.clone();
            keyring.rotate(&environment.entropy, format_rfc3339_nano(environment.now));
            unsealed.barrier = Barrier::new(keyring);
            written = written.and_then(|()| self.put_keyring(&unsealed, &environment.entropy));
            // The keyring is the first thing that the new key is used for.
            unsealed.barrier.keyring.encryptions += 1;
        }
        unsealed.refresh();
        if written.is_ok() && !seal {
            self.unsealed = Some(unsealed);
        } else {
            self.seal();
        }
    }

    /// Writes what changed. A storage that goes with the process gets everything, and only before the server forgets it:
    /// then `closing` is set.
    fn persist(
        &self,
        unsealed: &mut Unsealed,
        environment: &Environment,
        closing: bool,
    ) -> Result<(), String> {
        let scope = match (self.storage.is_lasting(), closing) {
            (true, _) => Scope::Changes,
            (false, true) => Scope::Everything,
            (false, false) => Scope::Count,
        };
        if scope == Scope::Everything {
            self.remove_below("").map_err(|error| error.to_string())?;
        }
        let writes = unsealed.state.flush(scope);
        unsealed.barrier.keyring.encryptions += writes.counted;
        for write in writes.list {
            let result = match write.value {
                Some(plain) => self
                    .storage
                    .put(&write.key, &unsealed.barrier.seal(&environment.entropy, &write.key, &plain)),
                None if write.key.ends_with('/') => self.remove_below(&write.key),
                None => self.storage.remove(&write.key),
            };
            result.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn remove_below(&self, prefix: &str) -> Result<(), DiskError> {
        let below = |key: &&String| key.starts_with(prefix) && !OUTSIDE.contains(&key.as_str());
        for key in self.storage.keys()?.iter().filter(below) {
            self.storage.remove(key)?;
        }
        Ok(())
    }

    fn put_keyring(&self, unsealed: &Unsealed, entropy: &Entropy) -> Result<(), String> {
        let plain = serde_json::to_vec(&unsealed.barrier.keyring).map_err(|error| error.to_string())?;
        self.put(KEYRING, &seal_with(&unsealed.root_key, entropy, &plain))
    }

    fn write_config(&mut self, config: SealConfig) -> Result<(), String> {
        let bytes = serde_json::to_vec(&config).map_err(|error| error.to_string())?;
        self.put(SEAL_CONFIG, &bytes)?;
        self.config = Some(config);
        Ok(())
    }

    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.storage.get(key).map_err(|error| error.to_string())
    }

    fn put(&self, key: &str, value: &[u8]) -> Result<(), String> {
        self.storage.put(key, value).map_err(|error| error.to_string())
    }
}

impl Unsealed {
    /// Shows the state what it may know of the barrier.
    fn refresh(&mut self) {
        let keyring = &self.barrier.keyring;
        let (term, _, encryptions) = &mut self.state.key_status;
        *encryptions = keyring.encryptions;
        if *term != keyring.term() {
            self.state.key_status = (keyring.term(), keyring.install_time.clone(), keyring.encryptions);
        }
    }
}
