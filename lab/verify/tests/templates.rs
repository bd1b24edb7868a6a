//! CT201 to CT207: what makes each fire, and that nothing else does.

mod support;

use lab_verify::Severity;
use support::{Site, codes};

const VAULT: &str = "vault {\n  address = \"http://vault:8200\"\n  token = \"s.x\"\n}\n";

/// A `template` block.
fn block(source: &str, destination: &str, more: &str) -> String {
    format!("template {{\n  source = \"/templates/{source}\"\n  destination = \"{destination}\"\n{more}}}\n")
}

const RELOAD: &str = "  perms = 0600\n  command = \"systemctl reload nomad\"\n";

/// A site of one process with these templates, each with its destination.
fn site(configuration: &str, templates: &[(&str, &str)]) -> Site {
    let site = Site::new();
    site.write("etc/consul-template.hcl", format!("{VAULT}{configuration}"));
    for (name, text) in templates {
        site.write(&format!("templates/{name}"), text);
    }
    site
}

/// Codes of warnings and worse.
fn bad(site: &Site) -> Vec<String> {
    let mut judgement = site.judge();
    judgement.findings.retain(|finding| finding.severity > Severity::Information);
    codes(&judgement)
}

const CERTIFICATE: &str = r#"{{ with secret "pki/issue/a" "common_name=server.global.nomad" "ttl=24h" }}{{ .Data.certificate }}{{ end }}"#;
const KEY: &str = r#"{{ with secret "pki/issue/a" "common_name=server.global.nomad" "ttl=24h" }}{{ .Data.private_key }}{{ end }}"#;

fn pair(certificate: &str, key: &str) -> Site {
    let configuration = block("crt", "/certs/agent.crt", RELOAD) + &block("key", "/certs/agent.key", RELOAD);
    site(&configuration, &[("crt", certificate), ("key", key)])
}

#[test]
fn one_template_with_everything_is_good() {
    let text = r#"{{ with pkiCert "pki/issue/a" "common_name=server.global.nomad" "ttl=24h" }}{{ .Cert }}
{{ range .CAChain }}{{ . }}{{ end }}{{ if .Key }}{{ .Key | writeToFile "/certs/agent.key" "root" "root" "0600" }}{{ end }}{{ end }}"#;
    let site = site(&block("all", "/certs/agent.crt", RELOAD), &[("all", text)]);
    assert!(site.codes().is_empty(), "{:?}", site.codes());
}

#[test]
fn pairs_that_share_no_call() {
    assert_eq!(
        bad(&pair(CERTIFICATE, KEY)),
        Vec::<String>::new(),
        "identical `secret` calls are one certificate"
    );
    assert_eq!(pair(CERTIFICATE, KEY).codes(), ["CT202"], "and worth knowing");
    let other = KEY.replace("\"ttl=24h\"", "\"ttl=24h\" \"alt_names=localhost\"");
    assert_eq!(bad(&pair(CERTIFICATE, &other)), ["CT201"]);
    let pki = |text: &str, old: &str, new: &str| text.replace("secret", "pkiCert").replace(old, new);
    let (certificate, key) =
        (pki(CERTIFICATE, ".Data.certificate", ".Cert"), pki(KEY, ".Data.private_key", ".Key"));
    assert_eq!(bad(&pair(&certificate, &key)), ["CT201", "CT202", "CT203"]);
}

#[test]
fn waiting_takes_a_pair_apart() {
    let configuration = "wait {\n  min = \"2s\"\n}\n".to_owned()
        + &block("crt", "/certs/agent.crt", RELOAD)
        + &block("key", "/certs/agent.key", RELOAD);
    assert_eq!(bad(&site(&configuration, &[("crt", CERTIFICATE), ("key", KEY)])), ["CT201"]);
}

#[test]
fn two_processes_get_two_certificates() {
    let site = site(&block("crt", "/certs/agent.crt", RELOAD), &[("crt", CERTIFICATE), ("key", KEY)]);
    site.write("other/consul-template.hcl", format!("{VAULT}{}", block("key", "/certs/agent.key", RELOAD)));
    site.write("nomad/nomad.hcl", "data_dir = \"/d\"\nclient { enabled = true }\n");
    assert_eq!(bad(&site), ["CT202"]);
}

