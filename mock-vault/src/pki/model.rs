//! What a PKI mount keeps.

use lab_pki::{Certificate, KeyPair, SignatureAlgorithm};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

use crate::storage::moment;

/// A certificate that is written as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pem(pub(super) Certificate);

impl Serialize for Pem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_pem())
    }
}

impl<'de> Deserialize<'de> for Pem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Certificate::from_pem(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

/// A key that is written as PEM.
#[derive(Clone)]
pub(super) struct Secret(pub(super) KeyPair);

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_pkcs8_pem())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        KeyPair::from_pem(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

/// What happens to a leaf that would outlive its issuer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum NotAfterBehavior {
    /// It is refused.
    #[default]
    Err,
    /// It ends with its issuer.
    Truncate,
    /// It outlives its issuer.
    Permit,
    /// It is refused, and so is an authority.
    AlwaysEnforceErr,
}

impl NotAfterBehavior {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Err => "err",
            Self::Truncate => "truncate",
            Self::Permit => "permit",
            Self::AlwaysEnforceErr => "always_enforce_err",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Err, Self::Truncate, Self::Permit, Self::AlwaysEnforceErr]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// URLs that go into certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Urls {
    pub(super) issuing_certificates: Vec<String>,
    pub(super) crl_distribution_points: Vec<String>,
    pub(super) delta_crl_distribution_points: Vec<String>,
    pub(super) ocsp_servers: Vec<String>,
    pub(super) enable_templating: bool,
}

impl Urls {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.issuing_certificates.is_empty()
            && self.crl_distribution_points.is_empty()
            && self.ocsp_servers.is_empty()
    }
}

/// The uses of an issuer, in alphabetical order.
pub(super) const USAGES: [&str; 4] = ["crl-signing", "issuing-certificates", "ocsp-signing", "read-only"];

/// An authority of the mount.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct IssuerEntry {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) certificate: Pem,
    /// Empty where the mount has not its key.
    pub(super) key_id: String,
    pub(super) manual_chain: Vec<String>,
    pub(super) behavior: NotAfterBehavior,
    /// In alphabetical order.
    pub(super) usage: Vec<String>,
    pub(super) revocation_signature_algorithm: String,
    pub(super) urls: Option<Urls>,
    #[serde(with = "moment::option")]
    pub(super) revoked: Option<OffsetDateTime>,
    /// How many issuers the mount had before it.
    pub(super) order: u64,
}

impl IssuerEntry {
    /// Whether it may be used for something.
    pub(super) fn may(&self, usage: &str) -> bool {
        self.usage.iter().any(|allowed| allowed == usage)
    }

    /// What its lists are signed with, by its key. Keys of curves only know the hash of their size here.
    pub(super) fn revocation_algorithm(&self, key: &KeyPair) -> SignatureAlgorithm {
        use SignatureAlgorithm as A;
        let preset = key.default_signature();
        let rsa = [
            A::Sha256WithRsa,
            A::Sha384WithRsa,
            A::Sha512WithRsa,
            A::Sha256WithRsaPss,
            A::Sha384WithRsaPss,
            A::Sha512WithRsaPss,
        ];
        let named = |known: &A| known.name().replace('-', "With") == self.revocation_signature_algorithm;
        rsa.into_iter().find(|known| preset == A::Sha256WithRsa && named(known)).unwrap_or(preset)
    }
}

/// A private key of the mount.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct KeyEntry {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) key: Secret,
}

/// A certificate that the mount signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    /// DER in base64.
    pub(super) der: String,
    pub(super) issuer_id: String,
    #[serde(with = "moment")]
    pub(super) not_after: OffsetDateTime,
    #[serde(with = "moment::option")]
    pub(super) revoked: Option<OffsetDateTime>,
}

/// Which issuer and key are meant where none is named.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Defaults {
    pub(super) issuer: String,
    pub(super) follows_latest: bool,
    pub(super) key: String,
    /// How many issuers there have ever been.
    pub(super) count: u64,
}

/// Where the cluster is reached, for templates in URLs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Cluster {
    pub(super) path: String,
    pub(super) aia_path: String,
}

/// How revocation lists are made. Durations are kept as they were written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CrlConfig {
    pub(super) expiry: String,
    pub(super) disable: bool,
    pub(super) ocsp_disable: bool,
    pub(super) ocsp_expiry: String,
    pub(super) auto_rebuild: bool,
    pub(super) auto_rebuild_grace_period: String,
    pub(super) enable_delta: bool,
    pub(super) delta_rebuild_interval: String,
    pub(super) max_crl_entries: i64,
}

impl Default for CrlConfig {
    fn default() -> Self {
        Self {
            expiry: "72h".into(),
            disable: false,
            ocsp_disable: false,
            ocsp_expiry: "12h".into(),
            auto_rebuild: false,
            auto_rebuild_grace_period: "12h".into(),
            enable_delta: false,
            delta_rebuild_interval: "15m".into(),
            max_crl_entries: 100_000,
        }
    }
}

/// A revocation list as it was last made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredCrl {
    /// DER in base64.
    pub(super) der: String,
    pub(super) number: u64,
    #[serde(with = "moment")]
    pub(super) this_update: OffsetDateTime,
    #[serde(with = "moment")]
    pub(super) next_update: OffsetDateTime,
}
