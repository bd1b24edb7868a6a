//! The plugins that the real server brings along.

use crate::mounts::VERSION;

/// A plugin of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plugin {
    pub(crate) name: &'static str,
    /// `auth`, `database` or `secret`.
    pub(crate) kind: &'static str,
    /// `None`: the server's own.
    version: Option<&'static str>,
    pub(crate) deprecated: bool,
}

impl Plugin {
    /// As it is shown: `v0.25.0+builtin`.
    pub(crate) fn version(&self) -> String {
        match self.version {
            Some(version) => format!("v{version}+builtin"),
            None => format!("v{VERSION}+builtin.vault"),
        }
    }

    /// `supported` or `deprecated`.
    pub(crate) fn status(&self) -> &'static str {
        if self.deprecated { "deprecated" } else { "supported" }
    }
}

/// The plugins in order of kind and name. Of these the lab has those that can be mounted.
pub(crate) fn catalog() -> impl Iterator<Item = Plugin> {
    let of = |kind: &'static str, plugins: &'static [Row]| {
        plugins.iter().map(move |&(name, version)| Plugin {
            name,
            kind,
            version,
            deprecated: matches!(name, "pcf" | "ad"),
        })
    };
    of("auth", AUTH).chain(of("database", DATABASE)).chain(of("secret", SECRET))
}

/// A name and, where it is not the server's own, a version.
type Row = (&'static str, Option<&'static str>);

const AUTH: &[Row] = &[
    ("alicloud", Some("0.22.0")),
    ("approle", None),
    ("aws", None),
    ("azure", Some("0.22.0")),
    ("cert", None),
    ("cf", Some("0.22.0")),
    ("gcp", Some("0.22.0")),
    ("github", None),
    ("jwt", Some("0.25.0")),
    ("kerberos", Some("0.16.0")),
    ("kubernetes", Some("0.23.1")),
    ("ldap", None),
    ("oci", Some("0.20.0")),
    ("oidc", None),
    ("okta", None),
    ("pcf", None),
    ("radius", None),
    ("userpass", None),
];

const DATABASE: &[Row] = &[
    ("cassandra-database-plugin", None),
    ("couchbase-database-plugin", Some("0.15.0")),
    ("elasticsearch-database-plugin", Some("0.19.0")),
    ("hana-database-plugin", None),
    ("influxdb-database-plugin", None),
    ("mongodb-database-plugin", None),
    ("mongodbatlas-database-plugin", Some("0.16.0")),
    ("mssql-database-plugin", None),
    ("mysql-aurora-database-plugin", None),
    ("mysql-database-plugin", None),
    ("mysql-legacy-database-plugin", None),
    ("mysql-rds-database-plugin", None),
    ("postgresql-database-plugin", None),
    ("redis-database-plugin", Some("0.7.0")),
    ("redis-elasticache-database-plugin", Some("0.8.0")),
    ("redshift-database-plugin", None),
    ("snowflake-database-plugin", Some("0.15.0")),
];

const SECRET: &[Row] = &[
    ("ad", Some("0.21.0")),
    ("alicloud", Some("0.21.0")),
    ("aws", None),
    ("azure", Some("0.23.0")),
    ("consul", None),
    ("gcp", Some("0.23.0")),
    ("gcpkms", Some("0.22.0")),
    ("kubernetes", Some("0.12.0")),
    ("kv", Some("0.25.0")),
    ("ldap", None),
    ("mongodbatlas", Some("0.16.0")),
    ("nomad", None),
    ("openldap", Some("0.17.0")),
    ("pki", None),
    ("rabbitmq", None),
    ("ssh", None),
    ("terraform", Some("0.13.0")),
    ("totp", None),
    ("transit", None),
];
