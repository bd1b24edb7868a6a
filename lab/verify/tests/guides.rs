//! The configurations of the guides: as they are printed their defects are found, and once those are mended nothing is
//! left but information.

mod support;

use std::path::Path;

use lab_verify::Severity;
use support::{Site, codes};

/// Guide 003 (and 000), with one server and a client as they are after step 13's first half: the documentation's example.
fn guide_003(site: &Site) {
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/guide-003"), &site.root);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

fn bad(site: &Site) -> Vec<String> {
    let mut judgement = site.judge();
    judgement.findings.retain(|finding| finding.severity > Severity::Information);
    codes(&judgement)
}

#[test]
fn guide_003_as_it_is_printed() {
    let site = Site::new();
    guide_003(&site);
    assert_eq!(bad(&site), ["PKI301", "TLS002"]);
}

#[test]
fn guide_003_after_its_last_step() {
    let site = Site::new();
    guide_003(&site);
    site.replace("nodes/server-1/etc/nomad.d/nomad.hcl", "= true\n}\n", "= false\n}\n");
    assert_eq!(bad(&site), ["PKI301"]);
    assert!(site.codes().contains(&"TLS005".to_owned()), "the line closes nothing without a restart");
}

#[test]
fn guide_003_mended() {
    let site = Site::new();
    guide_003(&site);
    site.replace("nodes/server-1/etc/nomad.d/nomad.hcl", "  rpc_upgrade_mode       = true\n", "");
    site.write(
        "vault/pki-role-nomad-cluster.json",
        r#"{"allowed_domains": "server.global.nomad,localhost", "allow_bare_domains": true, "max_ttl": "86400s"}"#,
    );
    assert_eq!(bad(&site), Vec::<String>::new());
}

#[test]
fn guide_002() {
    let site = Site::new();
    for (name, role) in [("server-1", "server"), ("client-1", "client")] {
        site.node(name, role).write(&site);
    }
    assert_eq!(bad(&site), Vec::<String>::new());
}

#[test]
fn guide_004() {
    let site = Site::new();
    site.write(
        "nomad.hcl",
        "acl {\n  enabled = true\n}\n\nvault {\n  enabled = true\n  address = \"http://127.0.0.1:8200\"\n\n  default_identity {\n    \
         aud = [\"vault.io\"]\n    ttl = \"1h\"\n  }\n}\n",
    );
    site.write(
        "vault-auth-method-jwt-nomad.json",
        r#"{"jwks_url": "http://127.0.0.1:4646/.well-known/jwks.json", "jwt_supported_algs": ["RS256", "EdDSA"], "default_role": "nomad-workloads"}"#,
    );
    let role = |more: &str, policy: &str| {
        format!(
            r#"{{"role_type": "jwt", "bound_audiences": ["vault.io"], {more} "user_claim": "/nomad_job_id", "user_claim_json_pointer": true,
             "claim_mappings": {{"nomad_namespace": "nomad_namespace", "nomad_job_id": "nomad_job_id", "nomad_task": "nomad_task"}},
             "token_type": "service", "token_policies": ["{policy}"], "token_period": "30m", "token_explicit_max_ttl": 0}}"#
        )
    };
    site.write("vault-role-nomad-workloads.json", role("", "nomad-workloads"));
    let bound = r#""bound_claims": {"nomad_namespace": "default", "nomad_job_id": "mongo-query"},"#;
    site.write("vault-role-mongo-dynamic-secret.json", role(bound, "mongo-dynamic-secret"));
    site.write(
        "vault-policy-mongo-dynamic-secret.hcl",
        "path \"database/creds/mongo\" {\n  capabilities = [\"read\"]\n}\n",
    );
    site.write(
        "mongo-query.nomad.hcl",
        "job \"mongo-query\" {\n  type = \"batch\"\n  group \"mongo-query\" {\n    task \"mongo-query\" {\n      driver = \"docker\"\n      \
         vault {\n        role = \"mongo-dynamic-secret\"\n      }\n      template {\n        data = <<EOF\n{{with secret \"database/creds/mongo\"}}\nA={{.Data.username}}\n{{end}}\nEOF\n        \
         destination = \"secrets/env\"\n        env = true\n      }\n    }\n  }\n}\n",
    );
    assert_eq!(site.codes(), Vec::<String>::new());
}
