//! What the issuer keeps.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::identity::Identity;
use crate::identity::oidc::grant::Grants;
use crate::storage::{Record, Table, Writes, moment};

/// Everything below `identity/oidc`.
#[derive(Default)]
pub(crate) struct Oidc {
    /// The issuer that was set; empty for the server's own address.
    pub(super) issuer: Record<String>,
    pub(super) keys: Table<NamedKey>,
    pub(super) roles: Table<Role>,
    pub(super) scopes: Table<Scope>,
    pub(super) assignments: Table<Assignment>,
    pub(super) clients: Table<Client>,
    pub(super) providers: Table<Provider>,
    pub(super) grants: Grants,
}

/// A key by its name: what signs now, what will sign next, and what was signed with before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct NamedKey {
    pub(super) algorithm: String,
    pub(super) rotation_period: Duration,
    pub(super) verification_ttl: Duration,
    pub(super) allowed_client_ids: Vec<String>,
    /// Whether a role has ever named it: then its public keys are shown among the issuer's, as the default key's are.
    pub(super) published: bool,
    /// Private keys in PEM by their ids: the one that signs, and the next; none until the first is needed.
    pub(super) private: Vec<(String, String)>,
    /// Every public key.
    pub(super) public: Vec<PublicKey>,
    /// When the next one signs.
    #[serde(with = "moment::option")]
    pub(super) rotates: Option<OffsetDateTime>,
}

/// A public key of a [`NamedKey`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PublicKey {
    pub(super) id: String,
    /// As it stands in a key set.
    pub(super) jwk: String,
    /// When nothing that it signed is valid any more; `None` while it may still sign.
    #[serde(with = "moment::option")]
    pub(super) expires: Option<OffsetDateTime>,
}

/// What tokens of a role say.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) key: String,
    pub(super) client_id: String,
    pub(super) template: String,
    pub(super) ttl: Duration,
}

/// Claims that clients may ask for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Scope {
    pub(super) template: String,
    pub(super) description: String,
}

/// Who may use a client.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Assignment {
    pub(super) entity_ids: Vec<String>,
    pub(super) group_ids: Vec<String>,
}

/// A program that lets people log in here.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Client {
    pub(super) client_id: String,
    /// Empty for a public client.
    pub(super) client_secret: String,
    pub(super) client_type: String,
    pub(super) key: String,
    pub(super) redirect_uris: Vec<String>,
    pub(super) assignments: Vec<String>,
    pub(super) id_token_ttl: Duration,
    pub(super) access_token_ttl: Duration,
}

/// An issuer for clients.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Provider {
    /// Empty for the server's own address.
    pub(super) issuer: String,
    pub(super) allowed_client_ids: Vec<String>,
    pub(super) scopes_supported: Vec<String>,
}

/// The key, the provider and the assignment that are always there.
pub(super) const DEFAULT: &str = "default";
/// The assignment of everybody.
pub(super) const ALLOW_ALL: &str = "allow_all";

const DAY: Duration = Duration::from_secs(86_400);

impl NamedKey {
    /// A key as it is where nothing is said of it.
    pub(super) fn new() -> Self {
        Self {
            algorithm: "RS256".to_owned(),
            rotation_period: DAY,
            verification_ttl: DAY,
            allowed_client_ids: Vec::new(),
            published: false,
            private: Vec::new(),
            public: Vec::new(),
            rotates: None,
        }
    }
}

impl Client {
    /// Whether it can keep no secret.
    pub(super) fn is_public(&self) -> bool {
        self.client_type == "public"
    }
}

impl Provider {
    /// Whether a client may come here.
    pub(super) fn serves(&self, client_id: &str) -> bool {
        self.allowed_client_ids.iter().any(|allowed| allowed == "*" || allowed == client_id)
    }
}

impl Oidc {
    /// The client with that id.
    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.values().find(|client| client.client_id == id)
    }

    /// Whether an entity may log in at a client: one of its assignments has it, or a group that it is in.
    pub(super) fn may_use(&self, identity: &Identity, client: &Client, entity: &str) -> bool {
        if !identity.is_enabled(entity) {
            return false;
        }
        let (direct, inherited) = identity.groups_of(entity);
        let has = |ids: &[String], id: &str| ids.iter().any(|one| one == "*" || one == id);
        client.assignments.iter().filter_map(|name| self.assignments.get(name)).any(|assignment| {
            has(&assignment.entity_ids, entity)
                || direct.iter().chain(&inherited).any(|group| has(&assignment.group_ids, &group.id))
        })
    }

    /// What a new server has.
    pub(crate) fn install(&mut self) {
        let all = || vec!["*".to_owned()];
        self.keys.insert(DEFAULT, NamedKey { allowed_client_ids: all(), ..NamedKey::new() });
        self.providers.insert(DEFAULT, Provider { allowed_client_ids: all(), ..Provider::default() });
        self.assignments.insert(ALLOW_ALL, Assignment { entity_ids: all(), group_ids: all() });
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        self.issuer.flush("identity/oidc/issuer", writes);
        self.keys.flush("identity/oidc/key/", writes);
        self.roles.flush("identity/oidc/role/", writes);
        self.scopes.flush("identity/oidc/scope/", writes);
        self.assignments.flush("identity/oidc/assignment/", writes);
        self.clients.flush("identity/oidc/client/", writes);
        self.providers.flush("identity/oidc/provider/", writes);
    }

    pub(crate) fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.split_once('/') {
            None if key == "issuer" => self.issuer.load(bytes),
            Some(("key", name)) => self.keys.load(name, bytes),
            Some(("role", name)) => self.roles.load(name, bytes),
            Some(("scope", name)) => self.scopes.load(name, bytes),
            Some(("assignment", name)) => self.assignments.load(name, bytes),
            Some(("client", name)) => self.clients.load(name, bytes),
            Some(("provider", name)) => self.providers.load(name, bytes),
            _ => Ok(()),
        }
    }
}
