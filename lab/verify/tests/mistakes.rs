//! Mistakes as people make them: what is found, under which words, and what the fix says to paste.

mod support;

use lab_pki::ExtendedKeyUsage;
use lab_verify::Severity;
use support::{DAY, Node, Site, authority, intermediate};

/// The code, what stands above the caret, a piece of the message, and a line of the fix.
type Wanted = (&'static str, &'static str, &'static str, &'static str);

/// A mistake, what is said of it, and how it comes about.
type Mistake = (&'static str, Wanted, fn(&Site));

fn server() -> Node {
    Node::new("server")
}

fn client() -> Node {
    Node::new("client")
}

fn text(site: &Site, file: &str) -> String {
    std::fs::read_to_string(site.path(file)).expect("a file")
}

const MISTAKES: &[Mistake] = &[
    (
        "a certificate for all of a region",
        (
            "CERT103",
            "cert_file",
            "does not carry the name server.global.nomad",
            "Issue it with common_name=server.global.nomad",
        ),
        |site| {
            server().certified_for("*.global.nomad").write(site);
        },
    ),
    (
        "the data centre taken for the region",
        (
            "TLS011",
            "cert_file",
            "region `global`, and its certificate is for region `dc1`",
            "region = \"dc1\"",
        ),
        |site| {
            server().certified_for("server.dc1.nomad").more("datacenter = \"dc1\"\n").write(site);
        },
    ),
    (
        "names as Consul wants them",
        (
            "CERT103",
            "cert_file",
            "does not carry the name server.global.nomad",
            "Issue it with common_name=server.global.nomad",
        ),
        |site| {
            server().certified_for("server.dc1.consul").write(site);
        },
    ),
    (
        "a switch that a second file turns off",
        (
            "TLS004",
            "verify_https_client = false",
            "the agent runs with true",
            "Remove the line that says true",
        ),
        |site| {
            server().write(site);
            site.write("etc/override.hcl", "tls {\n  verify_https_client = false\n}\n");
        },
    ),
    (
        "the agent's own certificate as authority",
        (
            "CERT109",
            "ca_file",
            "the agent's own certificate, which may sign no other",
            "Put the certificate of CN=nomad root into ca_file.",
        ),
        |site| {
            client().write(site);
            let own = text(site, "certs/agent.crt");
            site.write("certs/ca.crt", own);
        },
    ),
    (
        "a client's certificate that may only serve",
        ("CERT106", "cert_file", "lacks clientAuth", "client_flag=true"),
        |site| {
            Node { usages: vec![ExtendedKeyUsage::ServerAuth], ..client() }.write(site);
        },
    ),
    (
        "a space behind the comma of the suites",
        (
            "TLS010",
            "tls_cipher_suites",
            "unsupported TLS cipher \" TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\"",
            "tls_cipher_suites = \"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\"",
        ),
        |site| {
            server()
                .tls(
                    "tls_cipher_suites",
                    "\"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\"",
                )
                .write(site);
        },
    ),
    (
        "a suite of TLS 1.3",
        (
            "TLS010",
            "tls_cipher_suites",
            "unsupported TLS cipher \"TLS_AES_128_GCM_SHA256\"",
            "tls_cipher_suites = \"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305,",
        ),
        |site| {
            server().tls("tls_cipher_suites", "\"TLS_AES_128_GCM_SHA256\"").write(site);
        },
    ),
    (
        "a version as others write it",
        ("TLS010", "tls_min_version", "unsupported TLS version \"1.2\"", "tls_min_version = \"tls12\""),
        |site| {
            server().tls("tls_min_version", "\"1.2\"").write(site);
        },
    ),
    (
        "HTTPS only",
        ("TLS012", "rpc", "between the agents nothing is encrypted", "Bring all agents to the same tls.rpc."),
        |site| {
            client().tls("rpc", "false").write(site);
        },
    ),
    (
        "a certificate in DER",
        ("TLS001", "cert_file", "not a text file", "openssl x509 -inform DER -in /certs/agent.crt"),
        |site| {
            server().write(site);
            site.write("certs/agent.crt", [0x30, 0x82, 0x01, 0xff, 0xfe]);
        },
    ),
    (
        "a request for a certificate in its place",
        ("CERT112", "cert_file", "CERTIFICATE REQUEST", "Order cert_file as certificate, intermediates"),
        |site| {
            server().write(site);
            let request = text(site, "certs/agent.crt").replace("CERTIFICATE", "CERTIFICATE REQUEST");
            site.write("certs/agent.crt", request);
        },
    ),
    (
        "a key with a password",
        (
            "TLS001",
            "key_file",
            "the key is encrypted",
            "openssl pkey -in /certs/agent.key -out /certs/agent.key.plain",
        ),
        |site| {
            server().write(site);
            site.replace("certs/agent.key", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        },
    ),
    (
        "no key at all",
        ("TLS001", "tls", "tls.key_file is not set", "key_file = \"/opt/nomad/agent-certs/agent.key\""),
        |site| {
            server().tls("key_file", "").write(site);
        },
    ),
    (
        "the intermediate left at home",
        (
            "CERT109",
            "cert_file",
            "the chain is incomplete: the certificate of CN=int is neither",
            "Append the missing intermediate to cert_file",
        ),
        |site| {
            server().issued_by(&intermediate("int", DAY * 1000, authority())).write(site);
        },
    ),
    (
        "a client in a region without servers",
        ("TLS011", "region", "no server here is (they are in global)", "region = \"global\""),
        |site| {
            site.node("s1", "server").write(site);
            site.node("c1", "client").region("eu").write(site);
        },
    ),
    (
        "one client that was forgotten",
        ("TLS012", "data_dir", "they refuse the plaintext of c2", "lab plan PATH"),
        |site| {
            site.node("s1", "server").write(site);
            site.node("c1", "client").write(site);
            site.write("nodes/c2/nomad.hcl", "data_dir = \"/d\"\nclient {\n  enabled = true\n}\n");
        },
    ),
    (
        "an argument that one template computes",
        (
            "CT201",
            "secret",
            "rendered from two different requests",
            "{{ with pkiCert \"pki/issue/nomad\" \"common_name=server.global.nomad\" }}",
        ),
        |site| {
            let block = |name: &str| {
                format!(
                    "template {{\n  source = \"/t/{name}\"\n  destination = \"/certs/agent.{name}\"\n  perms = 0600\n  command = \"systemctl reload nomad\"\n}}\n"
                )
            };
            site.write(
                "ct/consul-template.hcl",
                format!("vault {{\n  address = \"http://v:8200\"\n}}\n{}{}", block("crt"), block("key")),
            );
            site.write("t/crt", "{{ with secret \"pki/issue/nomad\" \"common_name=server.global.nomad\" }}{{ .Data.certificate }}{{ end }}");
            site.write("t/key", "{{ with secret \"pki/issue/nomad\" (env \"NAMES\" | printf \"alt_names=%s\") }}{{ .Data.private_key }}{{ end }}");
        },
    ),
    (
        "a glob for every name of Nomad's",
        (
            "PKI301",
            "\"allowed_domains\"",
            "issues what fits *.nomad",
            "vault write pki_int/roles/nomad-server",
        ),
        |site| {
            site.write(
                "role.json",
                "{ \"allowed_domains\": [\"*.nomad\"], \"allow_glob_domains\": true, \"ttl\": \"720h\" }",
            );
        },
    ),
    (
        "plain HTTP for the keys, in Terraform",
        (
            "TLS008",
            "jwks_url",
            "over plain HTTP: http://nomad.service.consul:4646",
            "jwks_url = \"https://nomad.service.consul:4646/.well-known/jwks.json\"",
        ),
        |site| {
            server().tls("verify_https_client", "false").write(site);
            site.write("vault/method.tf", "resource \"vault_jwt_auth_backend\" \"nomad\" {\n  path     = \"jwt-nomad\"\n  jwks_url = \"http://nomad.service.consul:4646/.well-known/jwks.json\"\n}\n");
        },
    ),
    (
        "another audience, in Terraform",
        ("WID401", "aud", "the role `nomad-workload` takes only \"vault.com\"", "aud = [\"vault.com\"]"),
        |site| {
            server()
                .tls("verify_https_client", "false")
                .more("vault {\n  enabled = true\n  default_identity {\n    aud = [\"vault.io\"]\n  }\n}\n")
                .write(site);
            site.write("vault/role.tf", "resource \"vault_jwt_auth_backend_role\" \"w\" {\n  role_name       = \"nomad-workload\"\n  role_type       = \"jwt\"\n  bound_audiences = [\"vault.com\"]\n  user_claim      = \"sub\"\n}\n");
        },
    ),
];

#[test]
fn mistakes_are_found_where_they_are_made() {
    assert!(MISTAKES.len() >= 20);
    for (name, (code, caret, message, fix), make) in MISTAKES {
        let site = Site::new();
        make(&site);
        let findings = site.judge().findings;
        let shown: Vec<String> = findings
            .iter()
            .map(|finding| format!("{}: {} | {}", finding.rule.code, finding.message, finding.fix))
            .collect();
        let own =
            findings.iter().find(|finding| finding.rule.code == *code && finding.message.contains(message));
        let Some(own) = own else { panic!("{name}: {shown:#?}") };
        let place = own.place.as_ref().unwrap_or_else(|| panic!("{name}: no place"));
        let under = &place.source.text[place.span.start..place.span.end];
        assert!(under.starts_with(caret), "{name}: the caret is under {under:?}");
        assert!(own.fix.contains(fix), "{name}: {}", own.fix);
        let worse = findings
            .iter()
            .filter(|finding| finding.severity > Severity::Information && finding.rule.code != *code);
        assert_eq!(worse.count(), 0, "{name}: one mistake, one finding: {shown:#?}");
    }
}

#[test]
fn templates_that_cannot_be_looked_into_are_said() {
    let block =
        |name: &str| format!("template {{\n  source = \"/t/{name}\"\n  destination = \"/{name}\"\n}}\n");
    let site = Site::new();
    site.write("ct/consul-template.hcl", block("cut") + &block("missing"));
    site.write("t/cut", "one line\n{{ with secret \"a\" }}\n");
    let problems = site.read().problems;
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(problems[0].is_syntax() && problems[0].message.contains("unexpected EOF"), "{problems:#?}");
    assert!(problems[0].path.ends_with("t/cut"));
    assert!(problems[1].message.starts_with("the template \"/t/missing\" was not found"), "{problems:#?}");
    site.write("nomad.hcl", "\u{feff}data_dir = \"/d\"\nclient {\n  enabled = true\n}\n");
    let helps: Vec<String> = site.read().problems.into_iter().filter_map(|problem| problem.help).collect();
    assert!(helps[0].contains("byte order mark"), "{helps:?}");
}
