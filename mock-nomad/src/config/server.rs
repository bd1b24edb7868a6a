//! `server { }`

use std::time::Duration;

use lab_hcl::Body;

use super::ServerJoin;
use super::fields::Fields;
use super::introduction::{self, IntroductionBlock};
use super::load::ConfigError;
use super::merge::{flag, number, text};

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
    pub(crate) num_schedulers: Option<i64>,
    pub(crate) enabled_schedulers: Vec<String>,
    pub(crate) join: ServerJoin,
    pub(crate) oidc_issuer: String,
    pub(crate) root_key_rotation_threshold: Duration,
    pub(crate) root_key_gc_interval: Duration,
    pub(crate) root_key_gc_threshold: Duration,
    pub(crate) introduction: IntroductionBlock,
}

impl ServerBlock {
    pub(super) fn defaults() -> Self {
        Self {
            raft_multiplier: 1,
            heartbeat_grace: Duration::from_secs(10),
            min_heartbeat_ttl: Duration::from_secs(10),
            failover_heartbeat_ttl: Duration::from_secs(300),
            max_heartbeats_per_second: 50.0,
            root_key_rotation_threshold: Duration::from_secs(720 * 3600),
            root_key_gc_interval: Duration::from_secs(600),
            root_key_gc_threshold: Duration::from_secs(3600),
            introduction: IntroductionBlock::defaults(),
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
        self.num_schedulers = more.num_schedulers.or(self.num_schedulers);
        self.enabled_schedulers.extend(more.enabled_schedulers);
        text(&mut self.oidc_issuer, more.oidc_issuer);
        number(&mut self.root_key_rotation_threshold, more.root_key_rotation_threshold);
        number(&mut self.root_key_gc_interval, more.root_key_gc_interval);
        number(&mut self.root_key_gc_threshold, more.root_key_gc_threshold);
        self.introduction.merge(more.introduction);
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
    let fields = Fields::new("server", body);
    let server = ServerBlock {
        enabled: fields.flag("enabled")?,
        bootstrap_expect: fields.integer("bootstrap_expect")?.unwrap_or_default(),
        encrypt: fields.text("encrypt")?,
        raft_multiplier: fields.integer("raft_multiplier")?.unwrap_or_default(),
        heartbeat_grace: fields.duration("heartbeat_grace")?.unwrap_or_default(),
        min_heartbeat_ttl: fields.duration("min_heartbeat_ttl")?.unwrap_or_default(),
        failover_heartbeat_ttl: fields.duration("failover_heartbeat_ttl")?.unwrap_or_default(),
        max_heartbeats_per_second: fields.float("max_heartbeats_per_second")?.unwrap_or_default(),
        num_schedulers: fields.integer("num_schedulers")?,
        enabled_schedulers: fields.texts("enabled_schedulers")?,
        join: parse_join("server.server_join", &fields)?,
        oidc_issuer: fields.text("oidc_issuer")?,
        root_key_rotation_threshold: fields.duration("root_key_rotation_threshold")?.unwrap_or_default(),
        root_key_gc_interval: fields.duration("root_key_gc_interval")?.unwrap_or_default(),
        root_key_gc_threshold: fields.duration("root_key_gc_threshold")?.unwrap_or_default(),
        introduction: introduction::parse(&fields)?,
    };
    Ok(server)
}

/// `server_join { }` of a server or client, or the older attributes in the block itself.
pub(super) fn parse_join(path: &'static str, fields: &Fields<'_>) -> Result<ServerJoin, ConfigError> {
    let mut join = read_join(fields)?;
    for body in fields.blocks("server_join") {
        let fields = Fields::new(path, body);
        join.merge(read_join(&fields)?);
    }
    Ok(join)
}

fn read_join(fields: &Fields<'_>) -> Result<ServerJoin, ConfigError> {
    Ok(ServerJoin {
        start_join: fields.texts("start_join")?,
        retry_join: fields.texts("retry_join")?,
        retry_max: fields.integer("retry_max")?.unwrap_or_default(),
        retry_interval: fields.duration("retry_interval")?.unwrap_or_default(),
    })
}
