//! `secret "path" "key=value" ...`

use ring::digest;
use serde_json::json;

use super::{Answer, Context, Data, Held, kv, trim};

/// Writes to a path of Vault, such as the one that issues certificates.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    path: String,
    data: Data,
    digest: String,
    held: Held,
}

impl Write {
    pub(super) fn new(path: &str, data: Data) -> Result<Self, String> {
        let path = trim(path).map_err(|problem| format!("vault.write: {problem}"))?;
        let digest = digest_of(&data);
        Ok(Self { path, data, digest, held: Held::default() })
    }

    /// Templates that write the same values to the same path share the answer, since the name is the same.
    pub(super) fn name(&self) -> String {
        format!("vault.write({} -> {})", self.path, self.digest)
    }

    pub(super) async fn fetch(&mut self, context: &Context) -> Result<Answer, String> {
        let name = self.name();
        self.held.wait(&name, context).await;
        // The engine is asked for again at every write; an error of that is passed over.
        let (mount, is_v2) = context.vault.mount_of(&self.path).await.unwrap_or_default();
        let (path, body) = if is_v2 {
            (kv::data_path(&self.path, &mount, context.vault.namespace()), json!({ "data": self.data }))
        } else {
            (self.path.clone(), json!(self.data))
        };
        let answer = context.vault.write(&path, &body).await;
        let secret = answer.map_err(|error| format!("{name}: {name}: {error}"))?;
        match secret {
            Some(secret) => Ok(self.held.keep(&name, secret, context)),
            None if is_v2 => Err(format!("{name}: no secret exists at {}", self.path)),
            // Version 1 of KV has nothing to say to a write.
            None => Ok(Answer::Secret(Box::default())),
        }
    }
}

/// The first four bytes of the SHA-1 of the values.
fn digest_of(data: &Data) -> String {
    let text: String =
        data.iter().map(|(key, value)| format!("{key}={}", lab_template::quote(value))).collect();
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    hex::encode(&digest.as_ref()[..4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_real_ones() {
        let data = Data::from([("c".to_owned(), "d".to_owned())]);
        let write = Write::new(" /a/b/ ", data).expect("a path");
        assert_eq!(write.name(), "vault.write(a/b -> cdcda1fa)");
        assert_eq!(
            Write::new("/", Data::new()).map(|_| ()),
            Err("vault.write: invalid format: \"\"".to_owned())
        );
    }
}
