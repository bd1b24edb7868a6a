//! TLS001 to TLS012 and CERT101 to CERT112: what makes each fire, and that nothing else does.

mod support;

use lab_pki::{ExtendedKeyUsage, KeyKind};
use lab_verify::{Cluster, Input, judge};
use support::{DAY, Node, Site, authority, codes, intermediate, now, root};

/// A site, and the codes that it must give. Sites with none are the rules' good cases.
struct Case {
    name: &'static str,
    wanted: &'static [&'static str],
    make: fn(&Site),
}

const fn case(name: &'static str, wanted: &'static [&'static str], make: fn(&Site)) -> Case {
    Case { name, wanted, make }
}

fn hold(cases: &[Case]) {
    for Case { name, wanted, make } in cases {
        let site = Site::new();
        make(&site);
        let judgement = site.judge();
        let shown: Vec<String> = judgement
            .findings
            .iter()
            .map(|finding| format!("{}: {}", finding.rule.code, finding.message))
            .collect();
        assert_eq!(codes(&judgement), *wanted, "{name}: {shown:#?}");
    }
}

#[test]
fn good_agents_have_no_findings() {
    hold(&[
        case("a server", &[], |site| Node::new("server").write(site)),
        case("a client", &[], |site| Node::new("client").write(site)),
        case("three servers and two clients", &[], |site| {
            for (name, role) in
                [("s1", "server"), ("s2", "server"), ("s3", "server"), ("c1", "client"), ("c2", "client")]
            {
                site.node(name, role).write(site);
            }
        }),
        case("plaintext everywhere", &[], |site| {
            site.write("nomad.hcl", "data_dir = \"/d\"\nserver { enabled = true }\n");
        }),
    ]);
}

#[test]
fn files_and_flags_of_the_tls_block() {
    hold(&[
        case("the certificate is missing", &["TLS001"], |site| {
            Node::new("server").tls("cert_file", "\"/certs/other.crt\"").write(site);
        }),
        case("the certificate is garbage", &["TLS001"], |site| {
            Node::new("server").write(site);
            site.write("certs/agent.crt", "garbage");
        }),
        case("no authority is set", &["TLS001"], |site| Node::new("server").tls("ca_file", "").write(site)),
        case("the key is encrypted", &["TLS001"], |site| {
            Node::new("server").write(site);
            site.replace("certs/agent.key", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        }),
        case("upgrade mode", &["TLS002", "TLS003"], |site| {
            Node::new("server")
                .tls("rpc_upgrade_mode", "true")
                .tls("verify_server_hostname", "false")
                .write(site);
        }),
        case("upgrade mode with names checked", &["TLS002"], |site| {
            Node::new("server").tls("rpc_upgrade_mode", "true").write(site);
        }),
        case("names unchecked", &["TLS003"], |site| {
            Node::new("client").tls("verify_server_hostname", "").write(site);
        }),
        case("false after true", &["TLS002", "TLS004"], |site| {
            Node::new("server").tls("rpc_upgrade_mode", "true").write(site);
            site.write("etc/override.hcl", "tls { rpc_upgrade_mode = false }");
        }),
        case("true after false", &["TLS002"], |site| {
            Node::new("server").tls("rpc_upgrade_mode", "false").write(site);
            site.write("etc/override.hcl", "tls { rpc_upgrade_mode = true }");
        }),
        case("the last step of the guide", &["TLS005"], |site| {
            Node::new("server").tls("rpc_upgrade_mode", "false").write(site);
        }),
        case("a strict port and workload identity", &["TLS006"], |site| {
            Node::new("server")
                .more("vault {\n enabled = true\n default_identity {\n aud = [\"vault.io\"]\n }\n}\n")
                .write(site);
        }),
        case("a lenient port and workload identity", &[], |site| {
            let node = Node::new("server").tls("verify_https_client", "false");
            node.more("vault {\n enabled = true\n default_identity {\n aud = [\"vault.io\"]\n }\n}\n")
                .write(site);
        }),
        case("certificates of the consul block", &["TLS007"], |site| {
            let node = Node::new("client").tls("verify_https_client", "false");
            node.more("consul {\n ssl = true\n cert_file = \"/certs/agent.crt\"\n}\n").write(site);
        }),
        case("http:// in the environment", &["TLS008"], |site| {
            Node::new("client").write(site);
            site.write("etc/profile.sh", "export NOMAD_ADDR=http://localhost:4646\n");
        }),
        case("https:// in the environment", &[], |site| {
            Node::new("client").write(site);
            site.write(
                "etc/profile.sh",
                "export NOMAD_ADDR=https://localhost:4646\n# NOMAD_ADDR=http://old\n",
            );
        }),
        case("gossip in the clear", &["TLS009"], |site| {
            Node::new("server").write(site);
            site.replace("etc/nomad.hcl", "  encrypt = \"cg8StVXbQJ0gPvMd9o7yrg==\"\n", "");
        }),
        case("suites for another kind of key", &["TLS010"], |site| {
            Node::new("client")
                .tls("tls_cipher_suites", "\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"")
                .write(site);
        }),
        case("suites for this kind of key", &[], |site| {
            Node::new("client")
                .tls("tls_cipher_suites", "\"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\"")
                .write(site);
        }),
        case("an Ed25519 key", &["TLS010"], |site| {
            let node = Node { kind: KeyKind::Ed25519, ..Node::new("client") };
            node.write(site);
        }),
        case("a certificate of another region", &["TLS011"], |site| {
            Node { region: "eu".into(), ..Node::new("server") }.write(site);
        }),
        case("a region of its own", &[], |site| Node::new("server").region("eu").write(site)),
        case("a client in a region without servers", &["TLS011"], |site| {
            site.node("s1", "server").write(site);
            site.node("c1", "client").region("eu").write(site);
        }),
        case("TLS on servers only", &["TLS012"], |site| {
            site.node("s1", "server").write(site);
            site.write("nodes/c1/nomad.hcl", "data_dir = \"/d\"\nclient { enabled = true }\n");
        }),
    ]);
}

#[test]
fn certificates() {
    hold(&[
        case("another certificate's key", &["CERT101"], |site| {
            Node::new("server").write(site);
            site.write_private("certs/agent.key", &support::key(KeyKind::EcP256).to_pem());
        }),
        case("over", &["CERT102"], |site| Node { life: DAY / 2, ..Node::new("server") }.write(site)),
        case("not yet", &["CERT102"], |site| Node { begins: now() + DAY, ..Node::new("server") }.write(site)),
        case("nearly over", &["CERT102"], |site| {
            Node { life: DAY + DAY / 4, ..Node::new("server") }.write(site);
        }),
        case("longer than its issuer", &["CERT102"], |site| {
            let short = root("short", DAY * 200);
            Node::new("server").issued_by(&short).trusting(&[&short]).write(site);
        }),
        case("under an authority that is over", &["CERT102"], |site| {
            let short = root("short", DAY / 2);
            Node::new("server").issued_by(&short).trusting(&[&short]).write(site);
        }),
        case("without the role", &["CERT103"], |site| {
            Node::new("server").certified_for("web.example.com").write(site);
        }),
        case("a server with a client's name", &["CERT103"], |site| {
            Node::new("server").certified_for("client.global.nomad").write(site);
        }),
        case("a client with a server's name", &["CERT104"], |site| {
            Node::new("client").certified_for("server.global.nomad").write(site);
        }),
        case("a leftover of region global", &["CERT105"], |site| {
            let mut node = Node::new("client").region("eu");
            node.names.push("client.global.nomad".into());
            node.write(site);
        }),
        case("for serving only", &["CERT106"], |site| {
            Node { usages: vec![ExtendedKeyUsage::ServerAuth], ..Node::new("server") }.write(site);
        }),
        case("no usages at all", &[], |site| Node { usages: Vec::new(), ..Node::new("server") }.write(site)),
        case("not for localhost", &["CERT107"], |site| {
            let names = vec!["server.global.nomad".to_owned()];
            Node { names, addresses: Vec::new(), ..Node::new("server") }.write(site);
        }),
        case("not for what it advertises", &["CERT107"], |site| {
            Node::new("server").more("advertise {\n  http = \"10.0.0.1:4646\"\n}\n").write(site);
        }),
        case("in the common name only", &["CERT108"], |site| {
            Node { names: vec!["localhost".to_owned()], ..Node::new("server") }.write(site);
        }),
        case("an authority that nobody trusts", &["CERT109"], |site| {
            Node::new("server").issued_by(&root("other", DAY * 3650)).write(site);
        }),
        case("without its intermediate", &["CERT109"], |site| {
            Node::new("server").issued_by(&intermediate("int", DAY * 1000, authority())).write(site);
        }),
        case("with its intermediate", &[], |site| {
            let issuer = intermediate("int", DAY * 1000, authority());
            Node { chain: vec![issuer.certificate.clone()], ..Node::new("server").issued_by(&issuer) }
                .write(site);
        }),
        case("the intermediate as authority", &[], |site| {
            let issuer = intermediate("int", DAY * 1000, authority());
            Node::new("server").issued_by(&issuer).trusting(&[&issuer]).write(site);
        }),
        case("trusted by itself only", &["CERT109"], |site| {
            let other = root("other", DAY * 3650);
            site.node("s1", "server").write(site);
            site.node("s2", "server").issued_by(&other).trusting(&[&other, authority()]).write(site);
        }),
        case("both authorities trusted everywhere", &[], |site| {
            let other = root("other", DAY * 3650);
            site.node("s1", "server").trusting(&[&other, authority()]).write(site);
            site.node("s2", "server").issued_by(&other).trusting(&[&other, authority()]).write(site);
        }),
        case("a key for everybody", &["CERT110"], |site| {
            Node::new("server").write(site);
            site.set_mode("certs/agent.key", 0o644);
        }),
        case("one key on two nodes", &["CERT111"], |site| {
            site.node("c1", "client").write(site);
            site.node("c2", "client").write(site);
            for file in ["agent.crt", "agent.key"] {
                let text = std::fs::read(site.path(&format!("nodes/c1/certs/{file}"))).expect("a file");
                site.write(&format!("nodes/c2/certs/{file}"), text);
            }
        }),
        case("certificate and key swapped", &["CERT112"], |site| {
            let node = Node::new("server").tls("cert_file", "\"/certs/agent.key\"");
            node.tls("key_file", "\"/certs/agent.crt\"").write(site);
        }),
        case("the key first", &["CERT112"], |site| {
            Node::new("server").write(site);
            let read = |file: &str| std::fs::read_to_string(site.path(file)).expect("a file");
            site.write("certs/agent.crt", read("certs/agent.key") + &read("certs/agent.crt"));
        }),
        case("a combined file", &[], |site| {
            Node::new("server").tls("key_file", "\"/certs/agent.crt\"").write(site);
            let read = |file: &str| std::fs::read_to_string(site.path(file)).expect("a file");
            site.write_private("certs/agent.crt", &(read("certs/agent.crt") + &read("certs/agent.key")));
        }),
        case("the intermediate first", &["CERT112"], |site| {
            let issuer = intermediate("int", DAY * 1000, authority());
            Node::new("server").issued_by(&issuer).write(site);
            let leaf = std::fs::read_to_string(site.path("certs/agent.crt")).expect("a file");
            site.write("certs/agent.crt", issuer.certificate.to_pem() + "\n" + &leaf);
        }),
    ]);
}

#[test]
fn what_a_reload_does_not_apply_is_said_of_a_change() {
    let (old, new) = (Site::new(), Site::new());
    let node = Node::new("server").tls("rpc_upgrade_mode", "true");
    node.write(&old);
    for file in ["certs/agent.crt", "certs/agent.key", "certs/ca.crt"] {
        new.write(file, std::fs::read(old.path(file)).expect("a file"));
        new.set_mode(file, 0o600);
    }
    new.write("etc/nomad.hcl", Node::new("server").configuration());
    let compared = |new: &Site| {
        let read = |site: &Site| Cluster::read(&[Input::Path(site.root.clone())], now());
        codes(&judge(&read(new).with_before(read(&old)), &[]))
    };
    assert_eq!(compared(&new), ["TLS005"]);
    let renewed = Site::new();
    Node::new("server").write(&renewed);
    assert!(compared(&renewed).is_empty(), "a new certificate in the same reload applies it");
}

#[test]
fn what_is_allowed_is_no_finding() {
    let site = Site::new();
    Node::new("server").tls("rpc_upgrade_mode", "true").write(&site);
    assert_eq!(site.codes(), ["TLS002"]);
    let allowed = judge(&site.read(), &["tls002".to_owned()]);
    assert!(allowed.findings.is_empty() && allowed.allowed.len() == 1);
    site.replace("etc/nomad.hcl", "tls {\n", "# lab:allow TLS002 migration until Friday\ntls {\n");
    let judgement = site.judge();
    assert!(judgement.findings.is_empty());
    assert_eq!(judgement.allowed[0].allowed.as_deref(), Some("migration until Friday"));
}
