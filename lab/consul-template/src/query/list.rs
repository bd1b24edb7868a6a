//! `secrets "path"`

use super::{Answer, Context, kv, trim};

/// Lists a path of Vault.
#[derive(Clone, Debug)]
pub(crate) struct List {
    path: String,
    fetched: bool,
}

impl List {
    pub(super) fn new(path: &str) -> Result<Self, String> {
        let path = trim(path).map_err(|problem| format!("vault.list: {problem}"))?;
        Ok(Self { path, fetched: false })
    }

    pub(super) fn name(&self) -> String {
        format!("vault.list({})", self.path)
    }

    pub(super) async fn fetch(&mut self, context: &Context) -> Result<Answer, String> {
        if std::mem::replace(&mut self.fetched, true) {
            context.host.clock.sleep(context.config.default_lease_duration).await;
        }
        let name = self.name();
        let path = match context.vault.mount_of(&self.path).await {
            Ok((mount, true)) => kv::metadata_path(&self.path, &mount),
            _ => self.path.clone(),
        };
        let answer = context.vault.list(&path).await.map_err(|error| format!("{name}: {error}"))?;
        let keys = answer.and_then(|mut secret| secret.data.remove("keys"));
        let mut names = Vec::new();
        if let Some(keys) = keys {
            let keys = keys.as_array().ok_or_else(|| format!("{name}: unexpected response"))?;
            for key in keys {
                names.push(key.as_str().ok_or_else(|| format!("{name}: non-string in list"))?.to_owned());
            }
        }
        names.sort();
        Ok(Answer::Names(names))
    }
}
