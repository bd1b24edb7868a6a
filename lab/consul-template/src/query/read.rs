//! `secret "path"`

use serde_json::Value as Json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Answer, Context, Held, kv, trim};
use crate::vault::Secret;

/// Reads a path of Vault.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    path: String,
    query: String,
    /// Where to read, once it is known whether the engine is version 2 of KV.
    place: Option<String>,
    held: Held,
}

impl Read {
    pub(super) fn new(path: &str) -> Result<Self, String> {
        let path = trim(path).map_err(|problem| format!("vault.read: {problem}"))?;
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        Ok(Self { path: path.to_owned(), query: query.to_owned(), place: None, held: Held::default() })
    }

    pub(super) fn name(&self) -> String {
        let version = self.query.split('&').find_map(|pair| pair.strip_prefix("version="));
        match version {
            Some(version) => format!("vault.read({}.v{version})", self.path),
            None => format!("vault.read({})", self.path),
        }
    }

    pub(super) async fn fetch(&mut self, context: &Context) -> Result<Answer, String> {
        let name = self.name();
        self.held.wait(&name, context).await;
        let place = match &self.place {
            Some(place) => place.clone(),
            None => {
                let place = self.find(&name, context).await;
                self.place.insert(place).clone()
            }
        };
        let secret = context
            .vault
            .read(&place, &self.query)
            .await
            .map_err(|error| format!("{name}: {name}: {error}"))?
            .filter(|secret| !is_deleted(secret, context.host.clock.now()))
            .ok_or_else(|| format!("{name}: no secret exists at {place}"))?;
        Ok(self.held.keep(&name, secret, context))
    }

    async fn find(&self, name: &str, context: &Context) -> String {
        match context.vault.mount_of(&self.path).await {
            Ok((mount, true)) => kv::data_path(&self.path, &mount, context.vault.namespace()),
            Ok(_) => self.path.clone(),
            Err(error) => {
                let path = &self.path;
                context
                    .journal
                    .warn(format!("{name}: failed to check if {path} is KVv2, assume not: {error}"));
                path.clone()
            }
        }
    }
}

/// Whether it is a version of a KV secret that has been deleted.
fn is_deleted(secret: &Secret, now: OffsetDateTime) -> bool {
    let metadata = secret.data.get("metadata");
    let deletion = metadata.and_then(|metadata| metadata["deletion_time"].as_str());
    deletion
        .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
        .is_some_and(|deletion| now > deletion)
        && metadata.is_some_and(Json::is_object)
}
