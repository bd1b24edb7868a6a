//! Everything an unsealed server knows.

use std::sync::Arc;
use std::time::Duration;

use lab_world::Entropy;
use serde::{Deserialize, Serialize};

use crate::audit::AuditDevices;
use crate::cubbyhole::Cubbyhole;
use crate::identity::Identity;
use crate::lease::Leases;
use crate::lockout::Lockouts;
use crate::logical::{Data, Environment, MountView};
use crate::mounts::{Backend, Engine, MountConfig, MountEntry, Mounts, engine};
use crate::policy::PolicyStore;
use crate::server::Dev;
use crate::settings::{ServerFacts, Settings};
use crate::storage::{Record, Scope, Writes};
use crate::sys::Remounts;
use crate::token::{NewToken, TokenStore, root_entry};

/// What a cluster is called.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) id: String,
    /// RFC 3339 with nanoseconds.
    pub(crate) installed: String,
}

/// The state behind the barrier.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) cluster: Record<Cluster>,
    pub(crate) mounts: Mounts,
    pub(crate) policies: PolicyStore,
    pub(crate) tokens: TokenStore,
    pub(crate) leases: Leases,
    pub(crate) identity: Identity,
    pub(crate) cubbyhole: Cubbyhole,
    pub(crate) audit: AuditDevices,
    pub(crate) remounts: Remounts,
    pub(crate) settings: Settings,
    pub(crate) lockouts: Lockouts,
    /// How the server was started; not stored.
    pub(crate) server: Arc<ServerFacts>,
    /// The newest key's term, install time and use, as `sys/key-status` shows them.
    pub(crate) key_status: (u32, String, u64),
    /// Set by `sys/rotate`; the barrier turns to a new key after the request.
    pub(crate) rotate: bool,
    /// Set by `sys/seal`.
    pub(crate) seal: bool,
}

impl State {
    /// The state of a server that was just initialised.
    pub(crate) fn new(entropy: &Entropy, installed: String) -> Self {
        let mut state = Self::default();
        let hex = hex::encode(entropy.bytes::<4>());
        state.cluster.set(Cluster { name: format!("vault-cluster-{hex}"), id: entropy.uuid(), installed });
        state.policies.install();
        state.settings.install();
        state.identity.oidc.install();
        state.tokens.install(entropy);
        for (path, kind, description) in [
            ("cubbyhole/", "cubbyhole", "per-token private secret storage"),
            ("identity/", "identity", "identity store"),
            ("sys/", "system", "system endpoints used for control, policy and debugging"),
            ("auth/token/", "token", "token based credentials"),
        ] {
            let entry = built_in(entropy, path, kind, description);
            let backend = built_in_backend(kind);
            state.mounts.add(entry, backend);
        }
        state
    }

    /// Calls the cluster what its configuration calls it.
    pub(crate) fn rename_cluster(&mut self, name: &str) {
        let renamed = Cluster { name: name.to_owned(), ..self.cluster.get().clone() };
        self.cluster.set(renamed);
    }

    /// Makes a development server of a new one: a KV engine, and the root token that was asked for.
    pub(crate) fn prepare_dev(&mut self, dev: &Dev, initial: String, environment: &Environment) -> String {
        let version = if dev.unversioned { "1" } else { "2" };
        let options = std::collections::BTreeMap::from([("version".to_owned(), version.to_owned())]);
        if let Some(engine) = engine("kv", &options) {
            let mut entry = built_in(&environment.entropy, "secret/", "kv", "key/value secret storage");
            entry.options = Some(options);
            self.mounts.add(entry, Backend::Engine(engine));
        }
        let Some(wanted) = &dev.root_token else { return initial };
        let mut entry = root_entry("auth/token/create", "token", environment.now);
        entry.id.clone_from(wanted);
        let new = NewToken { entry, renewable: false, max_ttl: Duration::ZERO, internal: Data::new() };
        let token = self.grant_token(new, environment).client_token;
        if let Some((name, _)) = self.tokens.find(&initial, environment.now) {
            self.revoke_token(&name, environment);
        }
        token
    }

