//! Good set-ups of many shapes have no finding of level warning or above, and the same site is judged the same however
//! its files are written.

mod support;

use lab_pki::KeyKind;
use lab_verify::{Input, Severity};
use support::{DAY, Node, Site, authority, intermediate, judge_at, now, root};

/// What is wrong with a good site: nothing, one hopes.
fn complaints(site: &Site) -> Vec<String> {
    let judgement = site.judge();
    let bad = judgement.findings.iter().filter(|finding| finding.severity > Severity::Information);
    bad.map(|finding| format!("{}: {}", finding.rule.code, finding.message)).collect()
}

type Make = fn(&Site);

const GOOD: &[(&str, Make)] = &[
    ("one server and one client", |site| {
        site.node("s1", "server").write(site);
        site.node("c1", "client").write(site);
    }),
    ("a server that is a client too", |site| {
        let node = Node::new("server").more("client {\n  enabled = true\n}\n");
        node.write(site);
    }),
    ("five servers and three clients", |site| {
        for number in 1..=5 {
            site.node(&format!("s{number}"), "server").write(site);
        }
        for number in 1..=3 {
            site.node(&format!("c{number}"), "client").write(site);
        }
    }),
    ("three regions", |site| {
        for region in ["eu", "us", "asia"] {
            site.node(&format!("{region}-s"), "server").region(region).write(site);
            site.node(&format!("{region}-c"), "client").region(region).write(site);
        }
    }),
    ("a region called global and one that is not", |site| {
        site.node("s", "server").write(site);
        site.node("eu-s", "server").region("eu-west-1").write(site);
    }),
    ("an intermediate behind the certificate", |site| {
        let issuer = intermediate("int", DAY * 1000, authority());
        Node { chain: vec![issuer.certificate.clone()], ..Node::new("server").issued_by(&issuer) }
            .write(site);
    }),
    ("an intermediate as the authority", |site| {
        let issuer = intermediate("int", DAY * 1000, authority());
        Node::new("server").issued_by(&issuer).trusting(&[&issuer]).write(site);
    }),
    ("the whole chain as the authority", |site| {
        let issuer = intermediate("int", DAY * 1000, authority());
        Node::new("client").issued_by(&issuer).trusting(&[&issuer, authority()]).write(site);
    }),
    ("two authorities during a change", |site| {
        let new = root("new root", DAY * 3650);
        site.node("s1", "server").trusting(&[authority(), &new]).write(site);
        site.node("s2", "server").issued_by(&new).trusting(&[authority(), &new]).write(site);
    }),
    ("an old authority beside the new one", |site| {
        let old = root("old root", DAY / 2);
        Node::new("server").trusting(&[authority(), &old]).write(site);
    }),
    ("certificate and key in one file", |site| {
        Node::new("server").tls("key_file", "\"/certs/agent.crt\"").write(site);
        let read = |file: &str| std::fs::read_to_string(site.path(file)).expect("a file");
        site.write_private("certs/agent.crt", &(read("certs/agent.crt") + &read("certs/agent.key")));
    }),
    ("RSA", |site| Node { kind: KeyKind::Rsa2048, ..Node::new("server") }.write(site)),
    ("P-384 with TLS 1.3 only", |site| {
        Node { kind: KeyKind::EcP384, ..Node::new("server").tls("tls_min_version", "\"tls13\"") }.write(site);
    }),
    ("IPv6", |site| {
        let mut node =
            Node::new("server").more("bind_addr = \"::\"\nadvertise {\n  http = \"[fd00::1]:4646\"\n}\n");
        node.addresses.push("fd00::1".parse().expect("an address"));
        node.addresses.push("::1".parse().expect("an address"));
        node.write(site);
    }),
    ("an advertised address that no certificate has", |site| {
        Node::new("server").more("advertise {\n  http = \"10.1.2.3\"\n  rpc = \"10.1.2.3\"\n}\n").write(site);
    }),
    ("Windows paths", |site| {
        let node = Node::new("client").tls("ca_file", r#""C:\\certs\\ca.crt""#);
        let node = node.tls("cert_file", r#""C:\\certs\\agent.crt""#);
        node.tls("key_file", r#""C:\\certs\\agent.key""#).write(site);
    }),
    ("Windows paths that are not here", |site| {
        let node = Node::new("client").tls("ca_file", r#""D:\\nomad\\ca.pem""#);
        let node = node.tls("cert_file", r#""D:\\nomad\\agent.pem""#);
        node.tls("key_file", r#""D:\\nomad\\agent.pem""#).write(site);
    }),
    ("relative paths", |site| {
        let node = Node::new("client").tls("ca_file", "\"ca.crt\"").tls("cert_file", "\"agent.crt\"");
        node.tls("key_file", "\"agent.key\"").write(site);
        for file in ["ca.crt", "agent.crt", "agent.key"] {
            let text = std::fs::read_to_string(site.path(&format!("certs/{file}"))).expect("a file");
            site.write_private(&format!("etc/{file}"), &text);
        }
    }),
    ("a directory of configuration", |site| {
        Node::new("server").write(site);
        let text = std::fs::read_to_string(site.path("etc/nomad.hcl")).expect("a file");
        let (top, tls) = text.split_once("tls {").expect("a tls block");
        site.write("etc/nomad.hcl", top);
        site.write("etc/tls.hcl", format!("tls {{{tls}"));
        site.write("etc/telemetry.json", r#"{"telemetry": [{"publish_allocation_metrics": true}]}"#);
        site.write("etc/tls.hcl~", "an editor's leftover {");
    }),
    ("certificates that consul-template has yet to render", |site| {
        Node::new("server").write(site);
        for file in ["ca.crt", "agent.crt", "agent.key"] {
            std::fs::remove_file(site.path(&format!("certs/{file}"))).expect("a file");
        }
        consul_template(site, "consul-template");
    }),
    ("consul-template beside Nomad", |site| {
        Node { life: DAY + DAY / 8, ..Node::new("server") }.write(site);
        consul_template(site, "consul-template");
    }),
    ("Vault Agent instead of consul-template", |site| {
        Node::new("client").write(site);
        site.write(
            "etc/vault-agent.hcl",
            "auto_auth {\n  method \"approle\" {\n    config = {\n      role_id_file_path = \"/r\"\n    }\n  }\n}\n\
             template {\n  source = \"/templates/all.tpl\"\n  destination = \"/certs/agent.crt\"\n  perms = 0600\n  exec {\n    \
             command = [\"systemctl\", \"reload\", \"nomad\"]\n  }\n}\n",
        );
        site.write("templates/all.tpl", ALL.replace("server.", "client."));
    }),
    ("roles for each kind of agent", |site| {
        Node::new("server").write(site);
        for role in ["server", "client"] {
            site.write(
                &format!("vault/pki-role-nomad-{role}.json"),
                format!(r#"{{"allowed_domains": "{role}.global.nomad,localhost", "allow_bare_domains": true, "max_ttl": "24h"}}"#),
            );
        }
    }),
    ("plaintext, nothing else", |site| {
        site.write("nomad.hcl", "data_dir = \"/d\"\nclient {\n  enabled = true\n}\n")
    }),
];

const ALL: &str = r#"{{ with pkiCert "pki_int/issue/nomad" "common_name=server.global.nomad" "ttl=24h" "alt_names=localhost" "ip_sans=127.0.0.1" }}
{{ .Cert }}
{{ range .CAChain }}{{ . }}{{ end }}
{{ if .Key }}{{ .Key | writeToFile "/certs/agent.key" "nomad" "nomad" "0600" }}{{ end }}
{{ end }}"#;

const AUTHORITIES: &str = r#"{{ with secret "pki_int/cert/ca_chain" }}{{ .Data.certificate | writeToFile "/certs/ca.crt" "u" "g" "0644" }}{{ end }}"#;

fn consul_template(site: &Site, directory: &str) {
    let block = |name: &str, destination: &str| {
        format!(
            "template {{\n  source = \"/templates/{name}\"\n  destination = \"{destination}\"\n  perms = 0600\n  command = \"systemctl reload nomad\"\n}}\n"
        )
    };
    site.write(
        &format!("{directory}/consul-template.hcl"),
        "vault {\n  address = \"https://vault:8200\"\n  vault_agent_token_file = \"/run/token\"\n}\n"
            .to_owned()
            + &block("all.tpl", "/certs/agent.crt")
            + &block("ca.tpl", "/certs/ca.crt"),
    );
    site.write("templates/all.tpl", ALL);
    site.write("templates/ca.tpl", AUTHORITIES);
}

#[test]
fn good_sites_of_many_shapes() {
    assert!(GOOD.len() >= 20);
    for (name, make) in GOOD {
        let site = Site::new();
        make(&site);
        assert_eq!(complaints(&site), Vec::<String>::new(), "{name}");
    }
}

/// A site with findings of every family.
fn bad_site(site: &Site) {
    let server = site.node("s1", "server").tls("rpc_upgrade_mode", "true").tls("verify_https_client", "true");
    server.more("vault {\n  enabled = true\n  default_identity {\n    aud = [\"a\"]\n  }\n}\n").write(site);
    site.node("c1", "client").certified_for("server.global.nomad").write(site);
    site.write(
        "vault/role.json",
        "{\n  \"allowed_domains\": [\"global.nomad\"],\n  \"allow_subdomains\": true\n}\n",
    );
    site.write(
        "vault/jwt-role.json",
        "{\n  \"role_type\": \"jwt\",\n  \"bound_audiences\": [\"b\"],\n  \"user_claim\": \"sub\"\n}\n",
    );
    site.write(
        "ct/consul-template.hcl",
        "template {\n  source = \"/templates/a\"\n  destination = \"/a.crt\"\n}\ntemplate {\n  source = \"/templates/b\"\n  destination = \"/a.key\"\n}\n",
    );
    site.write("templates/a", "{{ with pkiCert \"pki/issue/a\" }}{{ .Cert }}{{ end }}");
    site.write("templates/b", "{{ with pkiCert \"pki/issue/a\" }}{{ .Key }}{{ end }}");
}

/// What was found, without the places.
fn verdict(inputs: &[Input], root: &std::path::Path) -> Vec<String> {
    let judgement = judge_at(inputs, now());
    let root = root.display().to_string();
    let shown = judgement.findings.iter().map(|finding| {
        format!(
            "{} {} {:?} {}",
            finding.rule.code,
            finding.severity,
            finding.node,
            finding.message.replace(&root, "")
        )
    });
    shown.collect()
}

/// Every file of the site through a change of its text.
fn rewrite(site: &Site, change: impl Fn(&str, &str) -> String) {
    let mut waiting = vec![site.root.clone()];
    while let Some(directory) = waiting.pop() {
        for entry in
            std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path())
        {
            if entry.is_dir() {
                waiting.push(entry);
                continue;
            }
            let text = std::fs::read_to_string(&entry).expect("text");
            let name = entry.display().to_string();
            std::fs::write(&entry, change(&name, &text)).expect("a write");
        }
    }
}

#[test]
fn how_files_are_written_changes_nothing() {
    let site = Site::new();
    bad_site(&site);
    let whole = [Input::Path(site.root.clone())];
    let wanted = verdict(&whole, &site.root);
    assert!(wanted.len() > 8, "{wanted:#?}");

    rewrite(&site, |_, text| text.replace("\r\n", "\n").replace('\n', "\r\n"));
    assert_eq!(verdict(&whole, &site.root), wanted, "with CRLF");
    rewrite(&site, |_, text| text.replace("\r\n", "\n"));

    rewrite(&site, |name, text| match name.ends_with(".hcl") {
        true => {
            format!("# a comment\n/* and\n another */\n{}", text.replace("rpc = true", "rpc = true // yes"))
        }
        false => text.to_owned(),
    });
    assert_eq!(verdict(&whole, &site.root), wanted, "with comments");

    let parts =
        |names: &[&str]| -> Vec<Input> { names.iter().map(|name| Input::Path(site.path(name))).collect() };
    let order = verdict(&parts(&["vault", "nodes", "ct", "templates"]), &site.root);
    let other = verdict(&parts(&["templates", "ct", "nodes", "vault"]), &site.root);
    assert_eq!(order, other, "in another order");
}

#[test]
fn json_is_judged_as_hcl_is() {
    let hcl = Site::new();
    let node = Node::new("server").tls("rpc_upgrade_mode", "true");
    node.write(&hcl);
    let wanted = verdict(&[Input::Path(hcl.root.clone())], &hcl.root);
    let json = Site::new();
    for file in ["certs/agent.crt", "certs/agent.key", "certs/ca.crt"] {
        json.write_private(file, &std::fs::read_to_string(hcl.path(file)).expect("a file"));
    }
    json.write(
        "etc/nomad.json",
        r#"{"data_dir": "/opt/nomad/data", "region": "global",
            "server": {"enabled": true, "bootstrap_expect": 3, "encrypt": "cg8StVXbQJ0gPvMd9o7yrg=="},
            "tls": [{"http": true, "rpc": true, "ca_file": "/certs/ca.crt", "cert_file": "/certs/agent.crt",
                     "key_file": "/certs/agent.key", "verify_server_hostname": true, "verify_https_client": true,
                     "rpc_upgrade_mode": true}]}"#,
    );
    assert_eq!(verdict(&[Input::Path(json.root.clone())], &json.root), wanted);
}
