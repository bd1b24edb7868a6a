//! The `storage` and `ha_storage` blocks.

use serde_json::{Value, json};

use super::values::Fields;

/// A `storage` block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StorageStanza {
    /// `inmem`, `file`, ...
    pub kind: String,
    /// `path`: the directory of `file`; empty where it is not set.
    pub path: String,
    /// `redirect_addr`: the older form of `api_addr`; empty where it is not set.
    pub redirect_addr: String,
    /// `cluster_addr`; empty where it is not set.
    pub cluster_addr: String,
    disable_clustering: bool,
}

/// The kinds that the real server knows how to read.
const KINDS: [&str; 27] = [
    "aerospike",
    "alicloudoss",
    "azure",
    "cassandra",
    "cockroachdb",
    "consul",
    "couchdb",
    "dynamodb",
    "etcd",
    "file",
    "filesystem",
    "foundationdb",
    "gcs",
    "inmem",
    "inmem_ha",
    "inmem_transactional",
    "inmem_transactional_ha",
    "manta",
    "mssql",
    "mysql",
    "oci",
    "postgresql",
    "raft",
    "s3",
    "spanner",
    "swift",
    "zookeeper",
];

impl StorageStanza {
    /// A block of a kind with nothing in it.
    pub fn of(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), ..Self::default() }
    }

    /// Reads a block that is called `name`. Errors: the first mistake.
    pub(super) fn read(name: &str, kind: &str, fields: &Fields<'_>) -> Result<Self, String> {
        // The kind is only looked up where there is a text to look at.
        let has_text = fields.body.attributes().any(|attribute| attribute.value.as_str().is_some());
        if has_text && !KINDS.contains(&kind) {
            return Err(format!("unknown storage type {kind}"));
        }
        let either = |first: &str, second: &str| {
            Some(fields.text(first)).filter(|text| !text.is_empty()).unwrap_or_else(|| fields.text(second))
        };
        let disable = fields.text("disable_clustering");
        let disable_clustering = match disable.as_str() {
            "" if fields.value("disable_clustering").is_none() => false,
            "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
            _ => {
                return Err(format!("{name}.{kind}: strconv.ParseBool: parsing {disable:?}: invalid syntax"));
            }
        };
        Ok(Self {
            kind: kind.to_lowercase(),
            path: fields.text("path"),
            redirect_addr: either("redirect_addr", "advertise_addr"),
            cluster_addr: fields.text("cluster_addr"),
            disable_clustering,
        })
    }

    /// Whether the real server has storage of this kind.
    pub(super) fn is_known(&self) -> bool {
        KINDS.contains(&self.kind.as_str())
    }

    /// As it is shown beside the addresses of the server.
    pub(super) fn shown(&self, api: &str, cluster: &str) -> Value {
        let either = |first: &str, second: &str| (if first.is_empty() { second } else { first }).to_owned();
        json!({
            "type": self.kind,
            "redirect_addr": either(api, &self.redirect_addr),
            "cluster_addr": either(cluster, &self.cluster_addr),
            "disable_clustering": self.disable_clustering,
        })
    }
}
