//! The engine's state and its paths.

use std::collections::BTreeMap;

use lab_pki::Certificate;

use crate::logical::{Call, Data, Endpoint, Environment, MountView, Outcome, Refusal, exists, invoke};
use crate::mounts::Engine;
use crate::pki::model::{Cluster, CrlConfig, Defaults, IssuerEntry, KeyEntry, Stored, StoredCrl, Urls};
use crate::pki::role::Role;
use crate::pki::{
    certificates, config, config_crl, import, intermediate, issue, issuers, issuers_raw, keys, ocsp, revoke,
    role_endpoints, root, sign_intermediate, tidy,
};
use crate::storage::{Record, Table, Write};

/// A PKI mount.
#[derive(Default)]
pub(crate) struct Pki {
    pub(super) roles: Table<Role>,
    pub(super) issuers: Table<IssuerEntry>,
    pub(super) keys: Table<KeyEntry>,
    /// By serial number, as it is printed.
    pub(super) certificates: Table<Stored>,
    pub(super) defaults: Record<Defaults>,
    pub(super) urls: Record<Urls>,
    pub(super) cluster: Record<Cluster>,
    pub(super) crl_config: Record<CrlConfig>,
    /// By issuer id.
    pub(super) crls: Table<StoredCrl>,
    /// From each issuer up to its root, itself first; made when issuers change.
    pub(super) chains: BTreeMap<String, Vec<Certificate>>,
}

static ENDPOINTS: &[&[Endpoint<Pki>]] = &[
    issue::ENDPOINTS,
    role_endpoints::ENDPOINTS,
    root::ENDPOINTS,
    intermediate::ENDPOINTS,
    sign_intermediate::ENDPOINTS,
    import::ENDPOINTS,
    issuers_raw::ENDPOINTS,
    issuers::ENDPOINTS,
    keys::ENDPOINTS,
    config::ENDPOINTS,
    config_crl::ENDPOINTS,
    certificates::ENDPOINTS,
    revoke::ENDPOINTS,
    ocsp::ENDPOINTS,
    tidy::ENDPOINTS,
];

impl Engine for Pki {
    fn unauthenticated(&self) -> &'static [&'static str] {
        &[
            "ca",
            "ca/pem",
            "ca_chain",
            "cert/*",
            "crl",
            "crl/pem",
            "crl/delta",
            "crl/delta/pem",
            "issuers/",
            "issuer/+/pem",
            "issuer/+/der",
            "issuer/+/json",
            "issuer/+/crl",
            "issuer/+/crl/*",
            "ocsp",
            "ocsp/*",
            "acme/*",
            "roles/+/acme/*",
            "issuer/+/acme/*",
            "issuer/+/roles/+/acme/*",
        ]
    }

    fn sudo(&self) -> &'static [&'static str] {
        &["root", "root/sign-self-issued"]
    }

    fn exists(&self, call: &mut Call<'_>) -> Result<Option<bool>, Refusal> {
        exists(ENDPOINTS, self, call)
    }

    fn handle(&mut self, call: &mut Call<'_>) -> Outcome {
        invoke(ENDPOINTS, self, call)
    }

    fn revoke(&mut self, internal: &Data, _: &MountView, environment: &Environment) -> Result<(), String> {
        match internal.get("serial_number").and_then(serde_json::Value::as_str) {
            Some(serial) => self.revoke_leased(serial, environment),
            None => Err("could not find serial in internal secret data".into()),
        }
    }

    fn flush(&mut self, prefix: &str, writes: &mut Vec<Write>) {
        self.defaults.flush(&format!("{prefix}config/defaults"), writes);
        self.urls.flush(&format!("{prefix}config/urls"), writes);
        self.cluster.flush(&format!("{prefix}config/cluster"), writes);
        self.crl_config.flush(&format!("{prefix}config/crl"), writes);
        self.roles.flush(&format!("{prefix}role/"), writes);
        self.issuers.flush(&format!("{prefix}issuer/"), writes);
        self.keys.flush(&format!("{prefix}key/"), writes);
        self.certificates.flush(&format!("{prefix}cert/"), writes);
        self.crls.flush(&format!("{prefix}crl/"), writes);
    }

    fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.split_once('/') {
            Some(("config", "defaults")) => self.defaults.load(bytes),
            Some(("config", "urls")) => self.urls.load(bytes),
            Some(("config", "cluster")) => self.cluster.load(bytes),
            Some(("config", "crl")) => self.crl_config.load(bytes),
            Some(("role", name)) => self.roles.load(name, bytes),
            Some(("key", name)) => self.keys.load(name, bytes),
            Some(("cert", name)) => self.certificates.load(name, bytes),
            Some(("crl", name)) => self.crls.load(name, bytes),
            Some(("issuer", name)) => {
                self.issuers.load(name, bytes)?;
                self.rebuild_chains();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
