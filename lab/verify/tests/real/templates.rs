//! CT201 to CT207, and CERT110: what consul-template makes of such templates.

use std::os::unix::fs::PermissionsExt;

use lab_pki::{Certificate, KeyPair, key_matches};

use lab_verify::{Cluster, Input, judge};
use lab_world::Clock;

use crate::programs::{Vault, binary, command, found, said};
use crate::support::codes;

/// A process of consul-template with its Vault.
struct Rendering {
    vault: Vault,
    binary: std::ffi::OsString,
}

const CALL: &str = "\"pki_int/issue/nomad-cluster\" \"common_name=server.global.nomad\" \"ttl=24h\"";

impl Rendering {
    fn new() -> Option<Self> {
        let binary = binary("LAB_CONSUL_TEMPLATE_BIN")?;
        let vault = Vault::start()?;
        vault.authorities(true);
        Some(Self { vault, binary })
    }

    /// `ct/NAME.hcl` with these templates: destination, text, and what else its block says.
    fn configure(&self, name: &str, templates: &[(&str, &str, &str)]) {
        let mut text = format!(
            "vault {{\n  address = \"{}\"\n  token = \"root\"\n  renew_token = false\n  retry {{\n    attempts = 1\n  }}\n}}\n",
            self.vault.address
        );
        for (destination, template, more) in templates {
            let path = self.vault.site.path(destination).display().to_string();
            text.push_str(&format!(
                "template {{\n  contents = {template:?}\n  destination = {path:?}\n{more}}}\n"
            ));
        }
        self.vault.site.write(&format!("ct-{name}/consul-template.hcl"), text);
    }

    /// What is found of it; what every one of these has is left out.
    fn codes(&self, name: &str) -> Vec<String> {
        let mut codes = found(&self.vault.site, &format!("ct-{name}"));
        // The root token in the file, and certificates in a place that no agent reads.
        codes.retain(|code| !["CT206", "CERT110"].contains(&code.as_str()));
        codes
    }

    fn once(&self, name: &str) -> (bool, String) {
        let config = self.vault.site.path(&format!("ct-{name}/consul-template.hcl"));
        let output = command(&self.binary)
            .arg("-config")
            .arg(config)
            .arg("-once")
            .env("HOME", &self.vault.site.root)
            .output();
        said(&output.expect("it runs"))
    }

    fn must(&self, name: &str) {
        let (went_well, text) = self.once(name);
        assert!(went_well, "{name}: {text}");
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.vault.site.path(file)).unwrap_or_default()
    }

    fn certificate(&self, file: &str) -> Certificate {
        Certificate::from_pem(&self.text(file)).expect("a certificate")
    }

    fn is_pair(&self, certificate: &str, key: &str) -> bool {
        key_matches(&self.certificate(certificate), &KeyPair::from_pem(&self.text(key)).expect("a key"))
    }
}

fn template(function: &str, more: &str, inside: &str) -> String {
    format!("{{{{ with {function} {CALL}{more} }}}}{inside}{{{{ end }}}}")
}

