//! Who may do what: policies, tokens, roles, and ways to log in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{GoTime, Opaque, nullable};

/// Rules under a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AclPolicy {
    pub(crate) name: String,
    pub(crate) description: String,
    /// HCL, as it was given.
    pub(crate) rules: String,
    /// The workloads that the policy is given to.
    #[serde(rename = "JobACL")]
    pub(crate) job_acl: Option<JobAcl>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) hash: String,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// Workloads: a job, or a group or task of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct JobAcl {
    pub(crate) namespace: String,
    #[serde(rename = "JobID")]
    pub(crate) job_id: String,
    pub(crate) group: String,
    pub(crate) task: String,
}

/// A token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AclToken {
    /// How long it lives, as people write it; empty: for ever.
    #[serde(rename = "ExpirationTTL", deserialize_with = "nullable")]
    pub(crate) expiration_ttl: String,
    #[serde(rename = "AccessorID")]
    pub(crate) accessor_id: String,
    #[serde(rename = "SecretID")]
    pub(crate) secret_id: String,
    pub(crate) name: String,
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    pub(crate) policies: Option<Vec<String>>,
    pub(crate) roles: Option<Vec<RoleLink>>,
    pub(crate) global: bool,
    pub(crate) hash: Option<String>,
    /// RFC 3339; Go's zero time where there is none.
    #[serde(deserialize_with = "nullable")]
    pub(crate) create_time: String,
    pub(crate) expiration_time: GoTime,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// A role as tokens name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct RoleLink {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) name: String,
}

/// Policies under a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AclRole {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) policies: Vec<PolicyLink>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) hash: String,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// A policy as roles name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PolicyLink {
    pub(crate) name: String,
}

/// Stands for a token until it is exchanged, once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct OneTimeToken {
    #[serde(rename = "OneTimeSecretID")]
    pub(crate) secret_id: String,
    #[serde(rename = "AccessorID")]
    pub(crate) accessor_id: String,
    pub(crate) expires_at: GoTime,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// A way to log in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AuthMethod {
    pub(crate) name: String,
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    pub(crate) token_locality: String,
    #[serde(rename = "MaxTokenTTL")]
    pub(crate) max_token_ttl: String,
    pub(crate) token_name_format: String,
    pub(crate) default: bool,
    pub(crate) config: Option<AuthConfig>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) hash: String,
    pub(crate) create_time: GoTime,
    pub(crate) modify_time: GoTime,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// How a way to log in checks what it is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AuthConfig {
    #[serde(deserialize_with = "nullable")]
    pub(crate) expiration_leeway: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) not_before_leeway: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) clock_skew_leeway: String,
    #[serde(rename = "JWTValidationPubKeys")]
    pub(crate) jwt_validation_pub_keys: Option<Vec<String>>,
    #[serde(rename = "JWKSURL", deserialize_with = "nullable")]
    pub(crate) jwks_url: String,
    #[serde(rename = "OIDCDiscoveryURL", deserialize_with = "nullable")]
    pub(crate) oidc_discovery_url: String,
    #[serde(rename = "OIDCClientID", deserialize_with = "nullable")]
    pub(crate) oidc_client_id: String,
    #[serde(rename = "OIDCClientSecret", deserialize_with = "nullable")]
    pub(crate) oidc_client_secret: String,
    #[serde(rename = "OIDCClientAssertion")]
    pub(crate) oidc_client_assertion: Opaque,
    #[serde(rename = "OIDCEnablePKCE")]
    pub(crate) oidc_enable_pkce: bool,
    #[serde(rename = "OIDCDisableUserInfo")]
    pub(crate) oidc_disable_user_info: bool,
    #[serde(rename = "OIDCScopes")]
    pub(crate) oidc_scopes: Option<Vec<String>>,
    pub(crate) bound_audiences: Option<Vec<String>>,
    pub(crate) bound_issuer: Option<Vec<String>>,
    #[serde(rename = "AllowedRedirectURIs")]
    pub(crate) allowed_redirect_uris: Option<Vec<String>>,
    pub(crate) discovery_ca_pem: Option<Vec<String>>,
    #[serde(rename = "JWKSCACert", deserialize_with = "nullable")]
    pub(crate) jwks_ca_cert: String,
    pub(crate) signing_algs: Option<Vec<String>>,
    pub(crate) claim_mappings: Option<BTreeMap<String, String>>,
    pub(crate) list_claim_mappings: Option<BTreeMap<String, String>>,
    pub(crate) verbose_logging: bool,
}

/// What who logs in is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct BindingRule {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) auth_method: String,
    pub(crate) selector: String,
    pub(crate) bind_type: String,
    pub(crate) bind_name: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) hash: String,
    pub(crate) create_time: GoTime,
    pub(crate) modify_time: GoTime,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}
