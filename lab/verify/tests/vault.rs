//! PKI301 to PKI304 and WID401 to WID406: what makes each fire, and that nothing else does.

mod support;

use std::time::Duration;

use support::identity::{AGENT, METHOD, METHOD_FILE, ROLE, ROLE_FILE};
use support::{DAY, Node, Site, authority, codes, intermediate, root};

fn of(file: &str, text: &str) -> Vec<String> {
    let site = Site::new();
    site.write(file, text);
    site.codes()
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn names_that_a_role_issues() {
    let json = |text: &str| of("pki-role-nomad.json", text);
    assert_eq!(
        json(r#"{"allowed_domains": ["global.nomad"], "allow_subdomains": true, "max_ttl": "86400s"}"#),
        ["PKI301"]
    );
    assert_eq!(json(r#"{"allow_any_name": true}"#), ["PKI301"]);
    assert_eq!(json(r#"{"allowed_domains": "*.nomad", "allow_glob_domains": true}"#), ["PKI301"]);
    assert_eq!(
        json(
            r#"{"data": {"allowed_domains": ["server.global.nomad", "client.global.nomad"], "allow_bare_domains": true}}"#
        ),
        ["PKI301"]
    );
    assert_eq!(
        json(
            r#"{"allowed_domains": ["server.global.nomad", "localhost"], "allow_bare_domains": true, "max_ttl": "24h"}"#
        ),
        nothing()
    );
    let hcl = "allowed_domains = [\"global.nomad\"]\nallow_subdomains = true\n";
    assert_eq!(of("role.hcl", hcl), ["PKI301"]);
    let terraform = format!(
        "resource \"vault_pki_secret_backend_role\" \"nomad\" {{\n  backend = vault_mount.pki.path\n  {hcl}}}\n"
    );
    assert_eq!(of("roles.tf", &terraform), ["PKI301"]);
}

#[test]
fn roles_that_issue_for_longer_than_the_issuer_lives() {
    let site = |life: Duration, ttl: &str| {
        let site = Site::new();
        let issuer = root("short", life);
        let node = Node { life: DAY * 2, ..Node::new("client").issued_by(&issuer).trusting(&[&issuer]) };
        node.write(&site);
        site.write(
            "vault/role.json",
            format!(r#"{{"allowed_domains": ["client.global.nomad"], "allow_bare_domains": true, "ttl": "{ttl}"}}"#),
        );
        codes(&site.judge())
    };
    assert_eq!(site(DAY * 30, "1000h"), ["PKI302"]);
    assert_eq!(site(DAY * 30, "24h"), nothing());
}

#[test]
fn default_issuers() {
    let json = |text: &str| of("issuers.json", text);
    assert_eq!(json(r#"{"default": "", "default_follows_latest_issuer": false}"#), ["PKI303"]);
    assert_eq!(json(r#"{"default": "4a1f", "default_follows_latest_issuer": true}"#), ["PKI303"]);
    assert_eq!(json(r#"{"default": "4a1f", "default_follows_latest_issuer": false}"#), nothing());
}

#[test]
fn chains_of_issuers() {
    let issuer = intermediate("int", DAY * 1000, authority());
    let chain = |certificates: &[&lab_pki::Issuer]| {
        let texts: Vec<String> =
            certificates.iter().map(|issuer| format!("{:?}", issuer.certificate.to_pem())).collect();
        of("issuer.json", &format!(r#"{{"data": {{"issuer_id": "x", "ca_chain": [{}]}}}}"#, texts.join(", ")))
    };
    assert_eq!(chain(&[&issuer]), ["PKI304"]);
    assert_eq!(chain(&[&issuer, authority()]), nothing());
}

/// Codes of a site that is good but for one replacement.
fn changed(file: &str, old: &str, new: &str) -> Vec<String> {
    let site = Site::new();
    site.write(ROLE_FILE, ROLE);
    site.write(METHOD_FILE, METHOD);
    site.write("nomad.hcl", AGENT);
    site.write(
        "app.nomad.hcl",
        "job \"app\" {\n  group \"g\" {\n    task \"t\" {\n      vault {}\n    }\n  }\n}\n",
    );
    if !file.is_empty() {
        site.replace(file, old, new);
    }
    site.codes()
}

#[test]
fn workload_identity() {
    assert_eq!(changed("", "", ""), nothing());
    for (file, old, new, wanted) in [
        ("nomad.hcl", "vault.io", "other.io", "WID401"),
        (ROLE_FILE, r#""bound_audiences": ["vault.io"],"#, "", "WID401"),
        (METHOD_FILE, r#""jwks_ca_pem": "x","#, "", "WID402"),
        (METHOD_FILE, "nomad-workloads", "nomad-tasks", "WID403"),
        ("app.nomad.hcl", "vault {}", "vault {\n        role = \"other\"\n      }", "WID403"),
        (ROLE_FILE, r#""user_claim_json_pointer": true,"#, "", "WID404"),
        (ROLE_FILE, r#""role_type": "jwt","#, "", "WID404"),
        (ROLE_FILE, r#""claim_mappings""#, r#""bound_claims": {"job": "app"}, "claim_mappings""#, "WID404"),
        (ROLE_FILE, r#""token_explicit_max_ttl": 0"#, r#""token_explicit_max_ttl": "2h""#, "WID405"),
        (ROLE_FILE, "service", "batch", "WID405"),
        (ROLE_FILE, r#""token_period": "30m""#, r#""token_period": "20s""#, "WID405"),
        (
            "nomad.hcl",
            "  default_identity {\n    aud = [\"vault.io\"]\n    ttl = \"1h\"\n  }\n",
            "",
            "WID406",
        ),
        ("app.nomad.hcl", "vault {}", "vault {\n        policies = [\"a\"]\n      }", "WID406"),
    ] {
        assert_eq!(changed(file, old, new), [wanted], "{file}: {old} -> {new}");
    }
}

#[test]
fn keys_behind_a_port_that_wants_a_certificate() {
    let site = Site::new();
    Node::new("server")
        .more("vault {\n enabled = true\n default_identity {\n aud = [\"vault.io\"]\n }\n}\n")
        .write(&site);
    site.write("vault/vault-auth-method.json", METHOD.replace("nomad-workloads", ""));
    assert_eq!(site.codes(), ["TLS006", "WID402"]);
    site.replace("vault/vault-auth-method.json", ":4646", "");
    assert!(site.codes().is_empty(), "a proxy on another port is none of the agents");
    site.replace("vault/vault-auth-method.json", "https://nomad.example", "http://nomad.example:4646");
    assert!(site.codes().contains(&"TLS008".to_owned()));
}
