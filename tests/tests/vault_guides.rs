//! The guides' commands, typed at the real `vault` and `consul-template` against the lab's server.
//!
//! Skipped, and said so, where `LAB_VAULT_BIN` or `LAB_CONSUL_TEMPLATE_BIN` do not name the real programs.

mod guide_support;

use std::time::Duration;

use guide_support::Guide;

#[test]
fn guide_003_steps_1_to_9_with_the_real_command_line() {
    let Some(guide) = Guide::start("guide-003") else { return };
    let told = guide.vault("operator init -key-shares=1 -key-threshold=1");
    let field = |name: &str| {
        told.lines().find_map(|line| line.strip_prefix(name)).expect("printed").trim().to_owned()
    };
    let (key, root) = (field("Unseal Key 1:"), field("Initial Root Token:"));
    assert!(guide.vault(&format!("operator unseal {key}")).contains("Sealed          false"));
    assert!(guide.vault(&format!("login {root}")).starts_with("Success! You are now authenticated."));
    prepare_pki(&guide);
    guide.write(
        "tls-policy.hcl",
        "path \"pki_int/issue/nomad-cluster\" {\n  capabilities = [\"update\"]\n}\n",
    );
    assert_eq!(
        guide.vault("policy write tls-policy tls-policy.hcl"),
        "Success! Uploaded policy: tls-policy\n"
    );
    let made = guide.vault("token create -policy=tls-policy -period=24h -orphan");
    assert!(made.contains("token_policies       [\"default\" \"tls-policy\"]"), "{made}");
    let token =
        made.lines().find_map(|line| line.strip_prefix("token  ")).expect("printed").trim().to_owned();
    let refused = guide.refused(&token, "read pki_int/roles/nomad-cluster");
    assert!(refused.contains("* permission denied"), "{refused}");
    let refused = guide.refused(&token, "write pki_int/issue/nomad-cluster common_name=evil.example.com");
    assert!(refused.contains("* common name evil.example.com not allowed by this role"), "{refused}");
    render_and_renew(&guide, &token);
}

/// Steps 3 to 7: the root, the intermediate and the role.
fn prepare_pki(guide: &Guide) {
    assert_eq!(guide.vault("secrets enable pki"), "Success! Enabled the pki secrets engine at: pki/\n");
    assert_eq!(
        guide.vault("secrets tune -max-lease-ttl=87600h pki"),
        "Success! Tuned the secrets engine at: pki/\n"
    );
    let root = guide
        .vault("write -field=certificate pki/root/generate/internal common_name=global.nomad ttl=87600h");
    guide.write("CA_cert.crt", &root);
    assert_eq!(
        guide.vault("secrets enable -path=pki_int pki"),
        "Success! Enabled the pki secrets engine at: pki_int/\n"
    );
    guide.vault("secrets tune -max-lease-ttl=43800h pki_int");
    let asked = guide.json(&[
        "write",
        "-format=json",
        "pki_int/intermediate/generate/internal",
        "common_name=global.nomad Intermediate Authority",
        "ttl=43800h",
    ]);
    guide.write("pki_intermediate.csr", asked["data"]["csr"].as_str().expect("a request"));
    let sign = "write -format=json pki/root/sign-intermediate csr=@pki_intermediate.csr format=pem_bundle ttl=43800h";
    let signed = guide.json(&sign.split(' ').collect::<Vec<_>>());
    guide.write("intermediate.cert.pem", signed["data"]["certificate"].as_str().expect("a certificate"));
    guide.vault("write pki_int/intermediate/set-signed certificate=@intermediate.cert.pem");
    assert_eq!(
        guide.vault(
            "write pki_int/roles/nomad-cluster allowed_domains=global.nomad allow_subdomains=true max_ttl=86400s \
             require_cn=false generate_lease=true"
        )
        .lines()
        .next(),
        Some("Key                                   Value")
    );
}