    /// Lets `work` have the engine that serves `path`; `None` where the server itself does, or nothing.
    pub(crate) fn with_engine<R>(
        &mut self,
        path: &str,
        work: impl FnOnce(&mut dyn Engine, &MountView) -> R,
    ) -> Option<R> {
        let mount = self.mounts.route(path)?;
        let (at, view) = (mount.entry.path.clone(), Arc::clone(&mount.view));
        match &mut self.mounts.at_mut(&at)?.backend {
            Backend::Engine(engine) => Some(work(engine.as_mut(), &view)),
            _ => None,
        }
    }

    /// The limits of the mount that serves `path`.
    pub(crate) fn view_of(&self, path: &str) -> Arc<MountView> {
        self.mounts.route(path).map(|mount| Arc::clone(&mount.view)).unwrap_or_default()
    }

    /// Hands over what the storage is to get.
    pub(crate) fn flush(&mut self, scope: Scope) -> Writes {
        let mut writes = Writes::new(scope);
        self.cluster.flush("core/cluster", &mut writes);
        self.mounts.flush(&mut writes);
        self.policies.flush(&mut writes);
        self.tokens.flush(&mut writes);
        self.leases.flush(&mut writes);
        self.identity.flush(&mut writes);
        self.cubbyhole.flush(&mut writes);
        self.audit.flush(&mut writes);
        self.settings.flush(&mut writes);
        writes
    }

    /// Takes the state from the storage. Mounts come before what belongs to them, since `core/` sorts before the rest.
    ///
    /// Errors: the key of what is damaged, and how.
    pub(crate) fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        let outcome = match key.split_once('/') {
            Some(("core", rest)) => self.load_core(rest, bytes),
            Some(("cubbyhole", rest)) => self.cubbyhole.load(rest, bytes),
            Some(("identity", rest)) => self.identity.load(rest, bytes),
            Some(("logical", rest)) => match rest.split_once('/') {
                Some((uuid, rest)) => self.mounts.load_engine(uuid, rest, bytes),
                None => Ok(()),
            },
            Some(("sys", rest)) => match rest.split_once('/') {
                Some(("expire", rest)) => self.leases.load(rest, bytes),
                Some(("token", rest)) => self.tokens.load(rest, bytes),
                _ => Ok(()),
            },
            _ => Ok(()),
        };
        outcome.map_err(|error| format!("{key}: {error}"))
    }

    fn load_core(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        if key == "cluster" {
            return self.cluster.load(bytes);
        }
        match key.split_once('/') {
            Some(("mounts", _)) => {
                let entry: MountEntry = crate::storage::decode(bytes)?;
                let options = entry.options.clone().unwrap_or_default();
                let backend = match engine(&entry.kind, &options) {
                    Some(engine) => Backend::Engine(engine),
                    None => built_in_backend(&entry.kind),
                };
                self.mounts.add(entry, backend);
                Ok(())
            }
            Some(("policy", name)) => self.policies.load(name, bytes),
            Some(("audit", name)) => self.audit.load(name, bytes),
            Some(("settings", name)) => self.settings.load(name, bytes),
            _ => Ok(()),
        }
    }
}

fn built_in(entropy: &Entropy, path: &str, kind: &str, description: &str) -> MountEntry {
    let mut config = MountConfig::default();
    match kind {
        "identity" => config.passthrough_request_headers = vec!["Authorization".into()],
        "system" => config.passthrough_request_headers = vec!["Accept".into()],
        "token" => config.token_type = Some("default-service".into()),
        _ => {}
    }
    let auth = if kind == "token" { "auth_" } else { "" };
    MountEntry {
        path: path.to_owned(),
        kind: kind.to_owned(),
        description: description.to_owned(),
        accessor: format!("{auth}{kind}_{}", hex::encode(entropy.bytes::<4>())),
        uuid: entropy.uuid(),
        local: kind == "cubbyhole",
        seal_wrap: kind == "system",
        config,
        ..MountEntry::default()
    }
}

fn built_in_backend(kind: &str) -> Backend {
    match kind {
        "cubbyhole" => Backend::Cubbyhole,
        "identity" => Backend::Identity,
        "token" => Backend::Token,
        _ => Backend::System,
    }
}
