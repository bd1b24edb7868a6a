//! Roles: what may be issued.

use std::time::Duration;

use lab_pki::{ExtendedKeyUsage, KeyUsage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::logical::Refusal;
use crate::storage::seconds;

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) issuer_ref: String,
    #[serde(with = "seconds")]
    pub(super) ttl: Duration,
    #[serde(with = "seconds")]
    pub(super) max_ttl: Duration,
    pub(super) allow_localhost: bool,
    pub(super) allowed_domains: Vec<String>,
    pub(super) allowed_domains_template: bool,
    pub(super) allow_bare_domains: bool,
    pub(super) allow_subdomains: bool,
    pub(super) allow_glob_domains: bool,
    pub(super) allow_wildcard_certificates: bool,
    pub(super) allow_any_name: bool,
    pub(super) enforce_hostnames: bool,
    pub(super) allow_ip_sans: bool,
    pub(super) allowed_uri_sans: Vec<String>,
    pub(super) allowed_uri_sans_template: bool,
    pub(super) allowed_other_sans: Vec<String>,
    pub(super) allowed_serial_numbers: Vec<String>,
    pub(super) allowed_user_ids: Vec<String>,
    pub(super) server_flag: bool,
    pub(super) client_flag: bool,
    pub(super) code_signing_flag: bool,
    pub(super) email_protection_flag: bool,
    pub(super) key_type: String,
    pub(super) key_bits: i64,
    pub(super) signature_bits: i64,
    pub(super) use_pss: bool,
    pub(super) key_usage: Vec<String>,
    pub(super) ext_key_usage: Vec<String>,
    pub(super) ext_key_usage_oids: Vec<String>,
    pub(super) use_csr_common_name: bool,
    pub(super) use_csr_sans: bool,
    pub(super) serial_number_source: String,
    pub(super) ou: Vec<String>,
    pub(super) organization: Vec<String>,
    pub(super) country: Vec<String>,
    pub(super) locality: Vec<String>,
    pub(super) province: Vec<String>,
    pub(super) street_address: Vec<String>,
    pub(super) postal_code: Vec<String>,
    pub(super) generate_lease: bool,
    pub(super) no_store: bool,
    pub(super) require_cn: bool,
    pub(super) cn_validations: Vec<String>,
    pub(super) policy_identifiers: Vec<String>,
    pub(super) basic_constraints_valid_for_non_ca: bool,
    #[serde(with = "seconds")]
    pub(super) not_before_duration: Duration,
    pub(super) not_after: String,
}

impl Role {
    /// One that allows any name, for requests that no role stands behind.
    pub(super) fn unlimited() -> Self {
        Self {
            allow_any_name: true,
            allow_localhost: true,
            allow_wildcard_certificates: true,
            allow_ip_sans: true,
            allowed_uri_sans: vec!["*".into()],
            allowed_other_sans: vec!["*".into()],
            allowed_serial_numbers: vec!["*".into()],
            allowed_user_ids: vec!["*".into()],
            cn_validations: vec!["disabled".into()],
            key_type: "any".into(),
            ..Self::default()
        }
    }

    /// The bits of the key usage extension.
    pub(super) fn key_usage(&self) -> KeyUsage {
        key_usage(&self.key_usage)
    }

    /// The purposes, in the order in which they are written.
    pub(super) fn extended_key_usage(&self) -> Vec<ExtendedKeyUsage> {
        let flags = [
            (self.server_flag, ExtendedKeyUsage::ServerAuth),
            (self.client_flag, ExtendedKeyUsage::ClientAuth),
            (self.code_signing_flag, ExtendedKeyUsage::CodeSigning),
            (self.email_protection_flag, ExtendedKeyUsage::EmailProtection),
        ];
        let mut usages: Vec<ExtendedKeyUsage> =
            flags.into_iter().filter(|(on, _)| *on).map(|(_, usage)| usage).collect();
        let named = self.ext_key_usage.iter().filter(|name| !has_prefix(name, "extkeyusage"));
        usages.extend(named.filter_map(|name| ExtendedKeyUsage::from_name(name)));
        order(usages, &self.ext_key_usage_oids)
    }

    /// Refuses identifiers of purposes that cannot be written.
    pub(super) fn check_purposes(&self) -> Result<(), Refusal> {
        if self.ext_key_usage_oids.iter().all(|oid| oid.parse::<lab_pki::Oid>().is_ok()) {
            return Ok(());
        }
        Err(Refusal::Failed(
            "unable to create certificate: asn1: structure error: invalid object identifier".into(),
        ))
    }

    /// As it is read: the fields by their names, lifetimes in seconds.
    pub(super) fn describe(&self) -> Value {
        let mut described = serde_json::to_value(self).unwrap_or_default();
        described["allow_token_displayname"] = Value::Bool(false);
        described
    }
}

/// The bits that names stand for; names that are none are none.
pub(super) fn key_usage(names: &[String]) -> KeyUsage {
    names.iter().filter_map(|name| usage_named(name)).fold(KeyUsage::default(), |all, one| all | one)
}

/// The usage of a name, which Go's prefix is no part of.
pub(super) fn usage_named(name: &str) -> Option<KeyUsage> {
    KeyUsage::from_name(name).filter(|_| !has_prefix(name, "keyusage"))
}

fn has_prefix(name: &str, prefix: &str) -> bool {
    name.trim().to_lowercase().starts_with(prefix)
}

/// Each purpose once, those with a name in a fixed order, then those without.
pub(super) fn order(usages: Vec<ExtendedKeyUsage>, oids: &[String]) -> Vec<ExtendedKeyUsage> {
    use ExtendedKeyUsage as E;
    let fixed = [
        E::Any,
        E::ServerAuth,
        E::ClientAuth,
        E::CodeSigning,
        E::EmailProtection,
        E::IpsecEndSystem,
        E::IpsecTunnel,
        E::IpsecUser,
        E::TimeStamping,
        E::OcspSigning,
        E::MicrosoftServerGatedCrypto,
        E::NetscapeServerGatedCrypto,
        E::MicrosoftCommercialCodeSigning,
        E::MicrosoftKernelCodeSigning,
    ];
    let mut ordered: Vec<E> = fixed.into_iter().filter(|usage| usages.contains(usage)).collect();
    ordered.extend(oids.iter().filter_map(|oid| oid.parse().ok()).map(E::Other));
    ordered
}