/// Steps 8 and 9, with certificates that live so shortly that they must be renewed while the test looks on.
fn render_and_renew(guide: &Guide, token: &str) {
    let arguments =
        "\"common_name=server.global.nomad\" \"ttl=10s\" \"alt_names=localhost\" \"ip_sans=127.0.0.1\"";
    let mut config = format!(
        "vault {{\n  address = \"{}\"\n  token = \"{token}\"\n  unwrap_token = false\n  renew_token = true\n}}\n",
        guide.address
    );
    for (field, file) in
        [("certificate", "agent.crt"), ("private_key", "agent.key"), ("issuing_ca", "ca.crt")]
    {
        let template = format!(
            "{{{{ with secret \"pki_int/issue/nomad-cluster\" {arguments} }}}}\n{{{{ .Data.{field} }}}}\n{{{{ end }}}}\n"
        );
        guide.write(&format!("{file}.tpl"), &template);
        let [source, destination] = [format!("{file}.tpl"), file.to_owned()].map(|name| guide.path(&name));
        config += &format!(
            "template {{\n  source = {source:?}\n  destination = {destination:?}\n  perms = 0700\n}}\n"
        );
    }
    guide.write("consul-template.hcl", &config);
    let Some(_running) = guide.consul_template("consul-template.hcl") else { return };
    let first = guide
        .eventually("it renders a pair", Duration::from_secs(20), || guide.pair("agent.crt", "agent.key"));
    let again = guide.eventually("it renders another pair", Duration::from_secs(30), || {
        guide.pair("agent.crt", "agent.key").filter(|pair| pair.serial() != first.serial())
    });
    let issuer =
        lab_pki::Certificate::from_pem(&guide.read("ca.crt").expect("rendered")).expect("a certificate");
    assert_eq!(again.check_signature_from(&issuer), Ok(()));
}

#[test]
fn guide_004_s_part_for_vault_with_the_real_command_line() {
    let Some(guide) = Guide::start_dev("guide-004") else { return };
    assert_eq!(
        guide.vault("auth enable -path jwt-nomad jwt"),
        "Success! Enabled jwt auth method at: jwt-nomad/\n"
    );
    let method = format!(
        r#"{{"jwks_url":"{}","jwt_supported_algs":["RS256","EdDSA"],"default_role":"nomad-workloads"}}"#,
        guide.jwks_url
    );
    guide.write("method.json", &method);
    assert_eq!(
        guide.vault("write auth/jwt-nomad/config @method.json"),
        "Success! Data written to: auth/jwt-nomad/config\n"
    );
    guide.write(
        "role.json",
        r#"{"role_type":"jwt","bound_audiences":["vault.io"],"user_claim":"/nomad_job_id","user_claim_json_pointer":true,
            "claim_mappings":{"nomad_namespace":"nomad_namespace","nomad_job_id":"nomad_job_id","nomad_task":"nomad_task"},
            "token_type":"service","token_policies":["nomad-workloads"],"token_period":"30m","token_explicit_max_ttl":0}"#,
    );
    assert_eq!(
        guide.vault("write auth/jwt-nomad/role/nomad-workloads @role.json"),
        "Success! Data written to: auth/jwt-nomad/role/nomad-workloads\n"
    );
    let listed = guide.vault("auth list");
    let row = listed.lines().find(|line| line.starts_with("jwt-nomad/")).expect("listed");
    let accessor = row.split_whitespace().nth(2).expect("an accessor");
    assert!(accessor.starts_with("auth_jwt_"), "{row}");
    let metadata = format!("{{{{identity.entity.aliases.{accessor}.metadata");
    let path = format!("kv/data/{metadata}.nomad_namespace}}}}/{metadata}.nomad_job_id}}}}/*");
    guide.write("policy.hcl", &format!("path \"{path}\" {{\n  capabilities = [\"read\"]\n}}\n"));
    assert_eq!(
        guide.vault("policy write nomad-workloads policy.hcl"),
        "Success! Uploaded policy: nomad-workloads\n"
    );
    assert_eq!(
        guide.vault("secrets enable -version 2 kv"),
        "Success! Enabled the kv secrets engine at: kv/\n"
    );
    let put = guide.vault("kv put -mount kv default/mongo/config root_password=secret-password");
    assert!(put.contains("kv/data/default/mongo/config") && put.contains("version            1"), "{put}");
    assert_eq!(guide.vault("kv get -mount kv -field=root_password default/mongo/config"), "secret-password");
}
