//! Keys that are fetched, and how long they are believed: until a signature does not fit.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::jwt::jose::{Key, Token};
use crate::logical::{Call, Fetch, Fetched, Reply};

/// Where keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A key set.
    Keys(Fetch),
    /// A document that names the key set.
    Discovery {
        /// What the document must say its issuer is.
        issuer: String,
        /// The document.
        fetch: Fetch,
    },
}

impl Source {
    /// The document to begin with.
    pub(super) fn fetch(&self) -> &Fetch {
        match self {
            Self::Keys(fetch) | Self::Discovery { fetch, .. } => fetch,
        }
    }
}

/// What was fetched: key sets by their URL, and the URLs that discovery gave.
#[derive(Debug, Default)]
pub(super) struct KeyCache {
    sets: BTreeMap<String, Vec<Key>>,
    discovered: BTreeMap<String, String>,
}

/// What the search for a key ends with.
pub(super) enum Verdict {
    Signed,
    /// Why not, in the words behind `error verifying token signature: `.
    Unsigned(String),
    Wait(Reply),
}

impl KeyCache {
    /// Looks for the key that signed a token: in the cache first, then by fetching the set once.
    pub(super) fn verify(&mut self, source: &Source, token: &Token, call: &Call<'_>) -> Verdict {
        let keys = match source {
            Source::Keys(fetch) => fetch.clone(),
            Source::Discovery { issuer, fetch } => match self.discover(issuer, fetch, call) {
                Ok(url) => Fetch { url, ca_pem: fetch.ca_pem.clone() },
                Err(verdict) => return *verdict,
            },
        };
        if self.sets.get(&keys.url).is_some_and(|known| signed(token, known)) {
            return Verdict::Signed;
        }
        let Some(fetched) = call.request.fetched.iter().find(|fetched| fetched.url == keys.url) else {
            return Verdict::Wait(Reply::Await(keys));
        };
        match read_keys(fetched) {
            Err(error) => Verdict::Unsigned(format!("fetching keys oidc: get keys failed{error}")),
            Ok(set) => {
                let fits = signed(token, &set);
                self.sets.insert(keys.url, set);
                if fits {
                    Verdict::Signed
                } else {
                    Verdict::Unsigned("failed to verify id token signature".into())
                }
            }
        }
    }

    fn discover(&mut self, issuer: &str, fetch: &Fetch, call: &Call<'_>) -> Result<String, Box<Verdict>> {
        if let Some(url) = self.discovered.get(&fetch.url) {
            return Ok(url.clone());
        }
        let Some(fetched) = call.request.fetched.iter().find(|fetched| fetched.url == fetch.url) else {
            return Err(Box::new(Verdict::Wait(Reply::Await(fetch.clone()))));
        };
        match read_discovery(fetched, issuer) {
            Ok(url) => {
                self.discovered.insert(fetch.url.clone(), url.clone());
                Ok(url)
            }
            Err(error) => Err(Box::new(Verdict::Unsigned(error))),
        }
    }
}

/// A token without a key id may be any key's.
fn signed(token: &Token, keys: &[Key]) -> bool {
    keys.iter().any(|key| (token.key_id.is_empty() || token.key_id == key.id) && token.is_signed_by(key))
}

/// The keys of a set. Errors: the text behind `get keys failed`.
pub(super) fn read_keys(fetched: &Fetched) -> Result<Vec<Key>, String> {
    let document = document(fetched)?;
    let keys = document.get("keys").and_then(Value::as_array).ok_or(": failed to decode keys")?;
    Ok(keys.iter().filter_map(Key::from_jwk).collect())
}

/// The URL of the key set in a discovery document. Errors: what is wrong with the document.
pub(super) fn read_discovery(fetched: &Fetched, issuer: &str) -> Result<String, String> {
    let document = document(fetched)?;
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or("");
    if text("issuer") != issuer {
        return Err(format!(
            "oidc: issuer did not match the issuer returned by provider, expected {issuer:?} got {:?}",
            text("issuer")
        ));
    }
    Ok(text("jwks_uri").to_owned())
}

fn document(fetched: &Fetched) -> Result<Value, String> {
    match &fetched.answer {
        Err(error) => Err(format!(" Get {:?}: {error}", fetched.url)),
        Ok((200, body)) => {
            serde_json::from_slice(body).map_err(|error| format!(": failed to decode keys: {error}"))
        }
        Ok((status, body)) => {
            let name = http::StatusCode::from_u16(*status)
                .ok()
                .and_then(|status| status.canonical_reason())
                .unwrap_or("");
            Err(format!(": {status} {name} {}", String::from_utf8_lossy(body)))
        }
    }
}

/// Where an issuer's discovery document is.
pub(super) fn discovery_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}