#[test]
fn which_templates_make_a_pair() {
    let Some(rendering) = Rendering::new() else { return };
    let (secret, key) = (template("secret", "", "{{ .Data.certificate }}"), "{{ .Data.private_key }}");
    let (pki, pki_key) = (template("pkiCert", "", "{{ .Cert }}"), template("pkiCert", "", "{{ .Key }}"));
    for (name, certificate, key, is_pair, wanted) in [
        ("identical", &secret, template("secret", "", key), true, vec!["CT202"]),
        ("argument", &secret, template("secret", " \"alt_names=localhost\"", key), false, vec!["CT201"]),
        ("pkicert", &pki, pki_key, false, vec!["CT201", "CT202", "CT203"]),
    ] {
        let (crt, pem) = (format!("{name}.crt"), format!("{name}.key"));
        rendering.configure(name, &[(&crt, certificate, ""), (&pem, &key, "")]);
        assert_eq!(rendering.codes(name), wanted, "{name}");
        rendering.must(name);
        assert_eq!(rendering.is_pair(&crt, &pem), is_pair, "{name}");
    }
    // What the rule gives to paste makes a pair, with the chain behind the certificate.
    let cluster =
        Cluster::read(&[Input::Path(rendering.vault.site.path("ct-pkicert"))], Clock::system().now());
    let findings = judge(&cluster, &[]).findings;
    let pair = findings.iter().find(|finding| finding.rule.code == "CT201").expect("found above");
    let pasted = pair.fix.replace("\"root\" \"root\"", "\"\" \"\"");
    rendering.configure("mended", &[("pkicert.crt", &pasted, "  perms = 0600\n")]);
    assert_eq!(rendering.codes("mended"), Vec::<String>::new());
    for file in ["pkicert.crt", "pkicert.key"] {
        std::fs::remove_file(rendering.vault.site.path(file)).expect("a file");
    }
    rendering.must("mended");
    assert!(rendering.is_pair("pkicert.crt", "pkicert.key"), "{pasted}");
    let chain = Certificate::bundle_from_pem(&rendering.text("pkicert.crt")).expect("certificates");
    assert_eq!(chain.len(), 3, "the certificate, the intermediate and the root");

    // Without `perms` everybody can read the key.
    let mode = rendering.vault.site.path("identical.key").metadata().expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    let all = found(&rendering.vault.site, "ct-identical");
    assert!(all.contains(&"CERT110".to_owned()), "{all:?}");
}

#[test]
fn two_processes_get_two_certificates() {
    let Some(rendering) = Rendering::new() else { return };
    let text = template("secret", "", "{{ .Data.certificate }}");
    for name in ["one", "two"] {
        rendering.configure(name, &[(&format!("{name}.crt"), &text, "")]);
        rendering.must(name);
    }
    assert_ne!(rendering.certificate("one.crt"), rendering.certificate("two.crt"));
    let node = [Input::Node("n".into(), rendering.vault.site.root.clone())];
    let both = codes(&judge(&Cluster::read(&node, Clock::system().now()), &[]));
    assert!(both.contains(&"CT202".to_owned()), "{both:?}");
}

#[test]
fn what_pki_cert_finds_again_after_a_restart() {
    let Some(rendering) = Rendering::new() else { return };
    let key = rendering.vault.site.path("key.pem").display().to_string();
    let write = format!("{{{{ .Key | writeToFile {key:?} \"\" \"\" \"0600\" }}}}");
    let of = |inside: &str| template("pkiCert", "", inside);
    let guarded = of(&format!("{{{{ .Cert }}}}{{{{ if .Key }}}}{write}{{{{ end }}}}"));
    let unguarded = of(&format!("{{{{ .Cert }}}}{write}"));
    rendering.configure("whole", &[("whole.crt", &guarded, "")]);
    rendering.configure("emptied", &[("emptied.crt", &unguarded, "")]);
    rendering.configure("nothing", &[("nothing.crt", &of("{{ .CA }}"), "")]);
    assert_eq!(rendering.codes("whole"), Vec::<String>::new());
    assert!(rendering.codes("emptied").contains(&"CT203".to_owned()));
    assert!(rendering.codes("nothing").contains(&"CT203".to_owned()), "{:?}", rendering.codes("nothing"));

    rendering.must("whole");
    let before = rendering.certificate("whole.crt");
    rendering.must("whole");
    assert_eq!(rendering.certificate("whole.crt"), before, "it is found again");
    assert!(rendering.is_pair("whole.crt", "key.pem"), "and its key stays");

    rendering.must("emptied");
    rendering.must("emptied");
    assert_eq!(rendering.text("key.pem").trim(), "", "the key is emptied by the second start");

    let issued = || rendering.vault.must(&["list", "pki_int/certs"]).lines().count();
    rendering.must("nothing");
    let before = issued();
    rendering.must("nothing");
    assert_eq!(issued(), before + 1, "without the certificate in it every start has one issued");
}