#[test]
fn what_pki_cert_finds_again() {
    let unguarded = r#"{{ with pkiCert "pki/issue/a" "common_name=x" "ttl=24h" }}{{ .Cert }}{{ .Key | writeToFile "/k" "u" "g" "0600" }}{{ end }}"#;
    let configuration = block("all", "/certs/agent.crt", RELOAD);
    assert_eq!(bad(&site(&configuration, &[("all", unguarded)])), ["CT203"]);
    let without = r#"{{ with pkiCert "pki/issue/a" "common_name=x" "ttl=24h" }}{{ .Key }}{{ end }}"#;
    assert_eq!(bad(&site(&configuration, &[("all", without)])), ["CT203"]);
}

#[test]
fn one_authority_for_a_chain() {
    let of = |text: &str| {
        site(&block("ca", "/certs/ca.crt", "  command = \"systemctl reload nomad\"\n"), &[("ca", text)])
    };
    let random = r#"{{ with pkiCert "pki/issue/a" "common_name=x" "ttl=24h" }}{{ .Cert }}{{ .CA }}{{ end }}"#;
    assert_eq!(bad(&of(random)), ["CT204"]);
    let intermediate =
        r#"{{ with secret "pki/issue/a" "common_name=x" "ttl=24h" }}{{ .Data.issuing_ca }}{{ end }}"#;
    assert_eq!(of(intermediate).codes(), ["CT204"]);
    assert_eq!(bad(&of(intermediate)), Vec::<String>::new(), "Nomad takes an intermediate as a root");
    let chain = r#"{{ with secret "pki/issue/a" "common_name=x" "ttl=24h" }}{{ range .Data.ca_chain }}{{ . }}{{ end }}{{ end }}"#;
    assert!(of(chain).codes().is_empty());
}

#[test]
fn how_nomad_is_told() {
    let agent = "data_dir = \"/d\"\nclient {\n  enabled = true\n}\ntls {\n  rpc = true\n  verify_server_hostname = true\n  \
                 ca_file = \"/certs/ca.crt\"\n  cert_file = \"/certs/agent.crt\"\n  key_file = \"/certs/agent.key\"\n}\n";
    let told = |certificate: &str, key: &str| {
        let configuration = block("crt", "/certs/agent.crt", certificate)
            + &block("key", "/certs/agent.key", key)
            + &block("ca", "/certs/ca.crt", certificate);
        let chain = CERTIFICATE.replace(".Data.certificate", ".Data.issuing_ca");
        let site = site(&configuration, &[("crt", CERTIFICATE), ("key", KEY), ("ca", &chain)]);
        site.write("nomad/nomad.hcl", agent);
        bad(&site)
    };
    assert_eq!(told(RELOAD, RELOAD), Vec::<String>::new());
    assert_eq!(told("  perms = 0600\n", "  perms = 0600\n"), ["CT205"]);
    let restart = RELOAD.replace("reload", "restart");
    assert_eq!(told(&restart, &restart), ["CT205"]);
    assert_eq!(told(RELOAD, &RELOAD.replace("systemctl reload nomad", "pkill -HUP nomad")), ["CT205"]);
    assert_eq!(
        told(RELOAD, "  command = \"systemctl reload nomad\"\n"),
        ["CERT110"],
        "the key is written with 0644"
    );
}

#[test]
fn lives_that_end_too_soon() {
    let short = |text: &str| text.replace("ttl=24h", "ttl=10m");
    assert_eq!(bad(&pair(&short(CERTIFICATE), &short(KEY))), ["CT206"]);
    let site = pair(CERTIFICATE, KEY);
    site.replace("etc/consul-template.hcl", "token = \"s.x\"", "token = \"s.x\"\n  renew_token = false");
    assert_eq!(bad(&site), ["CT206"]);
}

#[test]
fn two_names_by_pki_cert() {
    let text = |name: &str| {
        format!(
            r#"{{{{ with pkiCert "pki/issue/a" "common_name={name}" "ttl=24h" }}}}{{{{ .Cert }}}}{{{{ .Key }}}}{{{{ end }}}}"#
        )
    };
    let configuration = block("a", "/a.pem", RELOAD) + &block("b", "/b.pem", RELOAD);
    let site = site(&configuration, &[("a", &text("a.example")), ("b", &text("b.example"))]);
    assert_eq!(site.codes(), ["CT207"]);
}

#[test]
fn vault_agent_is_judged_alike() {
    let site = Site::new();
    let configuration = "auto_auth {\n  method \"approle\" {}\n}\n".to_owned()
        + &block("crt", "/certs/agent.crt", RELOAD)
        + &block("key", "/certs/agent.key", RELOAD);
    site.write("etc/vault-agent.hcl", configuration);
    site.write("templates/crt", CERTIFICATE);
    site.write("templates/key", KEY.replace("ttl=24h", "ttl=23h"));
    assert_eq!(bad(&site), ["CT201"]);
}
