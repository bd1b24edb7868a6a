//! What configures Vault: PKI roles and issuers, JWT methods and their roles, from files or from a live Vault.

use std::sync::Arc;

use lab_hcl::Body;

use crate::document::{Document, attributes, bodies, flag_of, text_of, texts_of};
use crate::finding::Place;

/// One thing that configures Vault.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) kind: FactKind,
    /// The role's or issuer's name, where it is known.
    pub(crate) name: Option<String>,
    /// The path of its mount, where it is known.
    pub(crate) mount: Option<String>,
    pub(crate) body: Body,
    pub(crate) document: Arc<Document>,
}

/// What a [`Fact`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FactKind {
    PkiRole,
    JwtRole,
    JwtMethod,
    Issuer,
    /// Which issuer is the default.
    Issuers,
}

impl Fact {
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        text_of(&self.body, name).filter(|text| !text.is_empty())
    }

    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        texts_of(&self.body, name).unwrap_or_default()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        flag_of(&self.body, name).unwrap_or(false)
    }

    /// A duration as Vault reads it: `24h`, or seconds.
    pub(crate) fn duration(&self, name: &str) -> Option<std::time::Duration> {
        let text = self.text(name)?;
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(std::time::Duration::from_secs(seconds)).filter(|duration| !duration.is_zero());
        }
        let text = match text.strip_suffix('d') {
            Some(days) => format!("{}h", days.parse::<u64>().ok()?.checked_mul(24)?),
            None => text,
        };
        lab_world::parse_duration(&text).ok().filter(|duration| !duration.is_zero())
    }

    /// What messages call it by.
    pub(crate) fn shown(&self) -> String {
        let what = match self.kind {
            FactKind::PkiRole | FactKind::JwtRole => "the role",
            FactKind::JwtMethod => "the JWT method",
            FactKind::Issuer => "the issuer",
            FactKind::Issuers => "the issuers' configuration",
        };
        match (&self.name, &self.mount) {
            (Some(name), _) => format!("{what} `{name}`"),
            (None, Some(mount)) => format!("{what} at {mount}/"),
            (None, None) => what.to_owned(),
        }
    }

    /// Where an attribute or block of it is written, or it begins.
    pub(crate) fn place(&self, name: &str, label: impl Into<String>) -> Option<Place> {
        let item = self.body.items.iter().find(|item| item.name().eq_ignore_ascii_case(name));
        let span = match item {
            Some(item) => attributes(&self.body, name).last().map_or(item.name_span(), |found| found.span),
            None => self.body.items.first().map_or(self.body.span, |item| item.name_span()),
        };
        Some(self.document.place(span, label))
    }
}

/// The facts of a document, whatever is wrapped around them.
pub(crate) fn facts(document: &Arc<Document>) -> Vec<Fact> {
    let body = &document.body;
    let mut found = Vec::new();
    let mut add = |body: &Body, name: Option<String>, mount: Option<String>| {
        if let Some(kind) = kind_of(body) {
            let name = text_of(body, "name").or(name);
            let mount = text_of(body, "backend").or(mount).map(|mount| mount.trim_matches('/').to_owned());
            found.push(Fact { kind, name, mount, body: body.clone(), document: Arc::clone(document) });
        }
    };
    let data = bodies(body, "data");
    let top = data.first().map_or(body, |(body, _)| *body);
    add(top, name_of(document), mount_of(document));
    for block in body.blocks_of("role") {
        match block.label() {
            Some(label) => add(&block.body, Some(label.to_owned()), None),
            None => {
                for inner in block.body.blocks() {
                    add(&inner.body, Some(inner.kind.clone()), None);
                }
            }
        }
    }
    for block in body.blocks_of("resource") {
        if block.label().is_some_and(|label| label.starts_with("vault_")) {
            let name = text_of(&block.body, "role_name");
            let path =
                text_of(&block.body, "path").filter(|_| block.label() == Some("vault_jwt_auth_backend"));
            add(&block.body, name, path);
        }
    }
    found
}

fn kind_of(body: &Body) -> Option<FactKind> {
    let has = |names: &[&str]| {
        body.items.iter().any(|item| names.iter().any(|name| item.name().eq_ignore_ascii_case(name)))
    };
    if has(&["private_key"]) {
        return None;
    }
    if has(&["bound_audiences", "bound_claims", "user_claim", "role_type", "claim_mappings"]) {
        return Some(FactKind::JwtRole);
    }
    if has(&[
        "jwks_url",
        "oidc_discovery_url",
        "jwt_validation_pubkeys",
        "jwt_supported_algs",
        "default_role",
    ]) {
        return Some(FactKind::JwtMethod);
    }
    if has(&[
        "allowed_domains",
        "allow_subdomains",
        "allow_any_name",
        "allow_bare_domains",
        "allow_glob_domains",
    ]) {
        return Some(FactKind::PkiRole);
    }
    if has(&["default_follows_latest_issuer"]) {
        return Some(FactKind::Issuers);
    }
    if has(&["ca_chain", "issuer_id", "leaf_not_after_behavior"]) {
        return Some(FactKind::Issuer);
    }
    None
}

/// Of a live Vault the path says it; a file's name without what people put before a role's name.
fn name_of(document: &Document) -> Option<String> {
    let shown = &document.file.source.name;
    if let Some(path) = shown.strip_prefix(LIVE) {
        return path.split_once("/role/").or(path.split_once("/roles/")).map(|(_, name)| name.to_owned());
    }
    let stem = document.file.name().split('.').next()?;
    let prefixes =
        ["vault-pki-role-", "vault-jwt-role-", "vault-role-", "pki-role-", "jwt-role-", "role-", "vault-"];
    let name = prefixes.iter().find_map(|prefix| stem.strip_prefix(prefix)).unwrap_or(stem);
    (!name.is_empty()).then(|| name.to_owned())
}

fn mount_of(document: &Document) -> Option<String> {
    let path = document.file.source.name.strip_prefix(LIVE)?;
    let path = path.strip_prefix("auth/").unwrap_or(path);
    let end = ["/role/", "/roles/", "/config", "/issuer/"].iter().filter_map(|part| path.find(part)).min()?;
    Some(path[..end].to_owned())
}

/// What the name of something read from a live Vault begins with.
pub(crate) const LIVE: &str = "vault:";
