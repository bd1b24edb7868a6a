//! The words that commands stand behind, and what of the real program the lab does not have.

/// A word that only has a meaning with another one behind it.
pub(crate) struct Group {
    /// Its words: `kv metadata`.
    pub(crate) path: &'static str,
    /// What is behind it, in one line.
    pub(crate) synopsis: &'static str,
    /// An example.
    pub(crate) example: &'static str,
}

/// All of them.
pub(crate) fn groups() -> impl Iterator<Item = &'static Group> {
    GROUPS.iter()
}

/// The commands of the real program that the lab does not have, with what to do about it.
pub(crate) const REFUSED: [(&str, &str); 28] = [
    ("agent", "render files with `consul-template`"),
    ("proxy", "point programs at the server itself"),
    ("ssh", "it has no SSH secrets engine"),
    ("transit", "read and write the paths of the engine"),
    ("transform", "it has no Transform secrets engine"),
    ("debug", "the server's log is on its standard error"),
    ("monitor", "the server's log is on its standard error"),
    ("events", "it has no event notifications"),
    ("hcp", "it knows no other server"),
    ("operator diagnose", "`vault status` says what there is"),
    ("operator migrate", "its storage is not that of the real program"),
    ("operator usage", "it counts no clients"),
    ("operator utilization", "it is for Vault Enterprise"),
    ("operator raft autopilot", "its servers stand alone, without Raft"),
    ("operator raft join", "its servers stand alone, without Raft"),
    ("operator raft remove-peer", "its servers stand alone, without Raft"),
    ("operator raft snapshot", "its servers stand alone, without Raft; copy the directory of `file` storage"),
    ("namespace create", "namespaces are for Vault Enterprise"),
    ("namespace delete", "namespaces are for Vault Enterprise"),
    ("namespace lock", "namespaces are for Vault Enterprise"),
    ("namespace lookup", "namespaces are for Vault Enterprise"),
    ("namespace patch", "namespaces are for Vault Enterprise"),
    ("namespace unlock", "namespaces are for Vault Enterprise"),
    ("plugin deregister", "it runs no plugins but its own"),
    ("plugin register", "it runs no plugins but its own"),
    ("plugin reload", "it runs no plugins but its own"),
    ("plugin reload-status", "it runs no plugins but its own"),
    ("plugin runtime", "it runs no plugins but its own"),
];

const GROUPS: [Group; 14] = [
    Group {
        path: "audit",
        synopsis: "Interact with audit devices",
        example: "audit enable file file_path=/var/log/audit.log",
    },
    Group { path: "auth", synopsis: "Interact with auth methods", example: "auth enable userpass" },
    Group {
        path: "kv",
        synopsis: "Interact with Vault's Key-Value storage",
        example: "kv put -mount=secret foo bar=baz",
    },
    Group {
        path: "kv metadata",
        synopsis: "Interact with Vault's Key-Value storage",
        example: "kv metadata get -mount=secret foo",
    },
    Group {
        path: "lease",
        synopsis: "Interact with leases",
        example: "lease renew database/creds/readonly/2f6a614c...",
    },
    Group { path: "namespace", synopsis: "Interact with namespaces", example: "namespace list" },
    Group {
        path: "operator",
        synopsis: "Perform operator-specific tasks",
        example: "operator init -key-shares=1 -key-threshold=1",
    },
    Group {
        path: "operator raft",
        synopsis: "Interact with Vault's raft storage backend",
        example: "operator raft list-peers",
    },
    Group {
        path: "pki",
        synopsis: "Interact with Vault's PKI Secrets Engine",
        example: "pki health-check pki",
    },
    Group { path: "plugin", synopsis: "Interact with Vault plugins and catalog", example: "plugin list" },
    Group {
        path: "policy",
        synopsis: "Interact with policies",
        example: "policy write my-policy ./my-policy.hcl",
    },
    Group { path: "print", synopsis: "Prints runtime configurations", example: "print token" },
    Group { path: "secrets", synopsis: "Interact with secrets engines", example: "secrets enable database" },
    Group { path: "token", synopsis: "Interact with tokens", example: "token create" },
];
