//! The engine's state and its paths.

use std::collections::BTreeMap;

use lab_pki::Certificate;
use time::OffsetDateTime;

use crate::logical::{Call, Data, Endpoint, Environment, MountView, Outcome, Refusal, exists, invoke};
use crate::mounts::Engine;
use crate::pki::config_acme::AcmeConfig;
use crate::pki::model::{Cluster, CrlConfig, Defaults, IssuerEntry, KeyEntry, Stored, StoredCrl, Urls};
use crate::pki::role::Role;
use crate::pki::tidy::{AutoTidy, Tidying};
use crate::pki::{
    certificates, config, config_acme, config_crl, crl_sign, import, intermediate, issue, issuers,
    issuers_raw, keys, ocsp, revoke, role_endpoints, root, self_issued, sign_intermediate, tidy,
};
use crate::storage::{Record, Table, Writes};

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
    /// When each issuer last revoked a certificate; made anew when certificates are read.
    pub(super) last_revoked: BTreeMap<String, OffsetDateTime>,
    /// Complete revocation lists, by issuer id.
    pub(super) crls: Table<StoredCrl>,
    /// What was revoked since, by issuer id; empty where that is not asked for.
    pub(super) deltas: Table<StoredCrl>,
    pub(super) acme_config: Record<AcmeConfig>,
    pub(super) auto_tidy: Record<AutoTidy>,
    pub(super) tidying: Tidying,
    /// From each issuer up to its root, itself first; made when issuers change.
    pub(super) chains: BTreeMap<String, Vec<Certificate>>,
}

static ENDPOINTS: &[&[Endpoint<Pki>]] = &[
    issue::ENDPOINTS,
    role_endpoints::ENDPOINTS,
    root::ENDPOINTS,
    intermediate::ENDPOINTS,
    self_issued::ENDPOINTS,
    sign_intermediate::ENDPOINTS,
    import::ENDPOINTS,
    issuers_raw::ENDPOINTS,
    crl_sign::ENDPOINTS,
    issuers::ENDPOINTS,
    keys::ENDPOINTS,
    config::ENDPOINTS,
    config_crl::ENDPOINTS,
    config_acme::ENDPOINTS,
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
            "issuer/+/crl/pem",
            "issuer/+/crl/der",
            "issuer/+/crl/delta",
            "issuer/+/crl/delta/pem",
            "issuer/+/crl/delta/der",
            "issuer/+/unified-crl",
            "unified-crl",
            "unified-crl/pem",
            "unified-crl/delta",
            "unified-crl/delta/pem",
            "ocsp",
            "ocsp/*",
            "unified-ocsp",
            "unified-ocsp/*",
            "acme/*",
            "roles/+/acme/*",
            "issuer/+/acme/*",
            "issuer/+/roles/+/acme/*",
        ]
    }

    fn binary(&self) -> &'static [&'static str] {
        &["ocsp", "ocsp/*", "unified-ocsp", "unified-ocsp/*"]
    }

    fn sudo(&self) -> &'static [&'static str] {
        &["root", "root/sign-self-issued"]
    }

    fn exists(&self, call: &mut Call<'_>) -> Result<Option<bool>, Refusal> {
        exists(ENDPOINTS, self, call)
    }

    fn handle(&mut self, call: &mut Call<'_>) -> Outcome {
        if self.auto_tidy.get().is_new() {
            self.auto_tidy.get_mut().begin(call.environment);
        }
        invoke(ENDPOINTS, self, call)
    }

    fn next_chore(&self) -> Option<OffsetDateTime> {
        self.next_tidying().into_iter().chain(self.next_rebuild()).min()
    }

    fn do_chores(&mut self, environment: &Environment) {
        self.tidy_next(environment);
        self.rebuild_due(environment);
    }

    fn revoke(&mut self, internal: &Data, _: &MountView, environment: &Environment) -> Result<(), String> {
        match internal.get("serial_number").and_then(serde_json::Value::as_str) {
            Some(serial) => self.revoke_leased(serial, environment),
            None => Err("could not find serial in internal secret data".into()),
        }
    }

    fn flush(&mut self, prefix: &str, writes: &mut Writes) {
        self.defaults.flush(format_args!("{prefix}config/defaults"), writes);
        self.urls.flush(format_args!("{prefix}config/urls"), writes);
        self.cluster.flush(format_args!("{prefix}config/cluster"), writes);
        self.crl_config.flush(format_args!("{prefix}config/crl"), writes);
        self.roles.flush(format_args!("{prefix}role/"), writes);
        self.issuers.flush(format_args!("{prefix}issuer/"), writes);
        self.keys.flush(format_args!("{prefix}key/"), writes);
        self.certificates.flush(format_args!("{prefix}cert/"), writes);
        self.crls.flush(format_args!("{prefix}crl/"), writes);
        self.deltas.flush(format_args!("{prefix}delta/"), writes);
        self.acme_config.flush(format_args!("{prefix}config/acme"), writes);
        self.auto_tidy.flush(format_args!("{prefix}config/auto-tidy"), writes);
    }

    fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.split_once('/') {
            Some(("config", "defaults")) => self.defaults.load(bytes),
            Some(("config", "urls")) => self.urls.load(bytes),
            Some(("config", "cluster")) => self.cluster.load(bytes),
            Some(("config", "crl")) => self.crl_config.load(bytes),
            Some(("role", name)) => self.roles.load(name, bytes),
            Some(("key", name)) => self.keys.load(name, bytes),
            Some(("cert", name)) => {
                self.certificates.load(name, bytes)?;
                self.note_revocation(name);
                Ok(())
            }
            Some(("crl", name)) => self.crls.load(name, bytes),
            Some(("delta", name)) => self.deltas.load(name, bytes),
            Some(("config", "acme")) => self.acme_config.load(bytes),
            Some(("config", "auto-tidy")) => self.auto_tidy.load(bytes),
            Some(("issuer", name)) => {
                self.issuers.load(name, bytes)?;
                self.rebuild_chains();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
