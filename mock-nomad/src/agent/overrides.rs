//! What the command line says over the files.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::AgentConfig;

/// Settings of the command line. Empty texts and lists, zeros and `false` leave what the files say, since the real
/// program merges its flags as it merges a last file: booleans can only become true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `-bind`
    pub bind_addr: String,
    /// `-data-dir`
    pub data_dir: String,
    /// `-dc`
    pub datacenter: String,
    /// `-region`
    pub region: String,
    /// `-node`
    pub name: String,
    /// `-log-level`
    pub log_level: String,
    /// `-server`
    pub server: bool,
    /// `-client`
    pub client: bool,
    /// `-bootstrap-expect`
    pub bootstrap_expect: u32,
    /// `-encrypt`: the gossip key.
    pub encrypt: String,
    /// `-join`, each time it is given.
    pub start_join: Vec<String>,
    /// `-retry-join`, each time it is given.
    pub retry_join: Vec<String>,
    /// `-retry-max`
    pub retry_max: u32,
    /// `-retry-interval`
    pub retry_interval: Duration,
    /// `-servers`: servers of a client.
    pub servers: Vec<String>,
    /// `-node-class`
    pub node_class: String,
    /// `-node-pool`
    pub node_pool: String,
    /// `-client-intro-token`: what introduces a new node to its servers.
    pub client_intro_token: String,
    /// `-meta`: `key=value`, each time it is given.
    pub meta: BTreeMap<String, String>,
    /// `-acl-enabled`
    pub acl_enabled: bool,
    /// `-vault-enabled`
    pub vault_enabled: bool,
    /// `-vault-address`
    pub vault_address: String,
}

impl Overrides {
    /// Puts these settings over those of the files.
    pub(super) fn apply(&self, config: &mut AgentConfig) {
        for (setting, given) in [
            (&mut config.bind_addr, &self.bind_addr),
            (&mut config.data_dir, &self.data_dir),
            (&mut config.datacenter, &self.datacenter),
            (&mut config.region, &self.region),
            (&mut config.name, &self.name),
            (&mut config.log_level, &self.log_level),
            (&mut config.server.encrypt, &self.encrypt),
            (&mut config.client.node_class, &self.node_class),
            (&mut config.client.node_pool, &self.node_pool),
            (&mut config.client.introduction, &self.client_intro_token),
            (&mut config.vault.address, &self.vault_address),
        ] {
            if !given.is_empty() {
                setting.clone_from(given);
            }
        }
        for (setting, given) in [
            (&mut config.server.enabled, self.server),
            (&mut config.client.enabled, self.client),
            (&mut config.acl.enabled, self.acl_enabled),
            (&mut config.vault.enabled, self.vault_enabled),
        ] {
            *setting |= given;
        }
        if self.bootstrap_expect > 0 {
            config.server.bootstrap_expect = self.bootstrap_expect.into();
        }
        self.apply_join(config);
        config.client.servers.extend(self.servers.iter().cloned());
        config.client.meta.extend(self.meta.clone());
    }

    fn apply_join(&self, config: &mut AgentConfig) {
        for join in [&mut config.server.join, &mut config.client.server_join] {
            if !self.start_join.is_empty() {
                join.start_join.clone_from(&self.start_join);
            }
            if !self.retry_join.is_empty() {
                join.retry_join.clone_from(&self.retry_join);
            }
            if self.retry_max > 0 {
                join.retry_max = self.retry_max.into();
            }
            if !self.retry_interval.is_zero() {
                join.retry_interval = self.retry_interval;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_replaces_and_the_rest_stays() {
        let mut config = AgentConfig::development();
        config.name = "from-a-file".into();
        Overrides {
            region: "eu".into(),
            acl_enabled: true,
            meta: [("a".to_owned(), "1".to_owned())].into(),
            ..Overrides::default()
        }
        .apply(&mut config);
        assert_eq!((config.region.as_str(), config.name.as_str()), ("eu", "from-a-file"));
        assert!(config.acl.enabled && config.server.enabled);
        assert_eq!(config.client.meta["a"], "1");
        assert_eq!(config.server.bootstrap_expect, 1);
    }
}
