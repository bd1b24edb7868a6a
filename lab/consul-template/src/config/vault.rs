//! `vault { }`

use std::collections::BTreeMap;
use std::time::Duration;

use lab_world::Disk;

use super::decode::Decoder;
use super::{Retry, Tls};

/// How Vault is reached, and as whom.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VaultConfig {
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) token_file: Option<String>,
    pub(crate) namespace: String,
    pub(crate) renew_token: bool,
    pub(crate) unwrap_token: bool,
    pub(crate) retry: Retry,
    pub(crate) tls: Tls,
    pub(crate) default_lease_duration: Duration,
    pub(crate) lease_renewal_threshold: f64,
}

/// What the files say.
#[derive(Default)]
pub(super) struct Written {
    address: Option<String>,
    token: Option<String>,
    token_file: Option<String>,
    namespace: Option<String>,
    renew_token: Option<bool>,
    unwrap_token: Option<bool>,
    retry: Retry,
    tls: Tls,
    default_lease_duration: Option<Duration>,
    lease_renewal_threshold: Option<f64>,
}

impl Written {
    pub(super) fn decode(&mut self, block: &mut Decoder<'_, '_>) {
        self.address = block.string("address").or(self.address.take());
        self.token = block.string("token").or(self.token.take());
        self.token_file = block.string("vault_agent_token_file").or(self.token_file.take());
        self.namespace = block.string("namespace").or(self.namespace.take());
        self.renew_token = block.bool("renew_token").or(self.renew_token);
        self.unwrap_token = block.bool("unwrap_token").or(self.unwrap_token);
        self.default_lease_duration =
            block.duration("default_lease_duration").or(self.default_lease_duration);
        self.lease_renewal_threshold =
            block.float("lease_renewal_threshold").or(self.lease_renewal_threshold);
        block.block("retry", |retry| self.retry.decode(retry));
        block.block("ssl", |ssl| self.tls.decode(ssl));
        block.bool("enabled");
        block.string("client_user_agent");
        for kubernetes in [
            "k8s_auth_role_name",
            "k8s_service_account_token_path",
            "k8s_service_account_token",
            "k8s_service_mount_path",
        ] {
            block.string(kubernetes);
        }
        block.skip("transport");
    }

    pub(super) fn finish(mut self, disk: &Disk, environment: &BTreeMap<String, String>) -> VaultConfig {
        let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
        let flag = |name: &str| {
            variable(name).map(|value| matches!(value.as_str(), "1" | "t" | "true" | "TRUE" | "True"))
        };
        self.tls.fill(environment);
        let token = match &self.token_file {
            Some(file) => disk.read_to_string(file).unwrap_or_default(),
            None => self.token.or_else(|| variable("VAULT_TOKEN")).unwrap_or_else(|| {
                variable("HOME")
                    .and_then(|home| disk.read_to_string(format!("{home}/.vault-token")).ok())
                    .unwrap_or_default()
            }),
        };
        let token = token.trim().to_owned();
        VaultConfig {
            address: self.address.or_else(|| variable("VAULT_ADDR")).unwrap_or_default(),
            namespace: self.namespace.or_else(|| variable("VAULT_NAMESPACE")).unwrap_or_default(),
            renew_token: self
                .renew_token
                .or_else(|| flag("VAULT_RENEW_TOKEN"))
                .unwrap_or(self.token_file.is_none() && !token.is_empty()),
            unwrap_token: self.unwrap_token.or_else(|| flag("VAULT_UNWRAP_TOKEN")).unwrap_or(false),
            token,
            token_file: self.token_file,
            retry: self.retry,
            tls: self.tls,
            default_lease_duration: self.default_lease_duration.unwrap_or(Duration::from_secs(300)),
            lease_renewal_threshold: self.lease_renewal_threshold.unwrap_or(0.9),
        }
    }
}
