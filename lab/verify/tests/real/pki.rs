//! PKI301 to PKI304: what Vault does with such roles and issuers.

use crate::programs::{Vault, found};

#[test]
fn one_role_issues_for_servers_and_for_clients() {
    let Some(vault) = Vault::start() else { return };
    vault.authorities(true);
    vault.keep("pki_int/roles/nomad-cluster", "roles/pki-role-nomad-cluster.json");
    assert_eq!(found(&vault.site, "roles"), ["PKI301"]);
    for name in ["server.global.nomad", "client.global.nomad"] {
        vault.must(&["write", "pki_int/issue/nomad-cluster", &format!("common_name={name}")]);
    }
    // The text that the rule gives to paste.
    for role in ["server", "client"] {
        let domains = format!("allowed_domains={role}.global.nomad,localhost");
        let path = format!("pki_int/roles/nomad-{role}");
        vault.must(&[
            "write",
            &path,
            &domains,
            "allow_bare_domains=true",
            "allow_subdomains=false",
            "max_ttl=24h",
        ]);
        vault.keep(&path, &format!("mended/pki-role-nomad-{role}.json"));
    }
    assert!(found(&vault.site, "mended").is_empty());
    let other = ["write", "pki_int/issue/nomad-client", "common_name=server.global.nomad"];
    let (issued, said) = vault.run(&other);
    assert!(!issued && said.contains("not allowed by this role"), "{said}");
}

#[test]
fn a_role_that_issues_for_longer_than_the_issuer_lives() {
    let Some(vault) = Vault::start() else { return };
    vault.must(&["secrets", "enable", "-max-lease-ttl=87600h", "pki"]);
    vault.must(&[
        "write",
        "pki/root/generate/internal",
        "common_name=short",
        "ttl=720h",
        "key_type=ec",
        "key_bits=256",
    ]);
    vault.must(&[
        "write",
        "pki/roles/nomad",
        "allowed_domains=client.global.nomad",
        "allow_bare_domains=true",
        "ttl=1000h",
        "max_ttl=1000h",
    ]);
    vault.keep("pki/roles/nomad", "roles/role.json");
    vault.keep("pki/issuer/default", "roles/issuer.json");
    assert_eq!(found(&vault.site, "roles"), ["PKI302"]);
    let (issued, said) = vault.run(&["write", "pki/issue/nomad", "common_name=client.global.nomad"]);
    assert!(!issued && said.contains("cannot satisfy request, as TTL would result in notAfter"), "{said}");
    vault.must(&["write", "pki/issue/nomad", "common_name=client.global.nomad", "ttl=24h"]);
}

#[test]
fn no_default_issuer() {
    let Some(vault) = Vault::start() else { return };
    vault.authorities(true);
    vault.must(&["delete", "pki_int/issuer/default"]);
    vault.keep("pki_int/config/issuers", "issuers/issuers.json");
    assert_eq!(found(&vault.site, "issuers"), ["PKI303"]);
    let (issued, said) =
        vault.run(&["write", "pki_int/issue/nomad-cluster", "common_name=client.global.nomad"]);
    assert!(!issued && said.contains("no default issuer currently configured"), "{said}");
}

#[test]
fn a_chain_without_its_root() {
    for (bundle, wanted) in [(false, vec!["PKI304".to_owned()]), (true, Vec::new())] {
        let Some(vault) = Vault::start() else { return };
        vault.authorities(bundle);
        vault.keep("pki_int/issuer/default", "issuers/issuer.json");
        assert_eq!(found(&vault.site, "issuers"), wanted);
        let chain = vault.must(&["read", "-field=certificate", "pki_int/cert/ca_chain"]);
        assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), if bundle { 2 } else { 1 });
    }
}