#[test]
fn one_authority_is_not_the_chain() {
    let Some(rendering) = Rendering::new() else { return };
    for (name, inside, count, is_found) in [
        ("one", "{{ .Cert }}|{{ .CA }}", 1, true),
        ("chain", "{{ .Cert }}|{{ range .CAChain }}{{ . }}{{ end }}", 2, false),
    ] {
        rendering.configure(name, &[(&format!("{name}.pem"), &template("pkiCert", "", inside), "")]);
        assert_eq!(rendering.codes(name).contains(&"CT204".to_owned()), is_found, "{name}");
        rendering.must(name);
        let text = rendering.text(&format!("{name}.pem"));
        let (_, authorities) = text.split_once('|').expect("two parts");
        assert_eq!(authorities.matches("BEGIN CERTIFICATE").count(), count, "{name}");
    }
}

#[test]
fn how_often_nomad_is_told() {
    let Some(rendering) = Rendering::new() else { return };
    let text = template("secret", "", "{{ .Data.certificate }}");
    let key = template("secret", "", "{{ .Data.private_key }}");
    for (name, other, times) in [("same", "echo told >> LOG", 1), ("different", "echo again >> LOG", 2)] {
        let log = rendering.vault.site.path(&format!("{name}.log")).display().to_string();
        let command = |text: &str| format!("  command = {:?}\n", text.replace("LOG", &log));
        rendering.configure(
            name,
            &[
                (&format!("{name}.a"), &text, &command("echo told >> LOG")),
                (&format!("{name}.b"), &key, &command(other)),
            ],
        );
        rendering.must(name);
        assert_eq!(rendering.text(&format!("{name}.log")).lines().count(), times, "{name}");
    }
    // The same two cases with Nomad's files.
    let agent = "data_dir = \"/d\"\nclient {\n  enabled = true\n}\ntls {\n  rpc = true\n  verify_server_hostname = true\n";
    for (name, is_found) in [("same", false), ("different", true)] {
        let path = |file: &str| rendering.vault.site.path(file).display().to_string();
        let files = format!(
            "  ca_file = \"/run/ca\"\n  cert_file = {:?}\n  key_file = {:?}\n}}\n",
            path(&format!("{name}.a")),
            path(&format!("{name}.b"))
        );
        rendering.vault.site.write(&format!("ct-{name}/nomad.hcl"), format!("{agent}{files}"));
        assert_eq!(rendering.codes(name).contains(&"CT205".to_owned()), is_found, "{name}");
    }
}

#[test]
fn it_gives_up_when_vault_is_away() {
    let Some(rendering) = Rendering::new() else { return };
    let text = template("secret", "", "{{ .Data.certificate }}").replace("24h", "10m");
    rendering.configure("short", &[("short.crt", &text, "")]);
    assert!(found(&rendering.vault.site, "ct-short").contains(&"CT206".to_owned()));
    rendering.must("short");
    let [closed] = crate::programs::ports();
    let config = "ct-short/consul-template.hcl";
    rendering.vault.site.replace(config, &rendering.vault.address, &format!("http://127.0.0.1:{closed}"));
    let (went_well, said) = rendering.once("short");
    assert!(!went_well && said.contains("connection refused"), "{said}");
}

#[test]
fn two_names_are_two_certificates_since_0_30() {
    let Some(rendering) = Rendering::new() else { return };
    let text = template("pkiCert", "", "{{ .Cert }}{{ .Key }}");
    let other = text.replace("server.global", "client.global");
    rendering.configure("names", &[("server.pem", &text, ""), ("client.pem", &other, "")]);
    assert_eq!(rendering.codes("names"), ["CT207"]);
    rendering.must("names");
    for role in ["server", "client"] {
        assert_eq!(
            rendering.certificate(&format!("{role}.pem")).common_name(),
            format!("{role}.global.nomad")
        );
    }
}
