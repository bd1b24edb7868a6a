//! Keys that are fetched, and how long they are believed: until a signature does not fit.

use std::collections::BTreeMap;

use lab_wire::jwt::{Fault, Fetch, Key, Token, read_discovery, read_keys};

use crate::logical::{Call, Need, Reply};

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
    /// What is wrong with the document that should say where the keys are.
    Unusable(Fault),
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
        if self.sets.get(&keys.url).is_some_and(|known| token.is_signed_by_any(known)) {
            return Verdict::Signed;
        }
        let Some(fetched) = call.request.fetched.iter().find(|fetched| fetched.url == keys.url) else {
            return Verdict::Wait(Reply::Await(Need::Document(keys)));
        };
        match read_keys(fetched) {
            Err(fault) => Verdict::Unsigned(format!("fetching keys oidc: {}", fault.of_keys())),
            Ok(set) => {
                let fits = token.is_signed_by_any(&set);
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
            return Err(Box::new(Verdict::Wait(Reply::Await(Need::Document(fetch.clone())))));
        };
        match read_discovery(fetched, issuer) {
            Ok(discovery) => {
                self.discovered.insert(fetch.url.clone(), discovery.keys.clone());
                Ok(discovery.keys)
            }
            Err(fault) => Err(Box::new(Verdict::Unusable(fault))),
        }
    }
}
