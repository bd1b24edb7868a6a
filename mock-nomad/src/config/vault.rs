//! `vault { }`

use lab_hcl::Body;
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::load::ConfigError;
use super::merge::{flag, text};

/// `vault { }`; empty texts stand for what nobody said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct VaultBlock {
    pub(crate) enabled: bool,
    pub(crate) address: String,
    pub(crate) namespace: String,
    pub(crate) jwt_auth_backend_path: String,
    pub(crate) create_from_role: String,
    pub(crate) ca_file: String,
    pub(crate) ca_path: String,
    pub(crate) cert_file: String,
    pub(crate) key_file: String,
    pub(crate) tls_server_name: String,
    pub(crate) tls_skip_verify: bool,
    /// `default_identity { }` as a job's identity has it; `null` where there is none.
    pub(crate) default_identity: Json,
}

impl VaultBlock {
    pub(super) fn defaults() -> Self {
        Self {
            address: "https://vault.service.consul:8200".into(),
            jwt_auth_backend_path: "jwt-nomad".into(),
            ..Self::default()
        }
    }

    pub(super) fn merge(&mut self, more: Self) {
        flag(&mut self.enabled, more.enabled);
        text(&mut self.address, more.address);
        text(&mut self.namespace, more.namespace);
        text(&mut self.jwt_auth_backend_path, more.jwt_auth_backend_path);
        text(&mut self.create_from_role, more.create_from_role);
        text(&mut self.ca_file, more.ca_file);
        text(&mut self.ca_path, more.ca_path);
        text(&mut self.cert_file, more.cert_file);
        text(&mut self.key_file, more.key_file);
        text(&mut self.tls_server_name, more.tls_server_name);
        flag(&mut self.tls_skip_verify, more.tls_skip_verify);
        if !more.default_identity.is_null() {
            self.default_identity = more.default_identity;
        }
    }

    pub(super) fn parse(body: &Body) -> Result<Self, ConfigError> {
        let fields = Fields::new("vault", body);
        let mut block = Self {
            enabled: fields.flag("enabled")?,
            address: fields.text("address")?,
            namespace: fields.text("namespace")?,
            jwt_auth_backend_path: fields.text("jwt_auth_backend_path")?,
            create_from_role: fields.text("create_from_role")?,
            ca_file: fields.text("ca_file")?,
            ca_path: fields.text("ca_path")?,
            cert_file: fields.text("cert_file")?,
            key_file: fields.text("key_file")?,
            tls_server_name: fields.text("tls_server_name")?,
            tls_skip_verify: fields.flag("tls_skip_verify")?,
            default_identity: Json::Null,
        };
        for body in fields.blocks("default_identity") {
            block.default_identity = identity(body)?;
        }
        Ok(block)
    }
}

fn identity(body: &Body) -> Result<Json, ConfigError> {
    let fields = Fields::new("vault.default_identity", body);
    let ttl = fields.duration("ttl")?.unwrap_or_default();
    let identity = json!({
        "Audience": fields.texts("aud")?, "Env": fields.flag("env")?, "File": fields.flag("file")?,
        "Filepath": fields.text("filepath")?, "ExtraClaims": fields.map("extra_claims")?,
        "TTL": u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX),
    });
    Ok(identity)
}
