//! What templates wait for: each query knows how to fetch itself, and when to fetch again.

mod file;
mod kv;
mod lease;
mod list;
mod nomad;
mod nomad_value;
mod pki;
mod read;
mod write;

use std::time::Duration;

use lab_template::Value;
use lab_world::{Entropy, Host};

pub use self::nomad::{Nomad, NomadAnswer, Question};
pub(crate) use self::nomad_value::{method, secrets};
pub(crate) use self::pki::Certificates;
use crate::config::{Retry, VaultConfig};
use crate::journal::Journal;
use crate::vault::{Client, Credential, Secret, renew};

/// A question to Vault or to the disk. Its name says which: queries of one name are one.
#[derive(Clone, Debug)]
pub(crate) enum Query {
    Read(read::Read),
    Write(write::Write),
    List(list::List),
    Pki(pki::Pki),
    File(file::File),
    Nomad(nomad::Ask),
}

impl Query {
    /// `secret "path"`
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        read::Read::new(path).map(Self::Read)
    }

    /// `secret "path" "key=value" ...`
    pub(crate) fn write(path: &str, data: Data) -> Result<Self, String> {
        write::Write::new(path, data).map(Self::Write)
    }

    /// `secrets "path"`
    pub(crate) fn list(path: &str) -> Result<Self, String> {
        list::List::new(path).map(Self::List)
    }

    /// `pkiCert "path" "key=value" ...` in a template that is rendered to `destination`
    pub(crate) fn pki(path: &str, destination: &str, data: Data) -> Result<Self, String> {
        pki::Pki::new(path, destination, data).map(Self::Pki)
    }

    /// `file "path"`
    pub(crate) fn file(path: &str) -> Self {
        Self::File(file::File::new(path))
    }

    /// `nomadVar "path"`, or `nomadVarExists "path"`
    pub(crate) fn nomad_variable(path: &str, namespace: &str, is_existence: bool) -> Result<Self, String> {
        nomad::Ask::variable(path, namespace, is_existence).map(Self::Nomad)
    }

    /// `nomadVarList "prefix"`
    pub(crate) fn nomad_variables(prefix: &str, namespace: &str) -> Result<Self, String> {
        nomad::Ask::variables(prefix, namespace).map(Self::Nomad)
    }

    /// `nomadService "name"`
    pub(crate) fn nomad_service(name: &str, choose: String) -> Result<Self, String> {
        nomad::Ask::service(name, choose).map(Self::Nomad)
    }

    /// `nomadServices`
    pub(crate) fn nomad_services(region: &str) -> Result<Self, String> {
        nomad::Ask::services(region).map(Self::Nomad)
    }

    /// What it is called in messages, and shared by.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Read(query) => query.name(),
            Self::Write(query) => query.name(),
            Self::List(query) => query.name(),
            Self::Pki(query) => query.name(),
            Self::File(query) => query.name(),
            Self::Nomad(query) => query.name(),
        }
    }

    /// Whether it goes to Nomad, whose answers come only when they are new.
    pub(crate) fn is_nomad(&self) -> bool {
        matches!(self, Self::Nomad(_))
    }

    /// Whether a failure is tried again; files are not.
    pub(crate) fn is_retried(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Waits until it is time, and fetches. The first time it is time at once.
    pub(crate) async fn fetch(&mut self, context: &Context) -> Result<Answer, String> {
        match self {
            Self::Read(query) => query.fetch(context).await,
            Self::Write(query) => query.fetch(context).await,
            Self::List(query) => query.fetch(context).await,
            Self::Pki(query) => query.fetch(context).await,
            Self::File(query) => query.fetch(context).await,
            Self::Nomad(query) => query.fetch(context).await,
        }
    }
}

/// The `key=value` pairs of a request, in the order of their keys.
pub(crate) type Data = std::collections::BTreeMap<String, String>;

/// What a query fetches with.
#[derive(Clone)]
pub(crate) struct Context {
    /// Who answers questions to Nomad, and how often it is asked again when it fails.
    pub(crate) nomad: std::sync::Arc<dyn Nomad>,
    pub(crate) nomad_retry: Retry,
    pub(crate) host: Host,
    pub(crate) vault: Client,
    pub(crate) config: VaultConfig,
    pub(crate) journal: Journal,
    /// Where this query's chances come from.
    pub(crate) entropy: Entropy,
}

/// What a query fetched.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Secret(Box<Secret>),
    Names(Vec<String>),
    Certificates(Box<Certificates>),
    Text(String),
    /// Anything else, as a template sees it.
    Value(Value),
}

impl Answer {
    /// As a template sees it.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Secret(secret) => secret.to_value(),
            Self::Names(names) => Value::texts(names.iter().map(String::as_str)),
            Self::Certificates(certificates) => certificates.to_value(),
            Self::Text(text) => Value::from(text.as_str()),
            Self::Value(value) => value.clone(),
        }
    }
}

/// The secret of a read or write query between two fetches.
#[derive(Clone, Debug, Default)]
struct Held {
    secret: Option<Secret>,
    pause: Option<Duration>,
}

impl Held {
    /// Waits for the time of the next fetch: the pause that the last answer asked for, or the end of its renewals.
    async fn wait(&mut self, name: &str, context: &Context) {
        if let Some(pause) = self.pause.take() {
            context.host.clock.sleep(pause).await;
        }
        let Some(secret) = self.secret.as_ref().filter(|secret| secret.is_renewable()) else { return };
        let lease = Duration::from_secs(secret.lease_duration.max(0).unsigned_abs());
        let credential = Credential::Lease(&secret.lease_id);
        if let Err(error) =
            renew(&context.vault, credential, lease, &context.host.clock, &context.entropy).await
        {
            context.journal.warn(format!("{name}: failed to renew: {error}"));
        }
        context.journal.warn(format!("{name}: renewer done (maybe the lease expired)"));
    }

    /// Keeps an answer, and decides when to fetch again.
    fn keep(&mut self, name: &str, secret: Secret, context: &Context) -> Answer {
        for warning in &secret.warnings {
            context.journal.warn(format!("{name}: {warning}"));
        }
        if !secret.is_renewable() {
            self.pause = Some(lease::pause(&secret, context));
        }
        self.secret = Some(secret.clone());
        Answer::Secret(Box::new(secret))
    }
}

/// A path without blanks and slashes around it.
fn trim(path: &str) -> Result<String, String> {
    let path = path.trim().trim_matches('/');
    if path.is_empty() { Err(format!("invalid format: {path:?}")) } else { Ok(path.to_owned()) }
}
