//! `nomad { }`

use std::collections::BTreeMap;

use super::decode::Decoder;
use super::{Retry, Tls};

/// How Nomad is reached, and as whom.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NomadConfig {
    pub(crate) address: String,
    pub(crate) namespace: String,
    pub(crate) token: String,
    pub(crate) retry: Retry,
    pub(crate) tls: Tls,
}

/// What the files say.
#[derive(Default)]
pub(super) struct Written {
    address: Option<String>,
    namespace: Option<String>,
    token: Option<String>,
    retry: Retry,
    tls: Tls,
}

impl Written {
    pub(super) fn decode(&mut self, block: &mut Decoder<'_, '_>) {
        self.address = block.string("address").or(self.address.take());
        self.namespace = block.string("namespace").or(self.namespace.take());
        self.token = block.string("token").or(self.token.take());
        block.block("retry", |retry| self.retry.decode(retry));
        block.block("ssl", |ssl| self.tls.decode(ssl));
        block.bool("enabled");
        for ignored in ["auth_username", "auth_password"] {
            block.string(ignored);
        }
        block.skip("transport");
    }

    pub(super) fn finish(self, environment: &BTreeMap<String, String>) -> NomadConfig {
        let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
        NomadConfig {
            address: self.address.or_else(|| variable("NOMAD_ADDR")).unwrap_or_default(),
            namespace: self.namespace.or_else(|| variable("NOMAD_NAMESPACE")).unwrap_or_default(),
            token: self.token.or_else(|| variable("NOMAD_TOKEN")).unwrap_or_default(),
            retry: self.retry,
            tls: self.tls,
        }
    }
}
