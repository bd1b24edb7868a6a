//! `server { }`

use std::time::Duration;

use lab_hcl::Body;

use super::ServerJoin;
use super::fields::Fields;
use super::load::ConfigError;
use super::merge::{flag, number, text};

const IGNORED: &[&str] = &[
    "authoritative_region",
    "data_dir",
    "protocol_version",
    "raft_protocol",
    "raft_boltdb",
    "raft_logstore",
    "raft_snapshot_threshold",
    "raft_snapshot_interval",
    "raft_trailing_logs",
    "num_schedulers",
    "enabled_schedulers",
    "node_gc_threshold",
    "job_gc_interval",
    "job_gc_threshold",
    "eval_gc_threshold",
    "batch_eval_gc_threshold",
    "deployment_gc_threshold",
    "csi_volume_claim_gc_interval",
    "csi_volume_claim_gc_threshold",
    "csi_plugin_gc_threshold",
    "acl_token_gc_threshold",
    "root_key_gc_interval",
    "root_key_gc_threshold",
    "root_key_rotation_threshold",
    "rejoin_after_leave",
    "non_voting_server",
    "redundancy_zone",
    "upgrade_version",
    "default_scheduler_config",
    "plan_rejection_tracker",
    "enable_event_broker",
    "event_buffer_size",
    "license_path",
    "license_env",
    "search",
    "job_default_priority",
    "job_max_priority",
    "job_max_source_size",
    "job_max_count",
    "job_tracked_versions",
    "oidc_issuer",
    "client_introduction",
    "start_timeout",
];

/// `server { }`; zeros stand for what nobody said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ServerBlock {
    pub(crate) enabled: bool,
    pub(crate) bootstrap_expect: i64,
    pub(crate) encrypt: String,
    pub(crate) raft_multiplier: i64,
    pub(crate) heartbeat_grace: Duration,
    pub(crate) min_heartbeat_ttl: Duration,
    pub(crate) failover_heartbeat_ttl: Duration,
    pub(crate) max_heartbeats_per_second: f64,
    pub(crate) join: ServerJoin,
}

impl ServerBlock {
    pub(super) fn defaults() -> Self {
        Self {
            raft_multiplier: 1,
            heartbeat_grace: Duration::from_secs(10),
            min_heartbeat_ttl: Duration::from_secs(10),
            failover_heartbeat_ttl: Duration::from_secs(300),
            max_heartbeats_per_second: 50.0,
            join: ServerJoin { retry_interval: Duration::from_secs(30), ..ServerJoin::default() },
            ..Self::default()
        }
    }

    pub(super) fn merge(&mut self, more: Self) {
        flag(&mut self.enabled, more.enabled);
        number(&mut self.bootstrap_expect, more.bootstrap_expect);
        text(&mut self.encrypt, more.encrypt);
        number(&mut self.raft_multiplier, more.raft_multiplier);
        number(&mut self.heartbeat_grace, more.heartbeat_grace);
        number(&mut self.min_heartbeat_ttl, more.min_heartbeat_ttl);
        number(&mut self.failover_heartbeat_ttl, more.failover_heartbeat_ttl);
        number(&mut self.max_heartbeats_per_second, more.max_heartbeats_per_second);
        self.join.merge(more.join);
    }
}

impl ServerJoin {
    /// Lists add up for the older attributes and replace each other in `server_join`; both end in one list here.
    pub(super) fn merge(&mut self, more: Self) {
        if !more.start_join.is_empty() {
            self.start_join = more.start_join;
        }
        if !more.retry_join.is_empty() {
            self.retry_join = more.retry_join;
        }
        number(&mut self.retry_max, more.retry_max);
        number(&mut self.retry_interval, more.retry_interval);
    }
}

pub(super) fn parse_server(body: &Body) -> Result<ServerBlock, ConfigError> {
    let mut fields = Fields::new("server", body);
    let server = ServerBlock {
        enabled: fields.flag("enabled")?,
        bootstrap_expect: fields.integer("bootstrap_expect")?.unwrap_or_default(),
        encrypt: fields.text("encrypt")?,
        raft_multiplier: fields.integer("raft_multiplier")?.unwrap_or_default(),
        heartbeat_grace: fields.duration("heartbeat_grace")?.unwrap_or_default(),
        min_heartbeat_ttl: fields.duration("min_heartbeat_ttl")?.unwrap_or_default(),
        failover_heartbeat_ttl: fields.duration("failover_heartbeat_ttl")?.unwrap_or_default(),
        max_heartbeats_per_second: fields.float("max_heartbeats_per_second")?.unwrap_or_default(),
        join: parse_join("server.server_join", &mut fields)?,
    };
    fields.ignore(IGNORED);
    fields.finish().map(|()| server)
}

/// `server_join { }` of a server or client, or the older attributes in the block itself.
pub(super) fn parse_join(path: &'static str, fields: &mut Fields<'_>) -> Result<ServerJoin, ConfigError> {
    let mut join = read_join(fields)?;
    for body in fields.blocks("server_join") {
        let mut fields = Fields::new(path, body);
        join.merge(read_join(&mut fields)?);
        fields.finish()?;
    }
    Ok(join)
}

fn read_join(fields: &mut Fields<'_>) -> Result<ServerJoin, ConfigError> {
    Ok(ServerJoin {
        start_join: fields.texts("start_join")?,
        retry_join: fields.texts("retry_join")?,
        retry_max: fields.integer("retry_max")?.unwrap_or_default(),
        retry_interval: fields.duration("retry_interval")?.unwrap_or_default(),
    })
}
