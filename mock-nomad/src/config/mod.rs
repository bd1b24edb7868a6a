//! The agent's configuration: HCL or JSON files, merged as Nomad merges them.

mod acl;
mod block;
mod check;
mod fields;
mod introduction;
mod load;
mod merge;
mod read;
mod schema;
mod server;
mod settle;
mod shown;
mod tls;
mod validate;
mod vault;

use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) use self::acl::AclBlock;
pub use self::check::{Checked, check_configuration};
pub(crate) use self::introduction::IntroductionBlock;
pub use self::load::is_configuration_name;
pub(crate) use self::load::load;
pub use self::read::{Configuration, Heartbeats, PortSettings, TlsSettings, UnreadableConfiguration};
pub(crate) use self::server::ServerBlock;
pub(crate) use self::settle::{Settled, resolve};
pub(crate) use self::shown::Shown;
pub(crate) use self::tls::{TlsBlock, read_named};
pub(crate) use self::validate::{decode_key, log_level, validate};
pub(crate) use self::vault::VaultBlock;

/// What the files of an agent say together. Empty texts, zeros and `false` stand for what nobody said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AgentConfig {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) datacenter: String,
    pub(crate) data_dir: String,
    pub(crate) bind_addr: String,
    pub(crate) log_level: String,
    pub(crate) addresses: Triple<String>,
    pub(crate) advertise: Triple<String>,
    pub(crate) ports: Triple<i64>,
    pub(crate) server: ServerBlock,
    pub(crate) client: ClientBlock,
    pub(crate) tls: TlsBlock,
    pub(crate) limits: Limits,
    pub(crate) acl: AclBlock,
    pub(crate) vault: VaultBlock,
    pub(crate) leave_on_interrupt: bool,
    pub(crate) leave_on_terminate: bool,
    pub(crate) disable_update_check: bool,
    pub(crate) enable_debug: bool,
    pub(crate) response_headers: BTreeMap<String, String>,
    /// All of it, as `agent/self` shows it.
    pub(crate) shown: Shown,
    /// The files that were read, as they were named.
    pub(crate) files: Vec<String>,
}

/// One thing for each of an agent's three ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Triple<T> {
    pub(crate) http: T,
    pub(crate) rpc: T,
    pub(crate) serf: T,
}

/// `client { }`
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClientBlock {
    pub(crate) enabled: bool,
    pub(crate) servers: Vec<String>,
    pub(crate) server_join: ServerJoin,
    pub(crate) node_class: String,
    pub(crate) node_pool: String,
    /// What the node has, where that is not found out: megahertz, and mebibytes of memory and of disk; 0 elsewhere.
    pub(crate) room: [i64; 3],
    pub(crate) meta: BTreeMap<String, String>,
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) alloc_dir: String,
    /// The token that introduces a new node; the command line gives it.
    pub(crate) introduction: String,
    /// Whether the driver `raw_exec` is enabled, by its plugin's block or the older option.
    pub(crate) raw_exec: bool,
}

/// `server_join { }`, and the older attributes of the same meaning.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ServerJoin {
    pub(crate) start_join: Vec<String>,
    pub(crate) retry_join: Vec<String>,
    pub(crate) retry_max: i64,
    pub(crate) retry_interval: Duration,
}

/// `limits { }`, as texts and numbers as they were written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    pub(crate) https_handshake_timeout: String,
    pub(crate) http_max_conns_per_client: Option<i64>,
    pub(crate) rpc_handshake_timeout: String,
    pub(crate) rpc_max_conns_per_client: Option<i64>,
}

impl AgentConfig {
    /// What holds where no file says otherwise.
    pub(crate) fn defaults() -> Self {
        Self {
            region: "global".into(),
            datacenter: "dc1".into(),
            bind_addr: "0.0.0.0".into(),
            log_level: "INFO".into(),
            ports: Triple { http: 4646, rpc: 4647, serf: 4648 },
            server: ServerBlock::defaults(),
            acl: AclBlock::default(),
            vault: VaultBlock::defaults(),
            client: ClientBlock { node_pool: "default".into(), ..ClientBlock::default() },
            limits: Limits {
                https_handshake_timeout: "5s".into(),
                http_max_conns_per_client: Some(100),
                rpc_handshake_timeout: "5s".into(),
                rpc_max_conns_per_client: Some(100),
            },
            shown: Shown::defaults(),
            ..Self::default()
        }
    }

    /// What holds with `-dev`, before any file.
    pub(crate) fn development() -> Self {
        let mut config = Self::defaults();
        config.shown.merge(Shown::development());
        config.bind_addr = "127.0.0.1".into();
        config.log_level = "DEBUG".into();
        config.enable_debug = true;
        config.server.enabled = true;
        config.server.bootstrap_expect = 1;
        config.client.enabled = true;
        config.client.options.insert("driver.raw_exec.enable".into(), "true".into());
        config.client.raw_exec = true;
        config
    }
}
